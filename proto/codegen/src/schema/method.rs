//! Methods and their policies.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, MethodDescriptor, ReflectMessage as _, Value};
use prost_types::MethodOptions;
use prost_types::method_options::IdempotencyLevel;

use super::options;
use crate::PACKAGE;
use crate::contract::Contract;
use crate::error::Error;

const POLICY: &str = "modelregistry.v1.policy";

/// A method of a service of our package.
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) request: String,
    pub(crate) response: String,
    /// Whether the answer is a stream of responses.
    pub(crate) streaming: bool,
    /// Whether the call is made with a stream of requests.
    pub(crate) takes_stream: bool,
    /// The value of `Role` without its prefix: "OPERATOR".
    pub(crate) min_role: String,
    pub(crate) public: bool,
    pub(crate) audited: bool,
    pub(crate) idempotency: Idempotency,
}

impl Method {
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.service, self.name)
    }
}

/// `idempotency_level`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    NoSideEffects,
    Idempotent,
    Unknown,
}

pub(super) fn read_all(contract: &Contract) -> Result<Vec<Method>, Error> {
    let services = contract.pool().services().filter(|service| service.package_name() == PACKAGE);
    let mut methods = Vec::new();
    let (mut names, mut requests) = (BTreeSet::new(), BTreeSet::new());
    for method in services.flat_map(|service| service.methods().collect::<Vec<_>>()) {
        if !names.insert(method.name().to_owned()) {
            return Err(Error::at(method.full_name(), "another method has the same name, and the table goes by names"));
        }
        if !requests.insert(method.input().full_name().to_owned()) {
            return Err(Error::at(method.full_name(), "another method has the same request, and a request tells its method"));
        }
        methods.push(read(&method)?);
    }
    Ok(methods)
}

fn read(method: &MethodDescriptor) -> Result<Method, Error> {
    let at = |what: &str| Err(Error::at(method.full_name(), what));
    let options = method.options();
    options::refuse_extensions(method.full_name(), &options, &[POLICY])?;
    let Some(Value::Message(policy)) = options::extension(&options, POLICY) else {
        return at("has no policy: say who may call it with `option (modelregistry.v1.policy)`");
    };
    let flag = |name: &str| policy.get_field_by_name(name).and_then(|value| value.as_bool()).unwrap_or_default();
    let min_role = role(&policy);
    match (flag("public"), min_role == "UNSPECIFIED") {
        (true, false) => return at("is public and has a `min_role`: one of the two is a mistake"),
        (false, true) => return at("has a policy without `min_role`, and is not public"),
        _ => {}
    }
    Ok(Method {
        name: method.name().to_owned(),
        service: method.parent_service().full_name().to_owned(),
        request: method.input().full_name().to_owned(),
        response: method.output().full_name().to_owned(),
        streaming: method.is_server_streaming(),
        takes_stream: method.is_client_streaming(),
        min_role,
        public: flag("public"),
        audited: flag("audited"),
        idempotency: idempotency(&options)?,
    })
}

/// The name of the role, without the prefix that every value of the enum has.
fn role(policy: &DynamicMessage) -> String {
    let name = || {
        let field = policy.descriptor().get_field_by_name("min_role")?;
        let number = policy.get_field(&field).as_enum_number()?;
        field.kind().as_enum()?.get_value(number).map(|value| value.name().trim_start_matches("ROLE_").to_owned())
    };
    name().unwrap_or_else(|| "UNSPECIFIED".to_owned())
}

fn idempotency(options: &DynamicMessage) -> Result<Idempotency, Error> {
    Ok(match options.transcode_to::<MethodOptions>()?.idempotency_level() {
        IdempotencyLevel::IdempotencyUnknown => Idempotency::Unknown,
        IdempotencyLevel::NoSideEffects => Idempotency::NoSideEffects,
        IdempotencyLevel::Idempotent => Idempotency::Idempotent,
    })
}

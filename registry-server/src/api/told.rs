//! What a status tells the caller, read back from the headers of an answer: for the audit log.
//!
//! May not: choose a status (`status.rs`). Its message is not read: there may be more in it than names.

use crate::domain::Kind;
use crate::domain::audit::NamedResource;
use crate::domain::event::ResourceKind;
use http::HeaderMap;
use registry_proto::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ResourceInfo, StatusExt};
use uuid::Uuid;

/// What a caller is told whose call did not succeed.
#[derive(Debug)]
pub struct Told {
    /// The status code, as a number.
    pub code: i32,
    /// Why.
    pub reason: Option<&'static str>,
    /// What it is about, if that is said.
    pub resource: Option<NamedResource>,
}

const KINDS: [(Kind, ResourceKind); 6] = [
    (Kind::Model, ResourceKind::Model),
    (Kind::Release, ResourceKind::Release),
    (Kind::Alias, ResourceKind::ReleaseAlias),
    (Kind::Artifact, ResourceKind::Artifact),
    (Kind::Deployment, ResourceKind::Deployment),
    (Kind::ApiKey, ResourceKind::ApiKey),
];

impl Told {
    /// What the headers of an answer say; `None` if the call succeeded.
    #[must_use]
    pub fn by(headers: &HeaderMap) -> Option<Self> {
        let status = Status::from_header_map(headers).filter(|status| status.code() != Code::Ok)?;
        let details = status.get_error_details();
        let reason = details.error_info().and_then(|info| ErrorReason::from_str_name(&info.reason));
        Some(Self {
            code: status.code().into(),
            reason: reason.map(|reason| reason.as_str_name()),
            resource: details.resource_info().and_then(|info| resource(info, status.code())),
        })
    }

    /// To a caller who has gone away, nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { code: Code::Cancelled.into(), reason: None, resource: None }
    }
}

/// What is not found goes by what the caller said: his id or his name for it. Everything else has a name.
fn resource(info: &ResourceInfo, code: Code) -> Option<NamedResource> {
    let (_, kind) = *KINDS.iter().find(|(kind, _)| kind.noun() == info.resource_type)?;
    let name: String = info.resource_name.chars().filter(|c| !c.is_control()).collect();
    let is_id = code == Code::NotFound && Uuid::try_parse(&name).is_ok();
    let (id, name) = if is_id { (Some(name), None) } else { (None, Some(name)) };
    Some(NamedResource { kind, id, name })
}

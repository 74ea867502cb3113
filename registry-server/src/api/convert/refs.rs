//! References to models and releases.

use crate::api::violations::Violations;
use crate::domain::model::ModelRef;
use crate::domain::name::{Platform, Quantization};
use crate::domain::release::{ReleaseKey, ReleaseRef};
use crate::domain::{Error, Refused};
use registry_proto::v1 as pb;
use registry_proto::v1::{model_ref, release_ref};

fn missing() -> Refused {
    Refused::new("REQUIRED", "must be set")
}

/// `field` is the path of the reference in the request.
pub(in crate::api) fn model(field: &str, message: Option<pb::ModelRef>) -> Result<ModelRef, Error> {
    let mut at = Violations::default();
    let parsed = match message.and_then(|pb::ModelRef { value }| value) {
        None => at.field(field, Err(missing())),
        Some(model_ref::Value::Id(id)) => at.field(&format!("{field}.id"), id.parse().map(ModelRef::Id)),
        Some(model_ref::Value::Name(name)) => at.field(&format!("{field}.name"), name.parse().map(ModelRef::Name)),
    };
    at.finish(|| parsed)
}

/// `field` is the path of the reference in the request.
pub(in crate::api) fn release(field: &str, message: Option<pb::ReleaseRef>) -> Result<ReleaseRef, Error> {
    let mut at = Violations::default();
    let parsed = match message.and_then(|pb::ReleaseRef { value }| value) {
        None => at.field(field, Err(missing())),
        Some(release_ref::Value::Id(id)) => at.field(&format!("{field}.id"), id.parse().map(ReleaseRef::Id)),
        Some(release_ref::Value::Name(name)) => key(&format!("{field}.name"), name, &mut at).map(ReleaseRef::Key),
    };
    at.finish(|| parsed)
}

fn key(field: &str, name: release_ref::Name, at: &mut Violations) -> Option<ReleaseKey> {
    let release_ref::Name { model, version, quantization, platform } = name;
    let model = at.field(&format!("{field}.model"), model.parse());
    let version = at.field(&format!("{field}.version"), version.parse());
    let quantization = at.field(&format!("{field}.quantization"), quantization.parse::<Quantization>());
    let platform = at.field(&format!("{field}.platform"), self::platform(&platform));
    Some(ReleaseKey { model: model?, version: version?, quantization: quantization?, platform: platform? })
}

/// The empty platform of a key is the default one.
fn platform(text: &str) -> Result<Platform, Refused> {
    if text.is_empty() { Ok(Platform::linux_amd64()) } else { text.parse() }
}

/// A reference that may be absent.
pub(in crate::api) fn optional<M, R>(
    field: &str,
    message: Option<M>,
    parse: fn(&str, Option<M>) -> Result<R, Error>,
) -> Result<Option<R>, Error> {
    message.map(|message| parse(field, Some(message))).transpose()
}

/// Many references; what is wrong with any of them is told at once.
pub(in crate::api) fn each<M, R>(
    field: &str,
    messages: Vec<M>,
    parse: fn(&str, Option<M>) -> Result<R, Error>,
) -> Result<Vec<R>, Error> {
    let (mut parsed, mut violations) = (Vec::with_capacity(messages.len()), Vec::new());
    for (index, message) in messages.into_iter().enumerate() {
        match parse(&format!("{field}[{index}]"), Some(message)) {
            Ok(reference) => parsed.push(reference),
            Err(Error::Invalid(found)) => violations.extend(found.list),
            Err(other) => return Err(other),
        }
    }
    if violations.is_empty() { Ok(parsed) } else { Err(Error::Invalid(violations.into())) }
}

//! `ResolveReleaseRequest` and the outcomes of many.

use super::{alias, refs, release, time};
use crate::api::violations::Violations;
use crate::cache::DependsOn;
use crate::domain::model::View;
use crate::domain::release::{Resolve, Selector};
use crate::domain::{Error, Refused, Timestamp};
use crate::service::Resolved;
use registry_proto::RpcStatus;
use registry_proto::v1 as pb;
use registry_proto::v1::batch_resolve_releases_response::{Result as Outcome, result};
use registry_proto::v1::resolve_release_request;
use tonic::Status;

/// `prefix` is the path of the reference in the request: empty, or something that ends in a dot.
pub(in crate::api) fn reference(prefix: &str, message: pb::ResolveReleaseRequest) -> Result<Resolve, Error> {
    let pb::ResolveReleaseRequest { model_ref, quantization, platform, environment, as_of_time, selector } = message;
    let model = refs::model(&format!("{prefix}model_ref"), model_ref)?;
    let mut at = Violations::default();
    let selector = self::selector(prefix, selector, as_of_time.map(time::parse_timestamp), &mut at);
    let quantization = at.optional(&format!("{prefix}quantization"), quantization.map(|text| text.parse()));
    let platform = at.optional(&format!("{prefix}platform"), platform.map(|text| text.parse()));
    let environment = at.optional(&format!("{prefix}environment"), environment.map(|text| text.parse()));
    at.finish(|| {
        Some(Resolve { model, selector: selector?, quantization: quantization?, platform: platform?, environment: environment? })
    })
}

fn selector(
    prefix: &str,
    selector: Option<resolve_release_request::Selector>,
    time: Option<Timestamp>,
    at: &mut Violations,
) -> Option<Selector> {
    use resolve_release_request::Selector as Message;
    match selector {
        None => at.field(&format!("{prefix}selector"), Err(Refused::new("REQUIRED", "must be set"))),
        Some(Message::Alias(text)) => at.field(&format!("{prefix}alias"), text.parse().map(|alias| Selector::Alias(alias, time))),
        Some(Message::Version(text)) => at.field(&format!("{prefix}version"), text.parse().map(Selector::Version)),
        Some(Message::Tag(text)) => at.field(&format!("{prefix}tag"), text.parse().map(Selector::Tag)),
        Some(Message::Digest(text)) => at.field(&format!("{prefix}digest"), text.parse().map(Selector::Digest)),
        Some(Message::Latest(resolve_release_request::Latest {})) => Some(Selector::Latest),
        Some(Message::Number(number)) => Some(Selector::Number(number)),
        Some(Message::Requirement(text)) => {
            at.field(&format!("{prefix}requirement"), requirement(&text).map(Selector::Requirement))
        }
    }
}

pub(in crate::api) fn requirement(text: &str) -> Result<semver::VersionReq, Refused> {
    let refused = |error| {
        Refused::new(
            "SEMVER_REQUIREMENT",
            format!("is not a requirement on semantic versions, such as \"^2.1\" or \">=1.0, <2\": {error}"),
        )
    };
    semver::VersionReq::parse(text).map_err(refused)
}

/// Many references; what is wrong with any of them is told at once.
pub(in crate::api) fn references(messages: Vec<pb::ResolveReleaseRequest>) -> Result<Vec<Resolve>, Error> {
    let parse =
        |field: &str, message: Option<pb::ResolveReleaseRequest>| reference(&format!("{field}."), message.unwrap_or_default());
    refs::each("requests", messages, parse)
}

/// What that depends on. What an alias was at some time is not kept: an import brings history without an event.
pub(in crate::api) fn depends_on(reference: &Resolve, (release, _): &Resolved) -> Option<DependsOn> {
    match reference.selector {
        Selector::Alias(_, Some(_)) => None,
        Selector::Alias(_, None)
        | Selector::Version(_)
        | Selector::Tag(_)
        | Selector::Digest(_)
        | Selector::Number(_)
        | Selector::Latest
        | Selector::Requirement(_) => Some(DependsOn(release.row.model_id)),
    }
}

/// What a reference stands for.
pub(in crate::api) fn response((release, alias): Resolved) -> pb::ResolveReleaseResponse {
    pb::ResolveReleaseResponse { release: Some(release::message(release, View::Full)), alias: alias.map(alias::message) }
}

/// One outcome: the release, or the status that ResolveRelease would have answered.
pub(in crate::api) fn result(outcome: Result<Resolved, Error>, status: impl Fn(&Error) -> Status) -> Outcome {
    let result = match outcome {
        Ok(found) => result::Result::Resolved(Box::new(response(found))),
        Err(error) => result::Result::Status(rpc_status(&status(&error))),
    };
    Outcome { result: Some(result) }
}

/// tonic keeps an encoded `google.rpc.Status` as the details of a status.
pub(in crate::api) fn rpc_status(status: &Status) -> RpcStatus {
    let decoded = <RpcStatus as prost::Message>::decode(status.details());
    decoded.unwrap_or_else(|_| RpcStatus {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

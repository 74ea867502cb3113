//! What the contract says of what is taken over from another system: it keeps to the same rules as what comes by a call.

use super::convert::{artifact, deployment, document, model, release};
use crate::domain::document::Document;
use crate::domain::model::View;
use crate::store::Subject;
use crate::store::aliases::Alias;
use prost::Message as _;
use registry_proto::v1 as pb;
use registry_proto::validate::check;

pub use registry_proto::validate::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH};

/// How large a document is, in the bytes that its limit counts.
#[must_use]
pub fn document_bytes(document: &Document) -> usize {
    document::message(document.clone()).encoded_len()
}

/// The first rule of the contract that something would break, with the field.
#[must_use]
pub fn broken_rule(subject: Subject<'_>) -> Option<String> {
    let checked = match subject {
        Subject::Model(stored) => check(&model::message(stored.clone(), View::Full)),
        Subject::Release(stored) => check(&release::message(stored.clone(), View::Full)),
        Subject::Alias(stored) => check(&set(stored)),
        Subject::Artifact(stored) => check(&artifact::message(stored.clone(), View::Full)),
        Subject::Deployment(stored) => check(&deployment::message(stored.clone(), View::Full)),
    };
    checked.err().map(|violations| violations.to_string())
}

/// An alias has no rules of its own: the call that sets one has.
fn set(alias: &Alias) -> pb::SetReleaseAliasRequest {
    let release = pb::ReleaseRef { value: Some(pb::release_ref::Value::Id(alias.row.release_id.to_string())) };
    pb::SetReleaseAliasRequest {
        release_ref: Some(release),
        alias: alias.row.alias.to_string(),
        ..pb::SetReleaseAliasRequest::default()
    }
}

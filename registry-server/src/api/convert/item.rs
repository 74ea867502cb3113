//! `TransferItem`, as it is sent; how one that comes is read is in `stored`.

use super::{alias, artifact, audit, deployment, event, model, release, time};
use crate::domain::ImportId;
use crate::domain::model::View;
use crate::domain::transfer::{ImportOptions, OnConflict, Skipped, Wanted};
use crate::domain::{Error, Refused, Revision};
use crate::store::entity::content::Model as Content;
use crate::store::transfers::Item;
use prost::Message;
use registry_proto::v1 as pb;
use registry_proto::v1::import_request::{OnConflict as Sent, Options};
use registry_proto::v1::import_response::SkipReason;
use registry_proto::v1::transfer_item::{AliasMove, Resource, StoredContent};
use sha2::{Digest, Sha256};

/// What to export. What cannot be in it has been refused by the rules of the contract.
pub(in crate::api) fn wanted(message: pb::ExportRequest) -> Wanted {
    let pb::ExportRequest { resource_kinds, include_deleted, after_cursor: _ } = message;
    Wanted { kinds: resource_kinds.into_iter().filter_map(event::kind).collect(), deleted: include_deleted }
}

/// How to import.
pub(in crate::api) fn options(message: &Options) -> Result<ImportOptions, Error> {
    let hash = Sha256::digest(message.encode_to_vec()).to_vec();
    let Options { import_id, on_conflict, preserve_identity, fail_fast, validate_only, source_revision } = message;
    let id: ImportId = import_id.parse().map_err(|refused: Refused| Error::invalid(refused.at("options.import_id")))?;
    Ok(ImportOptions {
        id,
        on_conflict: match Sent::try_from(*on_conflict).unwrap_or_default() {
            Sent::Unspecified | Sent::Fail => OnConflict::Fail,
            Sent::Skip => OnConflict::Skip,
            Sent::Replace => OnConflict::Replace,
        },
        preserve_identity: *preserve_identity,
        fail_fast: *fail_fast,
        validate_only: *validate_only,
        source_revision: Some(Revision::new(*source_revision)).filter(|revision| *revision > Revision::ZERO),
        hash,
    })
}

pub(in crate::api) fn skip_reason(skipped: Skipped) -> SkipReason {
    match skipped {
        Skipped::Exists => SkipReason::Exists,
        Skipped::OtherHistory => SkipReason::OtherHistory,
        Skipped::IdentityNotPreserved => SkipReason::IdentityNotPreserved,
    }
}

/// An item of an export.
pub(in crate::api) fn message(item: Item) -> pb::TransferItem {
    let (mut last_release_number, mut content_id) = (None, None);
    let resource = match item {
        Item::Model(stored) => {
            last_release_number = Some(stored.row.last_release_number);
            Resource::Model(Box::new(model::message(*stored, View::Full)))
        }
        Item::Release(stored) => Resource::Release(Box::new(release::message(*stored, View::Full))),
        Item::Alias(stored) => Resource::ReleaseAlias(Box::new(alias::message(*stored))),
        Item::AliasMove(stored) => Resource::AliasMove(Box::new(AliasMove {
            model_id: stored.model_id.to_string(),
            alias: stored.alias.to_string(),
            step: Some(alias::moved(*stored)),
        })),
        Item::Content(stored) => Resource::StoredContent(Box::new(content(*stored))),
        Item::Artifact(stored) => {
            content_id = stored.row.content_id.map(|id| id.to_string());
            Resource::Artifact(Box::new(artifact::message(*stored, View::Full)))
        }
        Item::Deployment(stored) => Resource::Deployment(Box::new(deployment::message(*stored, View::Full))),
        Item::AuditEntry(stored) => Resource::AuditEntry(Box::new(audit::message(*stored))),
    };
    pb::TransferItem { resource: Some(resource), last_release_number, content_id }
}

/// Whether they are sound is for whoever imports to find out.
fn content(row: Content) -> StoredContent {
    let Content { id, sha256, size_bytes, chunk_digests, state: _, create_time, orphan_time: _ } = row;
    StoredContent {
        id: id.to_string(),
        sha256: sha256.into(),
        size_bytes: Some(size_bytes),
        chunk_digests: chunk_digests.into(),
        create_time: Some(time::timestamp(create_time)),
    }
}

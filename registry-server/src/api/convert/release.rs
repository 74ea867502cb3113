//! `Release`.

use super::{document, etag, given, mask_error, patched, refs, time, training};
use crate::api::violations::Violations;
use crate::domain::model::{ModelRef, View};
use crate::domain::name::{ImageTag, Platform};
use crate::domain::release::{
    DeleteRelease, DeletedRelease, NewRelease, ReleaseIdentity, ReleaseOrder, ReleasePatch, ReleaseRef, ReleaseState, Transition,
};
use crate::domain::{Context, Error, Refused};
use crate::store::entity::release::Model as Row;
use crate::store::releases::{OfModel, Release};
use prost_types::FieldMask;
use registry_proto::mask::{ReleaseField, ReleaseMask};
use registry_proto::v1 as pb;

pub(in crate::api) const FULL: View = View::Full;
pub(in crate::api) const BASIC: View = View::Basic;

/// What a view that is not given means depends on the method.
pub(in crate::api) fn view(view: i32, unspecified: View) -> View {
    match pb::ReleaseView::try_from(view).unwrap_or_default() {
        pb::ReleaseView::Unspecified => unspecified,
        pb::ReleaseView::Basic => View::Basic,
        pb::ReleaseView::Full => View::Full,
    }
}

/// By version only within one model: `rules.rs` sees to that.
pub(in crate::api) fn order(order: i32) -> ReleaseOrder {
    use pb::list_releases_request::Order;
    match Order::try_from(order).unwrap_or_default() {
        Order::Unspecified | Order::CreateTimeDesc => ReleaseOrder::CreateTimeDesc,
        Order::CreateTimeAsc => ReleaseOrder::CreateTimeAsc,
        Order::VersionAsc => ReleaseOrder::VersionAsc,
    }
}

/// Unset means: not said. An unknown number has been refused before.
pub(in crate::api) fn state(state: i32) -> Option<ReleaseState> {
    match pb::ReleaseState::try_from(state).unwrap_or_default() {
        pb::ReleaseState::Unspecified => None,
        pb::ReleaseState::Candidate => Some(ReleaseState::Candidate),
        pb::ReleaseState::Active => Some(ReleaseState::Active),
        pb::ReleaseState::Deprecated => Some(ReleaseState::Deprecated),
        pb::ReleaseState::Archived => Some(ReleaseState::Archived),
        pb::ReleaseState::Yanked => Some(ReleaseState::Yanked),
    }
}

fn state_message(state: ReleaseState) -> pb::ReleaseState {
    match state {
        ReleaseState::Candidate => pb::ReleaseState::Candidate,
        ReleaseState::Active => pb::ReleaseState::Active,
        ReleaseState::Deprecated => pb::ReleaseState::Deprecated,
        ReleaseState::Archived => pb::ReleaseState::Archived,
        ReleaseState::Yanked => pb::ReleaseState::Yanked,
    }
}

/// A release to register.
pub(in crate::api) fn create(message: pb::CreateReleaseRequest) -> Result<Vec<NewRelease>, Error> {
    Ok(vec![request("", message)?])
}

/// Releases to register.
pub(in crate::api) fn create_many(message: pb::BatchCreateReleasesRequest) -> Result<Vec<NewRelease>, Error> {
    let pb::BatchCreateReleasesRequest { requests, validate_only: _, request_id: _ } = message;
    refs::each("requests", requests, |field, request| self::request(&format!("{field}."), request.unwrap_or_default()))
}

/// `prefix` is the path of the request within another: empty, or something that ends in a dot.
fn request(prefix: &str, message: pb::CreateReleaseRequest) -> Result<NewRelease, Error> {
    let pb::CreateReleaseRequest { model_ref, release, initial_state, validate_only: _, request_id: _ } = message;
    let model = refs::model(&format!("{prefix}model_ref"), model_ref)?;
    new(&format!("{prefix}release"), model, release.unwrap_or_default(), initial_state)
}

/// What to change of which release.
pub(in crate::api) fn update(message: pb::UpdateReleaseRequest) -> Result<(ReleaseRef, ReleasePatch), Error> {
    let pb::UpdateReleaseRequest { release_ref, release, update_mask, validate_only: _, request_id: _ } = message;
    let patch = patch(release.unwrap_or_default(), update_mask.as_ref())?;
    Ok((refs::release("release_ref", release_ref)?, patch))
}

/// Which release to delete.
pub(in crate::api) fn delete(message: pb::DeleteReleaseRequest) -> Result<DeleteRelease, Error> {
    let pb::DeleteReleaseRequest { release_ref, force, allow_missing, etag, validate_only: _, request_id: _ } = message;
    let release = refs::release("release_ref", release_ref)?;
    let mut at = Violations::default();
    let etag = at.optional("etag", self::etag(&etag));
    at.finish(|| Some(DeleteRelease { release, force, allow_missing, etag: etag? }))
}

/// Which release to bring back.
pub(in crate::api) fn undelete(message: pb::UndeleteReleaseRequest) -> Result<DeletedRelease, Error> {
    let pb::UndeleteReleaseRequest { release_ref, etag, request_id: _ } = message;
    deleted(release_ref, &etag)
}

/// Which release to remove for good.
pub(in crate::api) fn purge(message: pb::PurgeReleaseRequest) -> Result<DeletedRelease, Error> {
    let pb::PurgeReleaseRequest { release_ref, etag, request_id: _ } = message;
    deleted(release_ref, &etag)
}

fn deleted(release: Option<pb::ReleaseRef>, etag: &str) -> Result<DeletedRelease, Error> {
    let release = refs::release("release_ref", release)?;
    let mut at = Violations::default();
    let etag = at.optional("etag", self::etag(etag));
    at.finish(|| Some(DeletedRelease { release, etag: etag? }))
}

/// `field` is the path of the release in the request. What only the server writes is ignored.
fn new(field: &str, model: ModelRef, message: pb::Release, initial_state: i32) -> Result<NewRelease, Error> {
    let pb::Release {
        id: _,
        model_id: _,
        model_name: _,
        model_storage_path: _,
        model_repository: _,
        version,
        tag,
        digest,
        quantization,
        platform,
        architecture: _,
        os: _,
        size_bytes,
        state: _,
        promote_time: _,
        state_reason: _,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training,
        aliases: _,
        create_time: _,
        update_time: _,
        delete_time: _,
        purge_time: _,
        etag: _,
        revision: _,
        created_by: _,
        updated_by: _,
        artifact_count: _,
        live_deployment_count: _,
        number: _,
        labels,
        base_release_id,
    } = message;
    let state = state(initial_state).unwrap_or(ReleaseState::Active);
    let mut at = Violations::default();
    let quantization = quantization.unwrap_or_default();
    let tag = match given(tag) {
        Some(tag) => tag.parse(),
        None => ImageTag::of(&version, &quantization),
    };
    let tag = at.field(&format!("{field}.tag"), tag);
    let version = at.field(&format!("{field}.version"), version.parse());
    let quantization = at.field(&format!("{field}.quantization"), quantization.parse());
    let platform = at.field(
        &format!("{field}.platform"),
        given(platform).map_or_else(|| Ok(Platform::linux_amd64()), |platform| platform.parse()),
    );
    let digest = at.optional(&format!("{field}.digest"), digest.map(|digest| digest.parse()));
    let base_release_id = at.optional(&format!("{field}.base_release_id"), base_release_id.map(|id| id.parse()));
    at.finish(|| {
        Some(NewRelease {
            model,
            version: version?,
            tag: tag?,
            digest: digest?,
            quantization: quantization?,
            platform: platform?,
            size_bytes,
            state,
            release_notes,
            metadata: metadata.map(document::parse).unwrap_or_default(),
            storage_path,
            mlflow_url,
            training: training.map(training::parse),
            labels,
            base_release_id: base_release_id?,
        })
    })
}

/// What an update changes: the fields that the mask names, or without one those that are set.
fn patch(message: pb::Release, mask: Option<&FieldMask>) -> Result<ReleasePatch, Error> {
    let mask = ReleaseMask::parse(mask, &message).map_err(mask_error)?;
    let named = |field| mask.contains(field);
    let pb::Release {
        id: _,
        model_id: _,
        model_name: _,
        model_storage_path: _,
        model_repository: _,
        version,
        tag,
        digest,
        quantization,
        platform,
        architecture: _,
        os: _,
        size_bytes,
        state: _,
        promote_time: _,
        state_reason: _,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training,
        aliases: _,
        create_time: _,
        update_time: _,
        delete_time: _,
        purge_time: _,
        etag,
        revision: _,
        created_by: _,
        updated_by: _,
        artifact_count: _,
        live_deployment_count: _,
        number: _,
        labels,
        base_release_id,
    } = message;
    let mut at = Violations::default();
    let etag = at.optional("release.etag", self::etag(&etag));
    let version = at.optional("release.version", given(version).map(|version| version.parse()));
    let digest = at.optional("release.digest", digest.map(|digest| digest.parse()));
    let quantization = at.optional("release.quantization", quantization.map(|quantization| quantization.parse()));
    let platform = at.optional("release.platform", given(platform).map(|platform| platform.parse()));
    let base_release_id = at.optional("release.base_release_id", base_release_id.map(|id| id.parse()));
    let tag = at.optional("release.tag", given(tag).map(|tag| tag.parse()));
    at.finish(|| {
        let digest = digest?;
        Some(ReleasePatch {
            etag: etag?,
            digest: patched(named(ReleaseField::Digest), digest.clone()),
            identity: ReleaseIdentity {
                version: version?,
                digest,
                quantization: quantization?,
                platform: platform?,
                base_release_id: base_release_id?,
            },
            tag: patched(named(ReleaseField::Tag), tag?),
            size_bytes: patched(named(ReleaseField::SizeBytes), size_bytes),
            release_notes: patched(named(ReleaseField::ReleaseNotes), release_notes),
            metadata: patched(named(ReleaseField::Metadata), metadata.map(document::parse)),
            storage_path: patched(named(ReleaseField::StoragePath), storage_path),
            mlflow_url: patched(named(ReleaseField::MlflowUrl), mlflow_url),
            training: patched(named(ReleaseField::Training), training.map(training::parse)),
            labels: patched(named(ReleaseField::Labels), Some(labels)),
        })
    })
}

/// A step in the life of a release.
pub(in crate::api) fn transition(message: pb::TransitionReleaseRequest) -> Result<Transition, Error> {
    let pb::TransitionReleaseRequest { release_ref, target_state, reason, etag, validate_only: _, request_id: _ } = message;
    let release = refs::release("release_ref", release_ref)?;
    let mut at = Violations::default();
    let target = at.field("target_state", state(target_state).ok_or_else(|| Refused::new("REQUIRED", "must be set")));
    let etag = at.optional("etag", self::etag(&etag));
    at.finish(|| Some(Transition { release, target: target?, reason, etag: etag? }))
}

/// A release as it was written; without id, revision and etag if it was only validated.
pub(in crate::api) fn written(release: Release, ctx: &Context) -> pb::Release {
    let mut message = message(release, View::Full);
    if ctx.is_dry_run() {
        (message.id, message.revision, message.etag) = (String::new(), 0, String::new());
    }
    message
}

/// A release in a view.
pub(in crate::api) fn message(release: Release, view: View) -> pb::Release {
    let full = view == View::Full;
    let Release { row, model, labels, aliases, artifact_count, live_deployment_count } = release;
    let OfModel { name, storage_path: model_storage_path, repository } = model;
    let Row {
        id,
        model_id,
        number,
        version,
        tag,
        digest,
        quantization,
        platform,
        size_bytes,
        state,
        promote_time,
        state_reason,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training,
        base_release_id,
        create_time,
        update_time,
        delete_time,
        purge_time,
        revision,
        created_by,
        updated_by,
    } = row;
    pb::Release {
        id: id.to_string(),
        model_id: model_id.to_string(),
        model_name: name.into(),
        model_storage_path: model_storage_path.into(),
        model_repository: repository,
        version: version.into(),
        tag: tag.into(),
        digest: digest.map(Into::into),
        quantization: quantization.into_option(),
        architecture: platform.architecture().to_owned(),
        os: platform.os().to_owned(),
        platform: platform.into(),
        size_bytes,
        state: state_message(state).into(),
        promote_time: promote_time.map(time::timestamp),
        state_reason,
        release_notes: release_notes.filter(|_| full),
        metadata: full.then(|| document::message(metadata)),
        storage_path,
        mlflow_url,
        training: training.filter(|_| full).map(training::message),
        aliases: aliases.into_iter().map(Into::into).collect(),
        create_time: Some(time::timestamp(create_time)),
        update_time: Some(time::timestamp(update_time)),
        delete_time: delete_time.map(time::timestamp),
        purge_time: purge_time.map(time::timestamp),
        etag: revision.etag().to_string(),
        revision: revision.number(),
        created_by: created_by.into(),
        updated_by: updated_by.into(),
        artifact_count: artifact_count.filter(|_| full),
        live_deployment_count: live_deployment_count.filter(|_| full),
        number,
        labels,
        base_release_id: base_release_id.map(|id| id.to_string()),
    }
}

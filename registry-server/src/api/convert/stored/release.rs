//! A release that comes with an import.

use super::{Read, required};
use crate::api::convert::release::state;
use crate::api::convert::{document, given, training};
use crate::domain::model::Labels;
use crate::domain::name::{ImageTag, Platform};
use crate::domain::release::ReleaseState;
use crate::domain::{Error, Refused};
use crate::store::entity::release::Model as Row;
use registry_proto::v1 as pb;

#[expect(clippy::too_many_lines, reason = "every field twice: taken apart, and put together")]
pub(super) fn read(mut read: Read<'_>, message: pb::Release) -> Result<(Row, Labels), Error> {
    let pb::Release {
        id,
        model_id,
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
        state,
        promote_time,
        state_reason,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training,
        aliases: _,
        create_time,
        update_time,
        delete_time,
        purge_time,
        etag: _,
        revision,
        created_by,
        updated_by,
        artifact_count: _,
        live_deployment_count: _,
        number,
        labels,
        base_release_id,
    } = message;
    let quantization = quantization.unwrap_or_default();
    let tag = given(tag).map_or_else(|| ImageTag::of(&version, &quantization), |tag| tag.parse());
    let platform = given(platform).map_or_else(|| Ok(Platform::linux_amd64()), |platform| platform.parse());
    let id = read.id("release.id", &id);
    let model_id = read.reference("release.model_id", &model_id);
    let base_release_id = read.optional_reference("release.base_release_id", base_release_id);
    let tag = read.at.field("release.tag", tag);
    let version = read.at.field("release.version", version.parse());
    let quantization = read.at.field("release.quantization", quantization.parse());
    let platform = read.at.field("release.platform", platform);
    let digest = read.at.optional("release.digest", digest.map(|digest| digest.parse()));
    let state = read.at.field("release.state", self::state(state).ok_or_else(required));
    let state_reason = read.optional_text("release.state_reason", state_reason, 1024);
    let promote_time = read.optional_time("release.promote_time", promote_time);
    let create_time = read.time("release.create_time", create_time);
    let update_time = read.time("release.update_time", update_time);
    let deletion = read.deletion("release", delete_time, purge_time);
    let revision = read.revision("release.revision", revision);
    let created_by = read.author("release.created_by", &created_by);
    let updated_by = read.author("release.updated_by", &updated_by);
    let built = matches!(state, None | Some(ReleaseState::Candidate)) || !matches!(digest, Some(None));
    read.must("release.digest", built, || Refused::new("REQUIRED", "must be set: only a CANDIDATE may lack its digest"));
    let numbered = !read.by.preserve || number > 0;
    read.must("release.number", numbered, || Refused::new("INT64_GTE", "must be at least 1"));
    read.at.finish(|| {
        let (delete_time, purge_time) = deletion?;
        let row = Row {
            id: id?,
            model_id: model_id?,
            number,
            version: version?,
            tag: tag?,
            digest: digest?,
            quantization: quantization?,
            platform: platform?,
            size_bytes,
            state: state?,
            promote_time: promote_time?,
            state_reason: state_reason?,
            release_notes,
            metadata: metadata.map(document::parse).unwrap_or_default(),
            storage_path,
            mlflow_url,
            training: training.map(training::parse),
            base_release_id: base_release_id?,
            create_time: create_time?,
            update_time: update_time?,
            delete_time,
            purge_time,
            revision: revision?,
            created_by: created_by?,
            updated_by: updated_by?,
        };
        Some((row, labels))
    })
}

//! An artifact that comes with an import.

use super::{Read, required};
use crate::api::convert::document;
use crate::domain::artifact::ArtifactContentState;
use crate::domain::name::FilePath;
use crate::domain::{ArtifactId, Error, Refused};
use crate::store::entity::artifact::Model as Row;
use registry_proto::v1 as pb;

pub(super) fn read(mut read: Read<'_>, message: pb::Artifact, content_id: Option<String>) -> Result<Row, Error> {
    let pb::Artifact {
        id,
        model_id,
        model_name: _,
        release_id,
        release_version: _,
        name,
        artifact_type,
        file_path,
        size_bytes,
        checksum,
        platform,
        python_version,
        metadata,
        uploaded_by,
        create_time,
        update_time,
        delete_time,
        purge_time,
        etag: _,
        revision,
        created_by,
        content_state,
    } = message;
    let theirs = id.parse::<ArtifactId>().ok();
    let id = read.id("artifact.id", &id);
    let model_id = read.reference("artifact.model_id", &model_id);
    let release_id = read.optional_reference("artifact.release_id", release_id);
    let content_id = read.optional_reference("content_id", content_id);
    let name = read.at.field("artifact.name", name.parse());
    let artifact_type = read.at.field("artifact.artifact_type", artifact_type.parse());
    let content_state = read.at.field("artifact.content_state", state(content_state).ok_or_else(required));
    let file_path = match content_state {
        // The path that the registry gave to it is made of its id.
        Some(ArtifactContentState::Stored | ArtifactContentState::Lost) => match (theirs.map(FilePath::of_upload), id) {
            (Some(given), Some(id)) if given.as_str() == file_path => Some(FilePath::of_upload(id)),
            _ => read.at.field("artifact.file_path", FilePath::of_caller(&file_path)),
        },
        Some(ArtifactContentState::External) | None => read.at.field("artifact.file_path", FilePath::of_caller(&file_path)),
    };
    let size_bytes = read.at.field("artifact.size_bytes", size_bytes.ok_or_else(required));
    let checksum = read.at.field("artifact.checksum", checksum.parse());
    let create_time = read.time("artifact.create_time", create_time);
    let update_time = read.time("artifact.update_time", update_time);
    let deletion = read.deletion("artifact", delete_time, purge_time);
    let revision = read.revision("artifact.revision", revision);
    let created_by = read.author("artifact.created_by", &created_by);
    let elsewhere = content_state == Some(ArtifactContentState::External) && content_id.flatten().is_some();
    read.must("content_id", !elsewhere, || Refused::new("EXTERNAL", "must not be set: the bytes of the artifact are elsewhere"));
    read.at.finish(|| {
        let (delete_time, purge_time) = deletion?;
        let file_path = file_path?;
        Some(Row {
            id: id?,
            model_id: model_id?,
            release_id: release_id?,
            name: name?,
            artifact_type: artifact_type?,
            file_path_hash: file_path.hash(),
            file_path,
            size_bytes: size_bytes?,
            checksum: checksum?,
            platform,
            python_version,
            metadata: metadata.map(document::parse).unwrap_or_default(),
            uploaded_by,
            content_state: content_state?,
            content_id: content_id?,
            create_time: create_time?,
            update_time: update_time?,
            delete_time,
            purge_time,
            revision: revision?,
            created_by: created_by?,
        })
    })
}

fn state(number: i32) -> Option<ArtifactContentState> {
    match pb::ArtifactContentState::try_from(number).ok()? {
        pb::ArtifactContentState::Unspecified => None,
        pb::ArtifactContentState::External => Some(ArtifactContentState::External),
        pb::ArtifactContentState::Stored => Some(ArtifactContentState::Stored),
        pb::ArtifactContentState::Lost => Some(ArtifactContentState::Lost),
    }
}

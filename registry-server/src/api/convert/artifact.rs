//! `Artifact`.

use super::{document, etag, given, mask_error, patched, refs, time};
use crate::api::violations::Violations;
use crate::domain::artifact::{ArtifactContentState, ArtifactPatch, DeleteArtifact, NewArtifact, Parent, ParentRef};
use crate::domain::model::View;
use crate::domain::name::FilePath;
use crate::domain::{ArtifactId, Context, Error, Refused};
use crate::store::artifacts::Artifact;
use crate::store::entity::artifact::Model as Row;
use registry_proto::mask::{ArtifactField, ArtifactMask};
use registry_proto::v1 as pb;
use registry_proto::v1::create_artifact_request::Parent as Sent;

/// An artifact to register.
pub(in crate::api) fn create(message: pb::CreateArtifactRequest) -> Result<NewArtifact, Error> {
    let pb::CreateArtifactRequest { parent, artifact, validate_only: _, request_id: _ } = message;
    let parent = match parent {
        Some(Sent::ReleaseRef(release)) => ParentRef::Release(refs::release("release_ref", Some(release))?),
        Some(Sent::ModelRef(model)) => ParentRef::Model(refs::model("model_ref", Some(model))?),
        None => return Err(Error::invalid(Refused::new("REQUIRED", "must be set").at("parent"))),
    };
    new(parent, artifact.unwrap_or_default())
}

/// What only the server writes is ignored.
fn new(parent: ParentRef, message: pb::Artifact) -> Result<NewArtifact, Error> {
    let pb::Artifact {
        id: _,
        model_id: _,
        model_name: _,
        release_id: _,
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
        create_time: _,
        update_time: _,
        delete_time: _,
        purge_time: _,
        etag: _,
        revision: _,
        created_by: _,
        content_state: _,
    } = message;
    let mut at = Violations::default();
    let name = at.field("artifact.name", name.parse());
    let artifact_type = at.field("artifact.artifact_type", artifact_type.parse());
    let file_path = at.field("artifact.file_path", FilePath::of_caller(&file_path));
    let size_bytes = at.field("artifact.size_bytes", size_bytes.ok_or_else(|| Refused::new("REQUIRED", "must be set")));
    let checksum = at.field("artifact.checksum", checksum.parse());
    at.finish(|| {
        Some(NewArtifact {
            parent,
            name: name?,
            artifact_type: artifact_type?,
            file_path: file_path?,
            size_bytes: size_bytes?,
            checksum: checksum?,
            platform,
            python_version,
            metadata: metadata.map(document::parse).unwrap_or_default(),
            uploaded_by,
        })
    })
}

/// What to change of which artifact: the fields that the mask names, or without one those that are set.
pub(in crate::api) fn update(message: pb::UpdateArtifactRequest) -> Result<(ArtifactId, ArtifactPatch), Error> {
    let pb::UpdateArtifactRequest { artifact_id, artifact, update_mask, validate_only: _, request_id: _ } = message;
    let artifact = artifact.unwrap_or_default();
    let mask = ArtifactMask::parse(update_mask.as_ref(), &artifact).map_err(mask_error)?;
    Ok((id(&artifact_id)?, patch(artifact, mask)?))
}

fn patch(message: pb::Artifact, mask: ArtifactMask) -> Result<ArtifactPatch, Error> {
    let named = |field| mask.contains(field);
    let pb::Artifact {
        id: _,
        model_id: _,
        model_name: _,
        release_id: _,
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
        create_time: _,
        update_time: _,
        delete_time: _,
        purge_time: _,
        etag,
        revision: _,
        created_by: _,
        content_state: _,
    } = message;
    let mut at = Violations::default();
    let etag = at.optional("artifact.etag", self::etag(&etag));
    let name = at.optional("artifact.name", given(name).map(|name| name.parse()));
    let checksum = at.optional("artifact.checksum", given(checksum).map(|checksum| checksum.parse()));
    // What is named and is not given has been refused by the rules of the contract.
    let artifact_type = given(artifact_type).filter(|_| named(ArtifactField::ArtifactType));
    let artifact_type = at.optional("artifact.artifact_type", artifact_type.map(|word| word.parse()));
    let file_path = given(file_path).filter(|_| named(ArtifactField::FilePath));
    let file_path = at.optional("artifact.file_path", file_path.map(|path| path.parse()));
    at.finish(|| {
        Some(ArtifactPatch {
            etag: etag?,
            name: name?,
            checksum: checksum?,
            artifact_type: artifact_type?,
            file_path: file_path?,
            size_bytes: size_bytes.filter(|_| named(ArtifactField::SizeBytes)),
            platform: patched(named(ArtifactField::Platform), platform),
            python_version: patched(named(ArtifactField::PythonVersion), python_version),
            metadata: patched(named(ArtifactField::Metadata), metadata.map(document::parse)),
            uploaded_by: patched(named(ArtifactField::UploadedBy), uploaded_by),
        })
    })
}

/// Which artifact to delete.
pub(in crate::api) fn delete(message: pb::DeleteArtifactRequest) -> Result<DeleteArtifact, Error> {
    let pb::DeleteArtifactRequest { artifact_id, allow_missing, etag, request_id: _ } = message;
    let id = self::id(&artifact_id)?;
    let mut at = Violations::default();
    let etag = at.optional("etag", self::etag(&etag));
    at.finish(|| Some(DeleteArtifact { id, allow_missing, etag: etag? }))
}

pub(in crate::api) fn id(text: &str) -> Result<ArtifactId, Error> {
    text.parse().map_err(|refused: Refused| Error::invalid(refused.at("artifact_id")))
}

fn state_message(state: ArtifactContentState) -> pb::ArtifactContentState {
    match state {
        ArtifactContentState::External => pb::ArtifactContentState::External,
        ArtifactContentState::Stored => pb::ArtifactContentState::Stored,
        ArtifactContentState::Lost => pb::ArtifactContentState::Lost,
    }
}

/// An artifact as it was written; without id, revision and etag if it was only validated.
pub(in crate::api) fn written(artifact: Artifact, ctx: &Context) -> pb::Artifact {
    let mut message = message(artifact, View::Full);
    if ctx.is_dry_run() {
        (message.id, message.revision, message.etag) = (String::new(), 0, String::new());
    }
    message
}

/// An artifact; in the basic view without the document.
pub(in crate::api) fn message(artifact: Artifact, view: View) -> pb::Artifact {
    let Artifact { row, parent } = artifact;
    let Row {
        id,
        model_id,
        release_id,
        name,
        artifact_type,
        file_path,
        file_path_hash: _,
        size_bytes,
        checksum,
        platform,
        python_version,
        metadata,
        uploaded_by,
        content_state,
        content_id: _,
        create_time,
        update_time,
        delete_time,
        purge_time,
        revision,
        created_by,
    } = row;
    let (model_name, release_version) = match parent {
        Parent::Release(key) => (key.model, Some(key.version)),
        Parent::Model(name) => (name, None),
    };
    pb::Artifact {
        id: id.to_string(),
        model_id: model_id.to_string(),
        model_name: model_name.into(),
        release_id: release_id.map(|id| id.to_string()),
        release_version: release_version.map(Into::into),
        name: name.into(),
        artifact_type: artifact_type.into(),
        file_path: file_path.into(),
        size_bytes: Some(size_bytes),
        checksum: checksum.into(),
        platform,
        python_version,
        metadata: (view == View::Full).then(|| document::message(metadata)),
        uploaded_by,
        create_time: Some(time::timestamp(create_time)),
        update_time: Some(time::timestamp(update_time)),
        delete_time: delete_time.map(time::timestamp),
        purge_time: purge_time.map(time::timestamp),
        etag: revision.etag().to_string(),
        revision: revision.number(),
        created_by: created_by.into(),
        content_state: state_message(content_state).into(),
    }
}

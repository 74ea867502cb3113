//! The beginning of an upload.

use super::{document, given, refs};
use crate::api::violations::Violations;
use crate::domain::artifact::ParentRef;
use crate::domain::name::FilePath;
use crate::domain::upload::{Announced, NewUpload};
use crate::domain::{Error, Refused};
use registry_proto::v1 as pb;
use registry_proto::v1::upload_artifact_request::Start;
use registry_proto::v1::upload_artifact_request::start::Parent;

/// What is to be uploaded, and what is said of its bytes. What only the server writes is ignored.
pub(in crate::api) fn start(message: Start) -> Result<(NewUpload, Announced), Error> {
    let Start { parent, artifact, request_id: _ } = message;
    let parent = match parent {
        Some(Parent::ReleaseRef(release)) => ParentRef::Release(refs::release("start.release_ref", Some(release))?),
        Some(Parent::ModelRef(model)) => ParentRef::Model(refs::model("start.model_ref", Some(model))?),
        None => return Err(Error::invalid(Refused::new("REQUIRED", "must be set").at("start.parent"))),
    };
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
    } = artifact.unwrap_or_default();
    let mut at = Violations::default();
    let name = at.field("start.artifact.name", name.parse());
    let artifact_type = at.field("start.artifact.artifact_type", artifact_type.parse());
    let file_path = at.optional("start.artifact.file_path", given(file_path).map(|path| FilePath::of_caller(&path)));
    let checksum = at.optional("start.artifact.checksum", given(checksum).map(|checksum| checksum.parse()));
    at.finish(|| {
        Some((
            NewUpload {
                parent,
                name: name?,
                artifact_type: artifact_type?,
                file_path: file_path?,
                platform,
                python_version,
                metadata: metadata.map(document::parse).unwrap_or_default(),
                uploaded_by,
            },
            // The contract allows no negative size.
            Announced { size: size_bytes.map(i64::unsigned_abs), checksum: checksum? },
        ))
    })
}

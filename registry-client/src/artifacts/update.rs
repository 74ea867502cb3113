//! UpdateArtifact.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{artifact_fields, masked, setters_and_clearers};
use crate::{Artifact, Call};

/// Updates an artifact. Made by [`Client::update_artifact`](crate::Client::update_artifact).
///
/// Each method names its field in the update mask, and nothing else does: what is not mentioned here stays as it is, whoever changed
/// it meanwhile.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct UpdateArtifact {
    pub(super) call: Call<pb::UpdateArtifactRequest>,
}

impl UpdateArtifact {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "artifact";

    /// What kind of file it is. Can be changed but not cleared.
    pub fn artifact_type(mut self, artifact_type: impl Into<String>) -> Self {
        self.write("artifact_type").artifact_type = artifact_type.into();
        self
    }

    /// Where the file is. Can be changed but not cleared, and not changed if the registry holds the file.
    pub fn file_path(mut self, path: impl Into<String>) -> Self {
        self.write("file_path").file_path = path.into();
        self
    }

    /// The size of the file, in bytes. Can be changed but not cleared, and not changed if the registry holds the file.
    pub fn size_bytes(mut self, size: i64) -> Self {
        self.write("size_bytes").size_bytes = Some(size);
        self
    }
}

artifact_fields!(setters_and_clearers for UpdateArtifact);
masked!(UpdateArtifact, artifact: Artifact);

sends!(write UpdateArtifact -> Artifact, |response, _| response.artifact.ok_or("the answer holds no artifact"));

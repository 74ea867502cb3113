//! CreateArtifact.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{artifact_fields, options, setters};
use crate::{Artifact, Call};

/// Registers an artifact. Made by [`Client::create_artifact`](crate::Client::create_artifact).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct CreateArtifact {
    pub(super) call: Call<pb::CreateArtifactRequest>,
}

impl CreateArtifact {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "artifact";

    fn write(&mut self, _field: &str) -> &mut Artifact {
        self.call.request.artifact.get_or_insert_default()
    }

    /// What kind of file it is, for example "wheel". Needed.
    pub fn artifact_type(mut self, artifact_type: impl Into<String>) -> Self {
        self.write("artifact_type").artifact_type = artifact_type.into();
        self
    }

    /// Where the file is. Needed. The registry never opens it.
    pub fn file_path(mut self, path: impl Into<String>) -> Self {
        self.write("file_path").file_path = path.into();
        self
    }

    /// The size of the file, in bytes. Needed, and can be 0.
    pub fn size_bytes(mut self, size: i64) -> Self {
        self.write("size_bytes").size_bytes = Some(size);
        self
    }

    /// The checksum of the file: "sha256:", "sha512:" or "blake3:" and lower-case hexadecimal digits. Needed.
    pub fn checksum(mut self, checksum: impl Into<String>) -> Self {
        self.write("checksum").checksum = checksum.into();
        self
    }
}

artifact_fields!(setters for CreateArtifact);
options!(CreateArtifact: validate_only);

sends!(write CreateArtifact -> Artifact, |response, _| response.artifact.ok_or("the answer holds no artifact"));

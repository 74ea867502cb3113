//! DeleteArtifact.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::options;
use crate::{Artifact, Call};

/// Soft-deletes an artifact. Made by [`Client::delete_artifact`](crate::Client::delete_artifact). The answer is the artifact as it was
/// stored; none only if there was none and [`allow_missing`](Self::allow_missing) was set.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct DeleteArtifact {
    pub(super) call: Call<pb::DeleteArtifactRequest>,
}

impl DeleteArtifact {
    /// Also succeeds if there is no such artifact, or it is deleted already.
    pub fn allow_missing(mut self) -> Self {
        self.call.request.allow_missing = true;
        self
    }
}

options!(DeleteArtifact: etag);

sends!(write DeleteArtifact -> Option<Artifact>, |response, request| match response.artifact {
    None if !request.allow_missing => Err("the answer holds no artifact"),
    artifact => Ok(artifact),
});

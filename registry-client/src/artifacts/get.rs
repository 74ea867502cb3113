//! GetArtifact.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::{Artifact, Call};

/// Gets one artifact. Made by [`Client::get_artifact`](crate::Client::get_artifact).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetArtifact {
    pub(super) call: Call<pb::GetArtifactRequest>,
}

sends!(read GetArtifact -> Artifact, |response, _| response.artifact.ok_or("the answer holds no artifact"));

//! ListArtifacts.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{List, paged};
use crate::{Artifact, ArtifactFilter, Call, ModelRef, Page, ReleaseRef};

/// Lists artifacts, the newest first. Made by [`Client::list_artifacts`](crate::Client::list_artifacts).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListArtifacts {
    pub(super) call: Call<pb::ListArtifactsRequest>,
}

impl ListArtifacts {
    /// Only the artifacts of this model: its own, and those of its releases. Default: of all models.
    pub fn model(mut self, model: impl Into<ModelRef>) -> Self {
        self.call.request.model_ref = Some(model.into().into());
        self
    }

    /// Only the artifacts of this release. Default: of all releases, and of none.
    pub fn release(mut self, release: impl Into<ReleaseRef>) -> Self {
        self.call.request.release_ref = Some(release.into().into());
        self
    }

    /// Which artifacts. Default: all that are live.
    pub fn filter(mut self, filter: ArtifactFilter) -> Self {
        self.call.request.filter = Some(filter);
        self
    }

    /// Lists soft-deleted artifacts too.
    pub fn show_deleted(mut self) -> Self {
        self.call.request.show_deleted = true;
        self
    }

    /// Also counts how many artifacts match, see [`Page::total_size`]. Costs more than the page itself.
    pub fn include_total_size(mut self) -> Self {
        self.call.request.include_total_size = true;
        self
    }
}

paged!(ListArtifacts -> Artifact, "artifacts");

sends!(read ListArtifacts -> Page<Artifact>, |response, _| Ok(pb::ListArtifactsRequest::page(response)));

impl List for pb::ListArtifactsRequest {
    type Item = Artifact;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListArtifactsResponse) -> Page<Artifact> {
        let pb::ListArtifactsResponse { artifacts, next_page_token, total_size, revision } = response;
        Page::new(artifacts, next_page_token, total_size, revision)
    }
}

//! GetRelease and BatchGetReleases.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::{Call, Release, ReleaseView};

/// Gets one release. Made by [`Client::get_release`](crate::Client::get_release).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetRelease {
    pub(super) call: Call<pb::GetReleaseRequest>,
}

impl GetRelease {
    /// How much of it. Default: [`ReleaseView::Full`].
    pub fn view(mut self, view: ReleaseView) -> Self {
        self.call.request.set_view(view);
        self
    }
}

sends!(read GetRelease -> Release, |response, _| response.release.ok_or("the answer holds no release"));

/// Gets several releases. Made by [`Client::batch_get_releases`](crate::Client::batch_get_releases).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct BatchGetReleases {
    pub(super) call: Call<pb::BatchGetReleasesRequest>,
}

impl BatchGetReleases {
    /// How much of each. Default: [`ReleaseView::Full`].
    pub fn view(mut self, view: ReleaseView) -> Self {
        self.call.request.set_view(view);
        self
    }
}

sends!(read BatchGetReleases -> Vec<Release>, |response, request| {
    // The answers are told apart by their places, so that one too few would be attributed to the wrong references.
    Some(response.releases)
        .filter(|releases| releases.len() == request.release_refs.len())
        .ok_or("the answer does not hold one release for each reference")
});

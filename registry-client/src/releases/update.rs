//! UpdateRelease.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{masked, release_fields, setters_and_clearers};
use crate::{Call, Release};

/// Updates a release. Made by [`Client::update_release`](crate::Client::update_release).
///
/// Each method names its field in the update mask, and nothing else does: what is not mentioned here stays as it is, whoever changed
/// it meanwhile. The state is changed by [`Client::transition_release`](crate::Client::transition_release).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct UpdateRelease {
    pub(super) call: Call<pb::UpdateReleaseRequest>,
}

impl UpdateRelease {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "release";

    /// The tag of the image. Can be changed but not cleared.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.write("tag").tag = tag.into();
        self
    }

    /// The digest of what was built, for a release that has none yet. It can be given once.
    pub fn digest(mut self, digest: impl Into<String>) -> Self {
        self.write("digest").digest = Some(digest.into());
        self
    }

    /// Replaces all labels by these. None clears them.
    pub fn labels(mut self, labels: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.write("labels").labels = labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self
    }

    /// Clears [`labels`](Self::labels).
    pub fn clear_labels(mut self) -> Self {
        self.write("labels").labels.clear();
        self
    }
}

release_fields!(setters_and_clearers for UpdateRelease);
masked!(UpdateRelease, release: Release);

sends!(write UpdateRelease -> Release, |response, _| response.release.ok_or("the answer holds no release"));

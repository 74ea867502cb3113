//! TransitionRelease.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::{Call, Release};

/// Moves a release to another state. Made by [`Client::transition_release`](crate::Client::transition_release) and by the methods that
/// name a state: `promote_release`, `deprecate_release`, `archive_release` and `yank_release`.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct TransitionRelease {
    pub(super) call: Call<pb::TransitionReleaseRequest>,
}

impl TransitionRelease {
    /// Why. Kept with the release.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.call.request.reason = Some(reason.into());
        self
    }

    /// Moves the release only if nobody changed it since this `etag` was read. Otherwise the call fails with
    /// [`Error::Aborted`](crate::Error::Aborted) and [`ErrorReason::EtagMismatch`](crate::ErrorReason::EtagMismatch). Without this: in
    /// any case.
    pub fn etag(mut self, etag: impl Into<String>) -> Self {
        self.call.request.etag = etag.into();
        self
    }

    /// Only checks everything and stores nothing. The answer is what would have been, with an empty `id` and revision 0.
    pub fn validate_only(mut self) -> Self {
        self.call.request.validate_only = true;
        self
    }
}

sends!(write TransitionRelease -> Release, |response, _| response.release.ok_or("the answer holds no release"));

//! DeleteRelease, UndeleteRelease and PurgeRelease.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::options;
use crate::{Call, Release};

/// Soft-deletes a release. Made by [`Client::delete_release`](crate::Client::delete_release). The answer is the release as it was stored;
/// none only if there was none and [`allow_missing`](Self::allow_missing) was set.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct DeleteRelease {
    pub(super) call: Call<pb::DeleteReleaseRequest>,
}

impl DeleteRelease {
    /// Deletes the aliases that point to the release with it. Without this, a release that has some is not deleted: the call fails with
    /// [`ErrorReason::ResourceInUse`](crate::ErrorReason::ResourceInUse), and [`Error::blockers`](crate::Error::blockers) names them.
    pub fn force(mut self) -> Self {
        self.call.request.force = true;
        self
    }

    /// Also succeeds if there is no such release, or it is deleted already.
    pub fn allow_missing(mut self) -> Self {
        self.call.request.allow_missing = true;
        self
    }
}

options!(DeleteRelease: etag, validate_only);

sends!(write DeleteRelease -> Option<Release>, |response, request| match response.release {
    None if !request.allow_missing => Err("the answer holds no release"),
    release => Ok(release),
});

/// Brings a soft-deleted release back. Made by [`Client::undelete_release`](crate::Client::undelete_release).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct UndeleteRelease {
    pub(super) call: Call<pb::UndeleteReleaseRequest>,
}

options!(UndeleteRelease: etag);

sends!(write UndeleteRelease -> Release, |response, _| response.release.ok_or("the answer holds no release"));

/// Removes a soft-deleted release for good. Made by [`Client::purge_release`](crate::Client::purge_release). The answer is the revision of
/// the removal.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct PurgeRelease {
    pub(super) call: Call<pb::PurgeReleaseRequest>,
}

options!(PurgeRelease: etag);

sends!(write PurgeRelease -> i64, |response, _| {
    Some(response.revision).filter(|revision| *revision > 0).ok_or("the answer holds no revision")
});

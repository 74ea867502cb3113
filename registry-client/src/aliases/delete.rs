//! DeleteReleaseAlias.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::{Call, ReleaseId};

/// Deletes an alias. Made by [`Client::delete_release_alias`](crate::Client::delete_release_alias). The answer is the revision of the
/// deletion; none only if there was no such alias and [`allow_missing`](Self::allow_missing) was set.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct DeleteReleaseAlias {
    pub(super) call: Call<pb::DeleteReleaseAliasRequest>,
}

impl DeleteReleaseAlias {
    /// Deletes the alias only if it points to this release. Otherwise the call fails with [`Error::Aborted`](crate::Error::Aborted) and
    /// [`ErrorReason::AliasMoved`](crate::ErrorReason::AliasMoved), and [`Error::current_release_id`](crate::Error::current_release_id)
    /// says where it points. Without this: wherever it points.
    pub fn expected_release(mut self, release: impl Into<ReleaseId>) -> Self {
        self.call.request.expected_release_id = release.into().to_string();
        self
    }

    /// Also succeeds if there is no such alias.
    pub fn allow_missing(mut self) -> Self {
        self.call.request.allow_missing = true;
        self
    }
}

sends!(write DeleteReleaseAlias -> Option<i64>, |response, request| match response.revision {
    revision @ 1.. => Ok(Some(revision)),
    _ if request.allow_missing => Ok(None),
    _ => Err("the answer holds no revision"),
});

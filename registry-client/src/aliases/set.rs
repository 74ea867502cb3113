//! SetReleaseAlias.

use registry_proto::v1 as pb;
use registry_proto::v1::set_release_alias_request::{Absent, Precondition};

use crate::call::sends;
use crate::fields::options;
use crate::{Call, ReleaseAlias, ReleaseId};

/// Makes an alias point to a release. Made by [`Client::set_release_alias`](crate::Client::set_release_alias).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct SetReleaseAlias {
    pub(super) call: Call<pb::SetReleaseAliasRequest>,
}

impl SetReleaseAlias {
    /// Moves the alias only if it points to this release. Otherwise the call fails with [`Error::Aborted`](crate::Error::Aborted) and
    /// [`ErrorReason::AliasMoved`](crate::ErrorReason::AliasMoved), and [`Error::current_release_id`](crate::Error::current_release_id)
    /// says where it points. Without this: from anywhere.
    pub fn expected_release(mut self, release: impl Into<ReleaseId>) -> Self {
        self.call.request.precondition = Some(Precondition::ExpectedReleaseId(release.into().to_string()));
        self
    }

    /// Sets the alias only if there is none of this name yet. Otherwise the call fails as it does with
    /// [`expected_release`](Self::expected_release), which this replaces.
    pub fn expected_absent(mut self) -> Self {
        self.call.request.precondition = Some(Precondition::Absent(Absent {}));
        self
    }

    /// Why. Kept in the history of the alias.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.call.request.reason = Some(reason.into());
        self
    }
}

options!(SetReleaseAlias: validate_only);

sends!(write SetReleaseAlias -> ReleaseAlias, |response, _| response.alias.ok_or("the answer holds no alias"));

//! Watch: what to ask for.

use std::time::Duration;

use registry_proto::v1 as pb;

use super::follow::Follower;
use super::{Watching, filters};
use crate::Client;
use crate::options::{Options, per_call};

/// Watches what changes. Made by [`Client::watch`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until the stream is polled"]
pub struct Watch {
    pub(super) client: Client,
    pub(super) request: pb::WatchRequest,
    pub(super) options: Options,
}

per_call!(Watch: options);

impl Watch {
    /// Begins with the events after this revision; 0 means with the oldest that is kept. If the registry no longer has all of them, the
    /// stream fails with [`Error::OutOfRange`](crate::Error::OutOfRange). Default: from now on, which is when the stream first connects.
    pub fn after_revision(mut self, revision: i64) -> Self {
        self.request.after_revision = Some(revision);
        self
    }

    /// How long the registry may say nothing before it says how far it has come: 1 to 300 seconds. A connection that is silent for twice
    /// that long and 5 seconds is given up and made anew. Default: 15 seconds.
    pub fn progress_interval(mut self, interval: Duration) -> Self {
        // What cannot be expressed is too long, and the registry says so.
        let interval = interval.try_into().unwrap_or(prost_types::Duration { seconds: i64::MAX, nanos: 0 });
        self.request.progress_interval = Some(interval);
        self
    }

    /// The stream. It connects when it is polled, and again whenever it must. Dropping it ends the call.
    ///
    /// Nothing is read ahead: a caller who is slow to poll slows the registry down, and if he falls behind what the registry keeps, the
    /// stream starts over and says so.
    #[must_use = "nothing happens until the stream is polled"]
    pub fn stream(self) -> Watching {
        let begin = self.request.after_revision;
        Watching::new(Follower::new(self.client, self.request, self.options), begin)
    }
}

filters!(Watch: request);

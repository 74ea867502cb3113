//! ListEvents.

use registry_proto::v1 as pb;

use super::filters;
use crate::call::sends;
use crate::{Call, Event};

/// Lists events. Made by [`Client::list_events`](crate::Client::list_events).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct ListEvents {
    pub(super) call: Call<pb::ListEventsRequest>,
}

impl ListEvents {
    /// Only events after this revision. Default: 0, which means from the oldest that is kept. If the registry no longer has all of them,
    /// the call fails with [`Error::OutOfRange`](crate::Error::OutOfRange).
    pub fn after_revision(mut self, revision: i64) -> Self {
        self.call.request.after_revision = revision;
        self
    }

    /// How many events a page holds at most; a revision is never split. Default: 50; the most is 1000.
    pub fn page_size(mut self, size: i32) -> Self {
        self.call.request.page_size = size;
        self
    }
}

filters!(ListEvents: call.request);

/// Some events, and where the next ones are.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events, the oldest first. Can be empty although more follow.
    pub events: Vec<Event>,
    /// Where to go on: the [`after_revision`](ListEvents::after_revision) of the next page, also if there is none yet.
    pub through_revision: i64,
    /// Whether there is more to get at once.
    pub has_more: bool,
}

sends!(read ListEvents -> EventPage, |response, _| {
    let pb::ListEventsResponse { events, through_revision, has_more } = response;
    Ok(EventPage { events, through_revision, has_more })
});

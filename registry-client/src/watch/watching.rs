//! The stream of a watch as the caller has it. Knows no gRPC.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{self, Stream};

use super::WatchItem;
use super::follow::Follower;
use crate::Error;

/// What changes in the registry, as a stream. Made by [`Watch::stream`](super::Watch::stream).
///
/// It ends only with an error that will not pass: the request is wrong, the caller is not allowed to watch, or the registry no longer has
/// the events that the watch was told to begin with. All other failures are told ([`WatchItem::Disconnected`]) and mended: it connects
/// again, with the pauses of the client's [`RetryPolicy`](crate::RetryPolicy) but without end, and goes on where it was.
///
/// Every event comes once and none twice, even if a connection breaks between the events of one revision.
pub struct Watching {
    /// Unset when the stream has ended.
    items: Option<Pin<Box<dyn Stream<Item = Told> + Send>>>,
    revision: Option<i64>,
}

/// An item, and the revision to go on from after it.
type Told = (Result<WatchItem, Error>, Option<i64>);

impl Watching {
    pub(super) fn new(follower: Follower, revision: Option<i64>) -> Self {
        let items = stream::unfold(follower, async |mut follower: Follower| {
            let item = follower.next().await;
            Some(((item, follower.revision()), follower))
        });
        Self { items: Some(Box::pin(items)), revision }
    }

    /// Where another watch can go on from here ([`after_revision`](super::Watch::after_revision)): all events up to this revision have
    /// come out of the stream. If it is stored whenever what came out has been used, nothing is ever missed, and what comes a second
    /// time is at most the events of one revision. Unset until the stream knows where it begins.
    ///
    /// After [`WatchItem::StartedOver`] it is the `from` of that; store it when everything has been listed again, and not before.
    #[must_use]
    pub fn revision(&self) -> Option<i64> {
        self.revision
    }
}

impl Stream for Watching {
    type Item = Result<WatchItem, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(items) = &mut self.items else { return Poll::Ready(None) };
        let Some((item, revision)) = ready!(items.as_mut().poll_next(context)) else { return Poll::Ready(None) };
        self.revision = revision;
        if item.is_err() {
            self.items = None;
        }
        Poll::Ready(Some(item))
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, revision } = self;
        f.debug_struct("Watching").field("revision", revision).field("ended", &items.is_none()).finish_non_exhaustive()
    }
}

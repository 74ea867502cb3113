//! What a watch tells.

use registry_proto::v1::ErrorReason;

use crate::{Error, Event};

/// What a [`Watching`](super::Watching) stream tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchItem {
    /// The stream is connected: at first, and again after each [`Disconnected`](Self::Disconnected).
    Connected {
        /// The revision of the registry at this moment. What was missed has been told when
        /// [`Watching::revision`](super::Watching::revision) gets there.
        current_revision: i64,
        /// Whether the events go on exactly where they had stopped. False the first time, and after [`StartedOver`](Self::StartedOver).
        resumed: bool,
    },
    /// Something changed.
    Event(Box<Event>),
    /// Nothing (more) happened up to this revision that was asked for.
    Progress(i64),
    /// The connection is broken, or an attempt to get it back failed, for this reason. From here to [`Connected`](Self::Connected)
    /// nothing is known of what changes; after it, everything that did is told. The stream tries for ever; drop it to give up.
    Disconnected(Error),
    /// Events are lost: the registry no longer has those after `lost_after`, or never had. The stream has started over, and all events
    /// after `from` follow. Whoever keeps a copy must list everything again now, which gives a revision of `from` or later, and can pass
    /// over the events up to the revision of the list.
    StartedOver {
        /// The last revision up to which all events were told.
        lost_after: i64,
        /// The revision that the events follow from.
        from: i64,
        /// How they were lost.
        reason: StartOverReason,
    },
}

/// How events were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartOverReason {
    /// The stream was away, or was polled too slowly, for longer than the registry keeps events.
    Compacted,
    /// The registry has not come as far as the stream: it was restored from a backup, or is another one.
    OtherRegistry,
}

impl StartOverReason {
    /// Whether the registry refuses to go on for want of the events.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error.reason()? {
            ErrorReason::RevisionCompacted => Some(Self::Compacted),
            ErrorReason::RevisionInFuture => Some(Self::OtherRegistry),
            _ => None,
        }
    }
}

//! What is known, how the watch stands, and what follows from both. Waits for nothing and asks nobody.

use std::sync::Arc;
use std::time::Instant;

use super::entries::{Entries, Entry, Question};
use super::horizon::Horizon;
use super::{CachedRelease, Freshness, ResolverState};
use crate::{Error, WatchItem};

/// See the module `resolver` for why this is right.
pub(super) struct Memory {
    entries: Entries,
    /// Unset while nothing may be stored: there is no watch that would tell what changes.
    horizon: Option<Horizon>,
    /// Grows whenever there is a gap in the events.
    epoch: u64,
    link: Link,
    /// When the watch last told something.
    heard: Instant,
}

/// How the watch stands.
enum Link {
    New,
    Up,
    /// Connected again, and current when the watch gets to this revision.
    Behind {
        target: i64,
        since: Instant,
    },
    Down {
        since: Instant,
        error: Arc<Error>,
    },
}

pub(super) enum Known {
    Answer(CachedRelease),
    Nothing(Ticket),
}

/// When a question was asked.
pub(super) struct Ticket {
    epoch: u64,
    at: Instant,
}

/// The clock that is stopped with the rest of the runtime.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Memory {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: Entries::new(capacity), horizon: None, epoch: 0, link: Link::New, heard: now() }
    }

    pub(super) fn recall(&mut self, question: &Question) -> Known {
        let since = self.since();
        let Some(Entry { release, alias, asked }) = self.entries.get(question) else {
            return Known::Nothing(Ticket { epoch: self.epoch, at: now() });
        };
        let freshness = since.map_or(Freshness::Current, |since| Freshness::Stale { since: since.max(*asked) });
        Known::Answer(CachedRelease { release: Arc::clone(release), alias: Arc::clone(alias), freshness })
    }

    /// Stores what the registry answered, at this revision or a later one, unless it may be outdated already.
    pub(super) fn remember(&mut self, question: Question, ticket: &Ticket, revision: i64, answer: &CachedRelease) {
        let CachedRelease { release, alias, .. } = answer;
        let covered = self.horizon.as_ref().is_some_and(|horizon| horizon.covers(&release.model_id, revision));
        // Without the id of its model, no event would ever drop it.
        if covered && ticket.epoch == self.epoch && !release.model_id.is_empty() {
            let entry = Entry { release: Arc::clone(release), alias: Arc::clone(alias), asked: ticket.at };
            self.entries.insert(question, entry);
        }
    }

    /// Takes note of what the watch tells, and of how far it has come with it.
    pub(super) fn hear(&mut self, item: Result<WatchItem, Error>, revision: Option<i64>) {
        match item {
            Ok(WatchItem::Connected { current_revision, resumed }) => {
                if !resumed {
                    self.forget();
                    self.horizon = revision.map(Horizon::from);
                }
                self.link = Link::Behind { target: current_revision, since: self.since().unwrap_or(self.heard) };
            }
            Ok(WatchItem::Event(event)) => {
                self.entries.remove_model(&event.model_id);
                if let Some(horizon) = &mut self.horizon {
                    horizon.see(&event.model_id, event.revision);
                }
            }
            // That the watch is not resumed says what a start over says.
            Ok(WatchItem::Progress(_) | WatchItem::StartedOver { .. }) => {}
            Ok(WatchItem::Disconnected(error)) => return self.down(error),
            Err(error) => {
                // Nobody goes on from here; the next watch begins with what is new then.
                self.forget();
                return self.down(error);
            }
        }
        self.heard = now();
        if let Link::Behind { target, .. } = self.link
            && revision >= Some(target)
        {
            self.link = Link::Up;
        }
    }

    pub(super) fn state(&self) -> ResolverState {
        match &self.link {
            Link::New => ResolverState::Connecting,
            Link::Up => ResolverState::Connected,
            Link::Behind { since, .. } => ResolverState::CatchingUp { since: *since },
            Link::Down { since, error } => ResolverState::Disconnected { since: *since, error: Arc::clone(error) },
        }
    }

    fn down(&mut self, error: Error) {
        self.link = Link::Down { since: self.since().unwrap_or(self.heard), error: Arc::new(error) };
    }

    /// Since when what is known may be outdated.
    fn since(&self) -> Option<Instant> {
        match self.link {
            Link::New | Link::Up => None,
            Link::Behind { since, .. } | Link::Down { since, .. } => Some(since),
        }
    }

    fn forget(&mut self) {
        self.entries.clear();
        self.horizon = None;
        self.epoch += 1;
    }
}

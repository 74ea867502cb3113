//! Pages of events that several watchers are given: a thousand who wait for the same news cost one read.
//!
//! A page is what comes behind a place, for those who want the same. History does not change, so what was read for one of them is true
//! for the next; and whoever has come to the end of a page finds the next one behind it. Pages are forgotten after a second: what was
//! compacted meanwhile, or lost by a database that an older copy of itself has replaced, is given no longer than that.
//!
//! May not: read; hold what takes much room; let one watcher wait for what another one takes.

use crate::service::history::Wanted;
use crate::store::events::Place;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How many pages are kept, and how large each of them may be, in encoded bytes.
const KEPT: usize = 16;
const LARGEST: usize = 256 * 1024;
/// For how long.
const FRESH: Duration = Duration::from_secs(1);

/// The events behind a place, as many as a message has room for.
#[derive(Debug)]
pub(super) struct Page {
    /// In order, encoded as a message `Events`.
    pub(super) events: Bytes,
    /// Everything up to here is among them, or is not for the watcher.
    pub(super) through: Place,
}

/// A page that was read, or is to be by whoever comes first; the others wait for him, and one of them reads if he goes away.
pub(super) type Reading = Arc<OnceCell<Page>>;

/// The pages that were read last. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent(Arc<Mutex<VecDeque<Entry>>>);

#[derive(Debug)]
struct Entry {
    place: Place,
    wanted: Arc<Wanted>,
    since: Instant,
    page: Reading,
}

impl Recent {
    /// The page behind a place for whoever wants that.
    pub(super) fn behind(&self, place: Place, wanted: &Arc<Wanted>) -> Reading {
        let mut entries = self.entries();
        while entries.len() >= KEPT || entries.front().is_some_and(|oldest| oldest.since.elapsed() >= FRESH) {
            entries.pop_front();
        }
        if let Some(entry) = entries.iter().rev().find(|entry| entry.is_behind(place, wanted)) {
            return Arc::clone(&entry.page);
        }
        let page = Reading::default();
        let entry = Entry { place, wanted: Arc::clone(wanted), since: Instant::now(), page: Arc::clone(&page) };
        entries.push_back(entry);
        page
    }

    /// The page behind a place for whoever wants that, if it was read already.
    pub(super) fn known_behind(&self, place: Place, wanted: &Arc<Wanted>) -> Option<Reading> {
        let entries = self.entries();
        let entry = entries.iter().rev().find(|entry| entry.is_behind(place, wanted) && entry.since.elapsed() < FRESH)?;
        entry.page.initialized().then(|| Arc::clone(&entry.page))
    }

    /// It was read. One that takes much room is not kept, nor one behind which is the place that it begins at: there, more will come.
    pub(super) fn was_read(&self, place: Place, page: &Page, reading: &Reading) {
        if page.events.len() > LARGEST || page.through == place {
            self.entries().retain(|entry| !Arc::ptr_eq(&entry.page, reading));
        }
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_behind(&self, place: Place, wanted: &Arc<Wanted>) -> bool {
        self.place == place && (Arc::ptr_eq(&self.wanted, wanted) || self.wanted == *wanted)
    }
}

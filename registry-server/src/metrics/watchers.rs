//! Streams of events, and how far each has come: a client that takes nothing falls behind, and is seen to.

use crate::domain::Revision;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The streams that are open.
#[derive(Debug, Clone, Default)]
pub struct Watchers(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    places: HashMap<u64, Arc<AtomicI64>>,
}

/// One stream, until it is dropped.
#[derive(Debug)]
pub struct Following {
    watchers: Watchers,
    id: u64,
    place: Arc<AtomicI64>,
}

impl Watchers {
    /// One more, which has everything up to a revision.
    #[must_use]
    pub fn one_more(&self, after: Revision) -> Following {
        let place = Arc::new(AtomicI64::new(after.number()));
        let mut open = self.open();
        let id = open.next;
        open.next = id.wrapping_add(1);
        open.places.insert(id, Arc::clone(&place));
        drop(open);
        Following { watchers: self.clone(), id, place }
    }

    /// How many there are, and how many revisions the last of them is behind.
    #[must_use]
    pub fn lag(&self, head: Revision) -> (usize, i64) {
        let open = self.open();
        let last = open.places.values().map(|place| place.load(Ordering::Relaxed)).min();
        (open.places.len(), last.map_or(0, |last| head.number().saturating_sub(last).max(0)))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Following {
    /// It has come so far.
    pub fn at(&self, revision: Revision) {
        self.place.store(revision.number(), Ordering::Relaxed);
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.watchers.open().places.remove(&self.id);
    }
}

//! Until when what was read of a model is known to be unchanged: for whoever keeps answers in memory.
//!
//! Each model has one of many places, in which is the revision of the newest change of any model that has that place. What was read
//! when the registry was at a revision holds for as long as there is no newer one there. Two models with one place cost a read that
//! was not needed, and nothing else; so the memory is bounded, and nobody waits for anybody.
//!
//! A place is raised *before* the commit: whoever has seen a change in the database must not be followed by somebody who is given what
//! was before it. If the commit fails, the place is too high, and what is kept of these models holds only from the next revision on.
//!
//! May not: ask the database.

use super::Backend;
use super::entity::event;
use crate::domain::{ModelId, Revision};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How many places there are: a write among 100,000 models makes one or two others be read again.
const PLACES: u16 = u16::MAX;

/// When something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How often all that was known had been lost by then.
    epoch: u64,
    /// A revision that was committed by then.
    revision: Revision,
}

/// The newest changes that this process knows of.
#[derive(Debug)]
pub(super) struct Stamps {
    places: Box<[AtomicI64]>,
    /// Nothing that was read before this revision holds.
    floor: AtomicI64,
    /// Every change up to this revision has been told to the places.
    applied: AtomicI64,
    /// How often the database has turned out to be another one than it was.
    epoch: AtomicU64,
    /// No other process writes.
    alone: bool,
}

impl Stamps {
    /// When the registry is at a revision, and nothing is kept of what was before.
    pub(super) fn new(backend: Backend, revision: Revision) -> Self {
        Self {
            places: (0..PLACES).map(|_| AtomicI64::new(0)).collect(),
            floor: AtomicI64::new(revision.number()),
            applied: AtomicI64::new(revision.number()),
            epoch: AtomicU64::new(0),
            alone: backend == Backend::Sqlite,
        }
    }

    /// What is read from now on is at least as new as this.
    pub(super) fn mark(&self) -> Mark {
        // In this order: who finds the new epoch finds the revision that came with it.
        let epoch = self.epoch.load(Ordering::SeqCst);
        Mark { epoch, revision: self.applied() }
    }

    /// Whether nothing of a model has changed since, as far as is known.
    pub(super) fn holds(&self, model: ModelId, mark: Mark) -> bool {
        let Mark { epoch, revision } = mark;
        let newest = self.place(model).map_or(i64::MAX, |place| place.load(Ordering::SeqCst));
        newest <= revision.number()
            && self.floor.load(Ordering::SeqCst) <= revision.number()
            && self.epoch.load(Ordering::SeqCst) == epoch
    }

    /// Up to where changes are known.
    pub(super) fn applied(&self) -> Revision {
        Revision::new(self.applied.load(Ordering::SeqCst))
    }

    /// A model is changed with this revision, or has been.
    pub(super) fn changed(&self, model: Option<ModelId>, at: Revision) {
        let place = model.and_then(|model| self.place(model)).unwrap_or(&self.floor);
        place.fetch_max(at.number(), Ordering::SeqCst);
    }

    /// What is about to be committed.
    pub(super) fn will_commit(&self, events: &[event::Model]) {
        for event in events {
            self.changed(event.model_id, event.revision);
        }
    }

    /// The registry will go on from here, or has: nobody knows what was in between.
    pub(super) fn jumps(&self, to: Revision) {
        self.floor.fetch_max(to.number(), Ordering::SeqCst);
    }

    /// All that was to be committed after `before` is.
    pub(super) fn has_committed(&self, before: Revision, last: Revision) {
        let (before, last) = (before.number(), last.number());
        if self.alone {
            self.applied.fetch_max(last, Ordering::SeqCst);
        } else {
            // If it fails, others have written before, and it is not known yet what.
            let _ = self.applied.compare_exchange(before, last, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    /// All that others have committed up to here has been applied.
    pub(super) fn caught_up(&self, to: Revision) {
        self.applied.fetch_max(to.number(), Ordering::SeqCst);
    }

    /// A write begins at this revision.
    pub(super) fn found(&self, at: Revision) {
        let applied = self.applied();
        if at < applied {
            self.is_another(applied, at);
        }
    }

    /// The database is not the one that it was, or was brought back to what it was earlier: nothing holds any more.
    pub(super) fn is_another(&self, known: Revision, now: Revision) {
        let (known, now) = (known.number(), now.number());
        let _ = self.applied.compare_exchange(known, now, Ordering::SeqCst, Ordering::SeqCst);
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    fn place(&self, model: ModelId) -> Option<&AtomicI64> {
        // The last bytes of an id are random, whoever drew it.
        let place = model.uuid().as_u128().checked_rem(u128::from(PLACES))?;
        self.places.get(usize::try_from(place).ok()?)
    }
}

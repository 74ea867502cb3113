//! The writes that share a commit: what has come of each, and what is left to write down for all of them.
//!
//! May not: begin or end the transaction of the batch. Knows nothing of the queue.

use super::answers::Known;
use super::audit;
use super::backend::{Failure, failure};
use super::entity::{answer, audit_entry, event};
use super::events::{self, About};
use super::job::{Job, Reply};
use super::tx::Done;
use crate::domain::{Error, Revision};
use crate::metrics;
use sea_orm::DbErr;
use std::sync::Arc;

/// How often a use case is run when the database reports a conflict.
const ATTEMPTS: u8 = 5;

/// A job in a batch, and what has come of it so far.
pub(super) struct Slot {
    pub(super) job: Box<dyn Job>,
    attempt: u8,
    /// Its turn has come in this pass.
    begun: bool,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    /// Not run in this batch.
    Pending,
    Failed(Error),
    /// Nothing of it is to be committed.
    Unchanged,
    /// Committed without a revision. It may have moved the counter.
    Kept(Option<Revision>),
    Changed(Change),
    /// Done by an earlier call.
    Replayed(Vec<u8>),
}

/// What a use case has changed.
pub(super) struct Change {
    revision: Revision,
    events: Vec<event::Model>,
    about: Option<About>,
    /// Whether it was an API key.
    of_key: bool,
}

impl Slot {
    pub(super) fn new(job: Box<dyn Job>) -> Self {
        Self { job, attempt: 0, begun: false, outcome: Outcome::Pending }
    }

    /// Its turn has come.
    pub(super) fn begin(&mut self) {
        self.attempt += 1;
        self.begun = true;
        self.job.begin();
    }

    pub(super) fn finish(&mut self, revision: Revision, done: Done) {
        self.outcome = if self.job.ctx().is_dry_run() { Outcome::Unchanged } else { self.succeed(revision, done) };
    }

    /// Takes back that it was run: it was undone because of somebody else.
    pub(super) fn forget(&mut self) {
        self.attempt = self.attempt.saturating_sub(u8::from(self.begun));
        self.wait();
    }

    /// Its turn is to come.
    pub(super) fn wait(&mut self) {
        self.begun = false;
        self.outcome = Outcome::Pending;
    }

    fn succeed(&self, revision: Revision, done: Done) -> Outcome {
        match done {
            Done { events, key: None, kept, counter } if events.is_empty() => {
                if kept {
                    Outcome::Kept(counter.filter(|counter| *counter >= revision))
                } else {
                    Outcome::Unchanged
                }
            }
            Done { events, key, kept: _, counter: _ } => {
                let of_key = key.is_some();
                let about = key.or_else(|| About::topmost(&events));
                Outcome::Changed(Change { revision, events: events::rows(revision, self.job.ctx(), events), about, of_key })
            }
        }
    }

    pub(super) const fn is_to_be_committed(&self) -> bool {
        matches!(self.outcome, Outcome::Changed(..) | Outcome::Kept(_))
    }

    /// Nothing was done that is not to be committed.
    pub(super) const fn needs_no_undoing(&self) -> bool {
        self.is_to_be_committed() || matches!(self.outcome, Outcome::Replayed(_) | Outcome::Pending)
    }

    /// The use case ran and was not refused.
    const fn succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Changed(..) | Outcome::Kept(_) | Outcome::Unchanged)
    }

    /// The database was not to be had: the rest of the batch would find it no better.
    pub(super) const fn found_it_away(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(Error::Unavailable(_)))
    }

    /// What the database did to it, if it was the database.
    pub(super) const fn failure(&self) -> Option<Failure> {
        match self.outcome {
            Outcome::Failed(Error::StorageFull(_)) => Some(Failure::Full),
            Outcome::Failed(Error::ReadOnly(_)) => Some(Failure::ReadOnly),
            Outcome::Failed(Error::Unavailable(_)) => Some(Failure::Unavailable),
            _ => None,
        }
    }

    pub(super) fn should_run_again(&self) -> bool {
        match self.outcome {
            Outcome::Pending => true,
            Outcome::Failed(Error::Conflict(_)) => self.attempt < ATTEMPTS,
            _ => false,
        }
    }

    /// What has come of it, as it is counted; nothing if it was not run.
    pub(super) const fn came_of_it(&self) -> Option<metrics::Outcome> {
        match &self.outcome {
            Outcome::Pending => None,
            Outcome::Failed(Error::Conflict(_)) => Some(metrics::Outcome::Conflict),
            Outcome::Failed(_) => Some(metrics::Outcome::Failed),
            Outcome::Unchanged => Some(metrics::Outcome::Unchanged),
            Outcome::Kept(_) | Outcome::Changed(_) => Some(metrics::Outcome::Committed),
            Outcome::Replayed(_) => Some(metrics::Outcome::Replayed),
        }
    }

    /// Answers the caller. What was to be committed has been.
    pub(super) fn answer(self) {
        let outcome = match self.outcome {
            Outcome::Pending => Err(Error::bug("a write was never run")),
            Outcome::Failed(error) => Err(error),
            Outcome::Unchanged | Outcome::Kept(_) | Outcome::Changed(..) => Ok(Reply::Own),
            Outcome::Replayed(bytes) => Ok(Reply::Kept(bytes)),
        };
        self.job.answer(outcome);
    }
}

/// A batch that failed as a whole.
pub(super) struct Failed {
    kind: Failure,
    cause: Arc<DbErr>,
    in_commit: bool,
}

impl Failed {
    pub(super) fn before_commit(cause: DbErr) -> Self {
        Self { kind: failure(&cause), cause: Arc::new(cause), in_commit: false }
    }

    pub(super) fn in_commit(cause: DbErr) -> Self {
        Self { kind: failure(&cause), cause: Arc::new(cause), in_commit: true }
    }

    /// What somebody has done could not be undone; of what kind that is, he may have been told already.
    pub(super) fn in_rollback(told: Option<Failure>, cause: DbErr) -> Self {
        Self { kind: told.unwrap_or_else(|| failure(&cause)), cause: Arc::new(cause), in_commit: false }
    }

    fn error(&self) -> Error {
        let cause = Box::new(Arc::clone(&self.cause));
        match self.kind {
            Failure::Conflict => Error::Conflict(cause),
            Failure::Unavailable | Failure::Busy if self.in_commit => Error::OutcomeUnknown(cause),
            Failure::Unavailable | Failure::Busy => Error::Unavailable(cause),
            Failure::Full => Error::StorageFull(cause),
            Failure::ReadOnly => Error::ReadOnly(cause),
            Failure::Unique | Failure::ForeignKey | Failure::Other => Error::Internal(cause),
        }
    }
}

/// Nothing of the batch was written. A use case that had failed by itself keeps its own answer, unless it may have
/// seen a change, or an answer, that is gone now.
pub(super) fn fail(batch: &mut [Slot], failed: &Failed) {
    let mut after_a_change = false;
    for slot in batch {
        after_a_change |= slot.is_to_be_committed() || (slot.succeeded() && slot.job.ctx().key().is_some());
        let keeps = matches!(slot.outcome, Outcome::Failed(_)) && !after_a_change;
        if !keeps {
            slot.outcome = Outcome::Failed(failed.error());
        }
    }
}

/// What a batch has to write down at its end, for all of its use cases.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) events: Vec<event::Model>,
    pub(super) answers: Vec<answer::Model>,
    pub(super) entries: Vec<audit_entry::Model>,
    /// The revision of the last change of an API key, if there was one.
    pub(super) keys: Option<Revision>,
    /// The newest revision, if there is a new one.
    pub(super) last: Option<Revision>,
    /// The revision that the registry goes on counting from, if one has said so.
    pub(super) counter: Option<Revision>,
    /// A use case has written something that belongs to no revision.
    pub(super) kept: bool,
}

impl Rest {
    pub(super) const fn is_empty(&self) -> bool {
        self.last.is_none() && self.answers.is_empty() && self.entries.is_empty() && !self.kept
    }

    /// Takes from a slot that was run what is to be written down for it.
    pub(super) fn take(&mut self, slot: &mut Slot, known: &mut Known) {
        if slot.succeeded() && slot.job.ctx().key().is_some() {
            self.answers.extend(known.remember(slot.job.ctx(), slot.job.kept()));
        }
        self.audit(slot);
        match &mut slot.outcome {
            Outcome::Changed(Change { revision, events, about: _, of_key }) => {
                self.events.append(events);
                self.last = Some(*revision);
                self.keys = if *of_key { self.last } else { self.keys };
            }
            Outcome::Kept(counter) => {
                self.kept = true;
                self.last = counter.or(self.last);
                self.counter = counter.or(self.counter);
            }
            Outcome::Pending | Outcome::Failed(_) | Outcome::Unchanged | Outcome::Replayed(_) => {}
        }
    }

    /// The entry of an audited call that succeeded. One that was only validated leaves none; those that fail are written
    /// by whoever knows the code that they fail with.
    pub(super) fn audit(&mut self, slot: &Slot) {
        let ctx = slot.job.ctx();
        let succeeded = slot.succeeded() || matches!(slot.outcome, Outcome::Replayed(_));
        let (true, false, Some(method)) = (succeeded, ctx.is_dry_run(), ctx.audited_method()) else { return };
        let (revision, about) = match &slot.outcome {
            Outcome::Changed(change) => (Some(change.revision), change.about.clone()),
            Outcome::Pending | Outcome::Failed(_) | Outcome::Unchanged | Outcome::Kept(_) | Outcome::Replayed(_) => (None, None),
        };
        self.entries.push(audit::succeeded(ctx, method, revision, about));
    }
}

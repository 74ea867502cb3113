//! The writes that share a commit: what has come of each, and what is left to write down for all of them.
//!
//! May not: begin or end the transaction of the batch. Knows nothing of the queue.

use super::answers::Known;
use super::backend::{Backend, Failure, failure};
use super::entity::{answer, event};
use super::events::{self, Picture};
use super::job::{Job, Reply};
use super::tx::{Done, Tx};
use crate::domain::{Error, Revision};
use futures::FutureExt;
use sea_orm::{DatabaseTransaction, DbErr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// How often a use case is run when the database reports a conflict.
const ATTEMPTS: u8 = 5;

/// A job in a batch, and what has come of it so far.
pub(super) struct Slot {
    pub(super) job: Box<dyn Job>,
    attempt: u8,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    /// Not run in this batch.
    Pending,
    Failed(Error),
    /// Nothing of it is to be committed.
    Unchanged,
    /// Committed without a revision.
    Kept,
    Changed(Revision, Vec<event::Model>),
    /// Done by an earlier call.
    Replayed(Vec<u8>),
}

impl Slot {
    pub(super) fn new(job: Box<dyn Job>) -> Self {
        Self { job, attempt: 0, outcome: Outcome::Pending }
    }

    /// Runs the use case on `txn`; gives the transaction back for the writer to end.
    async fn run(
        &mut self,
        txn: DatabaseTransaction,
        revision: Revision,
        picture: Picture,
    ) -> Result<DatabaseTransaction, DbErr> {
        self.attempt += 1;
        self.job.begin();
        let tx = Tx::new(txn, self.job.ctx().clone(), revision, picture);
        let ran = AssertUnwindSafe(self.job.run(tx.clone())).catch_unwind().await;
        let ran = ran.unwrap_or_else(|_| Err(Error::bug("a use case panicked")));
        let (txn, Done { events, kept }) = tx.close()?;
        self.outcome = match ran {
            Err(error) => Outcome::Failed(error),
            Ok(()) if self.job.ctx().is_dry_run() => Outcome::Unchanged,
            Ok(()) if !events.is_empty() => Outcome::Changed(revision, events::rows(revision, self.job.ctx(), events)),
            Ok(()) if kept => Outcome::Kept,
            Ok(()) => Outcome::Unchanged,
        };
        Ok(txn)
    }

    pub(super) const fn is_to_be_committed(&self) -> bool {
        matches!(self.outcome, Outcome::Changed(..) | Outcome::Kept)
    }

    /// The use case ran and was not refused.
    const fn succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Changed(..) | Outcome::Kept | Outcome::Unchanged)
    }

    /// The database was not to be had: the rest of the batch would find it no better.
    const fn found_it_away(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(Error::Unavailable(_)))
    }

    /// What the database did to it, if it was the database.
    const fn failure(&self) -> Option<Failure> {
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

    /// Answers the caller. What was to be committed has been.
    pub(super) fn answer(self) {
        let outcome = match self.outcome {
            Outcome::Pending => Err(Error::bug("a write was never run")),
            Outcome::Failed(error) => Err(error),
            Outcome::Unchanged | Outcome::Kept | Outcome::Changed(..) => Ok(Reply::Own),
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
    /// The newest revision, if there is a new one.
    pub(super) last: Option<Revision>,
    /// A use case has written something that belongs to no revision.
    pub(super) kept: bool,
}

impl Rest {
    pub(super) const fn is_empty(&self) -> bool {
        self.last.is_none() && self.answers.is_empty() && !self.kept
    }

    /// Takes from a slot that was run what is to be written down for it.
    fn take(&mut self, slot: &mut Slot, known: &mut Known) {
        if slot.succeeded() && slot.job.ctx().key().is_some() {
            self.answers.extend(known.remember(slot.job.ctx(), slot.job.kept()));
        }
        match &mut slot.outcome {
            Outcome::Changed(revision, events) => {
                self.events.append(events);
                self.last = Some(*revision);
            }
            Outcome::Kept => self.kept = true,
            Outcome::Pending | Outcome::Failed(_) | Outcome::Unchanged | Outcome::Replayed(_) => {}
        }
    }
}

/// Runs the use cases of a batch on `txn`, each behind a savepoint unless it is alone. Each that changes something
/// takes the next revision; one that has been done before is not run.
pub(super) async fn run_all(
    batch: &mut [Slot],
    txn: DatabaseTransaction,
    before: Revision,
    picture: Picture,
) -> Result<(DatabaseTransaction, Rest), Failed> {
    let mut known = Known::of(&txn, batch.iter().map(|slot| slot.job.ctx())).await.map_err(Failed::before_commit)?;
    let (mut rest, mut txn) = (Rest::default(), txn);
    let alone = batch.len() == 1;
    for slot in batch.iter_mut().filter(|slot| alone || !slot.job.is_abandoned()) {
        if let Some(answer) = known.answer(slot.job.ctx()) {
            slot.outcome = answer.map_or_else(Outcome::Failed, Outcome::Replayed);
            continue;
        }
        let next = rest.last.unwrap_or(before).next();
        if alone {
            txn = slot.run(txn, next, picture).await.map_err(Failed::before_commit)?;
        } else {
            run_apart(slot, &txn, next, picture).await?;
        }
        rest.take(slot, &mut known);
        if slot.found_it_away() {
            break;
        }
    }
    Ok((txn, rest))
}

/// Runs one use case so that it can be undone alone.
async fn run_apart(slot: &mut Slot, txn: &DatabaseTransaction, next: Revision, picture: Picture) -> Result<(), Failed> {
    let savepoint = Backend::savepoint(txn).await.map_err(Failed::before_commit)?;
    let savepoint = slot.run(savepoint, next, picture).await.map_err(Failed::before_commit)?;
    if slot.is_to_be_committed() {
        return savepoint.commit().await.map_err(Failed::before_commit);
    }
    // SQLite ends the whole transaction by itself when it runs out of space or cannot read its file: then there is
    // nothing to roll back to, and what went wrong is what the use case was told.
    let Err(error) = savepoint.rollback().await else { return Ok(()) };
    let kind = slot.failure().unwrap_or_else(|| failure(&error));
    Err(Failed { kind, cause: Arc::new(error), in_commit: false })
}

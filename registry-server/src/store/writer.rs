//! The one door for writes: group commit.
//!
//! One task owns the write connection. It takes what is queued, locks the counter of revisions, runs each use
//! case so that its failure cannot touch the others (`running.rs`), appends the events and the answers to be kept,
//! commits once, and only then answers. A batch never waits for company, and one of which everything is committed pays
//! for no savepoint.
//!
//! The counter is locked before anything else and until the commit. So revisions are gap-free and in commit order on
//! every replica, a use case knows its own from the start (the next one in the batch sees its etag), and batches of
//! two replicas queue behind one another instead of meeting in a deadlock.
//!
//! May not: know what a use case does.

use super::backend::{Backend, Failure, failure};
use super::batch::{self, Failed, Rest, Slot};
use super::events::Picture;
use super::head::Head;
use super::job::Job;
use super::lock::FileLock;
use super::running::{self, Footing, Ran};
use super::stamps::Stamps;
use super::{answers, audit, events, state};
use crate::domain::Revision;
use crate::metrics::Work;
use crate::telemetry::TRACES;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{Instrument, Span, info_span};

/// How many writes may wait; the next one waits outside, until its deadline.
pub(super) const QUEUE: usize = 1024;
/// How many writes share a commit at the most.
const BATCH: usize = 64;

pub(super) struct Writer {
    pub(super) backend: Backend,
    pub(super) db: DatabaseConnection,
    pub(super) queue: mpsc::Receiver<Box<dyn Job>>,
    pub(super) head: Arc<Head>,
    pub(super) stamps: Arc<Stamps>,
    pub(super) picture: Picture,
    /// Where other servers hear of new revisions.
    pub(super) channel: String,
    /// Held for as long as there is a writer.
    pub(super) lock: FileLock,
    pub(super) work: Work,
    /// How the last batch would have been run best.
    pub(super) footing: Footing,
}

impl Writer {
    /// Writes until every [`super::Store`] is gone and the queue is empty.
    pub(super) async fn run(mut self) {
        let mut again = Vec::new();
        while let Some(batch) = self.next_batch(again).await {
            again = if batch.is_empty() { batch } else { self.write(batch).await };
        }
        if let Err(error) = self.db.close().await {
            tracing::warn!(%error, "could not close the database");
        }
        drop(self.lock);
    }

    /// What is to be run again and what is queued; waits only if there is neither.
    async fn next_batch(&mut self, mut batch: Vec<Slot>) -> Option<Vec<Slot>> {
        if batch.is_empty() {
            batch.push(Slot::new(self.queue.recv().await?));
        }
        while batch.len() < BATCH {
            let Ok(job) = self.queue.try_recv() else { break };
            batch.push(Slot::new(job));
        }
        batch.retain(|slot| !slot.job.is_abandoned());
        batch.iter_mut().for_each(Slot::wait);
        Some(batch)
    }

    /// Writes a batch and answers everyone in it, except those to be run again.
    async fn write(&mut self, mut batch: Vec<Slot>) -> Vec<Slot> {
        self.work.batch(batch.len());
        let span = span(&batch);
        if let Err(failed) = self.transact(&mut batch).instrument(span).await {
            batch::fail(&mut batch, &failed);
        }
        self.footing = Footing::after(&batch, self.footing);
        batch.iter().filter_map(Slot::came_of_it).for_each(|outcome| self.work.written(outcome));
        let (again, done): (Vec<_>, Vec<_>) = batch.into_iter().partition(Slot::should_run_again);
        done.into_iter().for_each(Slot::answer);
        again
    }

    /// One transaction: the counter, every use case, the events and answers, the commit.
    async fn transact(&self, batch: &mut [Slot]) -> Result<(), Failed> {
        let (txn, before, rest) = self.run_all(batch).await?;
        if rest.is_empty() {
            return txn.rollback().await.or(Ok(())); // there is nothing to lose
        }
        let (last, keys, entries) = (rest.last, rest.keys, rest.entries.len());
        self.stamps.will_commit(&rest.events);
        rest.counter.into_iter().for_each(|counter| self.stamps.jumps(counter));
        self.write_down(&txn, rest).await.map_err(Failed::before_commit)?;
        let began = Instant::now();
        let committed = txn.commit().await.map_err(Failed::in_commit);
        self.work.committed(began.elapsed());
        committed?;
        self.work.audited(entries);
        if let Some(last) = last {
            self.stamps.has_committed(before, last);
            self.head.seen(last);
        }
        keys.into_iter().for_each(|revision| self.head.keys_changed(revision));
        Ok(())
    }

    /// Begins the transaction and runs everybody in it; once more with savepoints, if it did not go without. Tells the revision before it.
    async fn run_all(&self, batch: &mut [Slot]) -> Result<(DatabaseTransaction, Revision, Rest), Failed> {
        let mut footing = Footing::of(batch, self.footing);
        loop {
            let txn = self.begin().await.map_err(Failed::before_commit)?;
            let (before, keys) = state::lock(&txn).await.map_err(Failed::before_commit)?;
            self.stamps.found(before); // earlier than was known, if the database has lost something
            self.head.seen(before); // another server may have committed it, and what is replayed or unchanged may be of it
            self.head.keys_changed(keys); // so may a commit of this one whose answer was lost
            match running::run_all(batch, footing, txn, before, self.picture).await? {
                Ran::Through(txn, rest) => return Ok((txn, before, rest)),
                Ran::NotThrough(txn) => {
                    batch.iter_mut().for_each(Slot::forget);
                    // If that fails, its connection is not used again.
                    let _ = txn.rollback().await;
                    footing = Footing::Apart;
                }
            }
        }
    }

    async fn write_down(&self, txn: &DatabaseTransaction, rest: Rest) -> Result<(), DbErr> {
        let Rest { events, answers, entries, keys, last, counter: _, kept: _ } = rest;
        events::append(txn, events).await?;
        answers::keep(txn, answers).await?;
        audit::append(txn, entries).await?;
        if let Some(keys) = keys {
            state::keys_changed(txn, keys).await?;
        }
        if let Some(last) = last {
            state::advance(txn, last).await?;
            self.backend.notify(txn, &self.channel).await?;
        }
        Ok(())
    }

    /// The connection may have died since it was last used: then a new one is tried. If there is none to be had in time,
    /// callers are told so rather than kept until their deadlines.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend.begin_write(&self.db).await {
            Err(error @ DbErr::ConnectionAcquire(_)) => Err(error),
            Err(error) if failure(&error) == Failure::Unavailable => self.backend.begin_write(&self.db).await,
            result => result,
        }
    }
}

/// The span of a batch: in the trace of its first write that is in one, and linked to those of the others.
fn span(batch: &[Slot]) -> Span {
    let mut writes = batch.iter().filter_map(|slot| slot.job.span().id());
    let Some(first) = writes.next() else { return Span::none() };
    let span = info_span!(target: TRACES, parent: first, "batch", registry.batch_size = batch.len());
    for write in writes {
        span.follows_from(write);
    }
    span
}

//! The one door for writes: group commit.
//!
//! One task owns the write connection. It takes what is queued, locks the counter of revisions, runs each use
//! case so that its failure cannot touch the others, appends the events, commits once, and only then answers. A
//! batch never waits for company, and a batch of one pays for no savepoint.
//!
//! The counter is locked before anything else and until the commit. So revisions are gap-free and in commit order on
//! every replica, a use case knows its own from the start (the next one in the batch sees its etag), and batches of
//! two replicas queue behind one another instead of meeting in a deadlock.
//!
//! May not: know what a use case does.

use super::backend::{Backend, Failure, FileLock, failure};
use super::entity::event;
use super::{Head, Source, events, state};
use crate::domain::event::Event;
use crate::domain::{Context, Error, Revision};
use futures::FutureExt;
use futures::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait; the next one waits outside, until its deadline.
pub(super) const QUEUE: usize = 1024;
/// How many writes share a commit at the most.
const BATCH: usize = 64;
/// How often a use case is run when the database reports a conflict.
const ATTEMPTS: u8 = 5;

/// The right to write. Only the writer makes one.
#[derive(Debug, Clone)]
pub struct Tx(Arc<Open>);

#[derive(Debug)]
struct Open {
    txn: DatabaseTransaction,
    ctx: Context,
    revision: Revision,
    events: Mutex<Vec<Event>>,
}

impl Source for Tx {
    fn conn(&self) -> &DatabaseTransaction {
        &self.0.txn
    }
}

impl Tx {
    fn new(txn: DatabaseTransaction, ctx: Context, revision: Revision) -> Self {
        Self(Arc::new(Open { txn, ctx, revision, events: Mutex::default() }))
    }

    /// The call that is served.
    #[must_use]
    pub fn ctx(&self) -> &Context {
        &self.0.ctx
    }

    /// The revision of this write, for the rows it changes.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// Remembers a change. A use case that records nothing has changed nothing, and is rolled back.
    pub fn record(&self, event: Event) {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// The transaction and what was recorded in it, once the use case is over.
    fn close(self) -> Result<(DatabaseTransaction, Vec<Event>), DbErr> {
        let open = Arc::try_unwrap(self.0).map_err(|_| DbErr::Custom("a use case kept its transaction".to_owned()))?;
        Ok((open.txn, open.events.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// A queued write.
pub(super) trait Job: Send {
    fn ctx(&self) -> &Context;
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the use case; remembers its result.
    fn run(&mut self, tx: Tx) -> BoxFuture<'_, Result<(), Error>>;
    /// Answers with the result, or with what went wrong.
    fn answer(self: Box<Self>, outcome: Result<(), Error>);
}

struct UseCase<C, T, F> {
    ctx: Context,
    command: Arc<C>,
    run: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, Error>>,
}

type Answer<T> = oneshot::Receiver<Result<T, Error>>;

pub(super) fn job<C, T, F, Fut>(ctx: Context, command: C, run: F) -> (Box<dyn Job>, Answer<T>)
where
    C: Send + Sync + 'static,
    T: Send + 'static,
    F: Fn(Tx, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(UseCase { ctx, command: Arc::new(command), run, result: None, reply }), answer)
}

impl<C, T, F, Fut> Job for UseCase<C, T, F>
where
    C: Send + Sync + 'static,
    T: Send + 'static,
    F: Fn(Tx, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    fn ctx(&self) -> &Context {
        &self.ctx
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: Tx) -> BoxFuture<'_, Result<(), Error>> {
        let work = (self.run)(tx, Arc::clone(&self.command));
        async move {
            self.result = Some(work.await?);
            Ok(())
        }
        .boxed()
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let Self { result, reply, .. } = *self;
        let answer = outcome.and_then(|()| result.ok_or_else(|| Error::bug("a write was committed without a result")));
        let _ = reply.send(answer); // the caller may be gone; the write stands
    }
}

/// A job in a batch, and what has come of it so far.
struct Slot {
    job: Box<dyn Job>,
    attempt: u8,
    outcome: Outcome,
}

enum Outcome {
    /// Not run in this batch.
    Pending,
    Failed(Error),
    Unchanged,
    Changed(Revision, Vec<Event>),
}

impl Slot {
    fn new(job: Box<dyn Job>) -> Self {
        Self { job, attempt: 0, outcome: Outcome::Pending }
    }

    /// Runs the use case on `txn`; gives the transaction back for the writer to end.
    async fn run(&mut self, txn: DatabaseTransaction, revision: Revision) -> Result<DatabaseTransaction, DbErr> {
        self.attempt += 1;
        let tx = Tx::new(txn, self.job.ctx().clone(), revision);
        let ran = AssertUnwindSafe(self.job.run(tx.clone())).catch_unwind().await;
        let ran = ran.unwrap_or_else(|_| Err(Error::bug("a use case panicked")));
        let (txn, events) = tx.close()?;
        self.outcome = match ran {
            Err(error) => Outcome::Failed(error),
            Ok(()) if events.is_empty() || self.job.ctx().is_dry_run() => Outcome::Unchanged,
            Ok(()) => Outcome::Changed(revision, events),
        };
        Ok(txn)
    }

    const fn changed(&self) -> bool {
        matches!(self.outcome, Outcome::Changed(..))
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
            Outcome::Pending | Outcome::Failed(_) | Outcome::Unchanged | Outcome::Changed(..) => None,
        }
    }

    fn should_run_again(&self) -> bool {
        match self.outcome {
            Outcome::Pending => true,
            Outcome::Failed(Error::Conflict(_)) => self.attempt < ATTEMPTS,
            Outcome::Failed(_) | Outcome::Unchanged | Outcome::Changed(..) => false,
        }
    }
}

pub(super) struct Writer {
    backend: Backend,
    db: DatabaseConnection,
    queue: mpsc::Receiver<Box<dyn Job>>,
    head: Arc<Head>,
    /// Held for as long as there is a writer.
    _lock: FileLock,
}

impl Writer {
    pub(super) fn new(
        backend: Backend,
        db: DatabaseConnection,
        queue: mpsc::Receiver<Box<dyn Job>>,
        head: Arc<Head>,
        lock: FileLock,
    ) -> Self {
        Self { backend, db, queue, head, _lock: lock }
    }

    /// Writes until every [`super::Store`] is gone and the queue is empty.
    pub(super) async fn run(mut self) {
        let mut again = Vec::new();
        while let Some(batch) = self.next_batch(again).await {
            again = if batch.is_empty() { batch } else { self.write(batch).await };
        }
        if let Err(error) = self.db.close().await {
            tracing::warn!(%error, "could not close the database");
        }
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
        batch.iter_mut().for_each(|slot| slot.outcome = Outcome::Pending);
        Some(batch)
    }

    /// Writes a batch and answers everyone in it, except those to be run again.
    async fn write(&self, mut batch: Vec<Slot>) -> Vec<Slot> {
        if let Err(failed) = self.transact(&mut batch).await {
            fail(&mut batch, &failed);
        }
        let (again, done): (Vec<_>, Vec<_>) = batch.into_iter().partition(Slot::should_run_again);
        for slot in done {
            self.answer(slot);
        }
        again
    }

    fn answer(&self, slot: Slot) {
        let outcome = match slot.outcome {
            Outcome::Pending => Err(Error::bug("a write was never run")),
            Outcome::Failed(error) => Err(error),
            Outcome::Unchanged => Ok(()),
            Outcome::Changed(revision, _) => {
                self.head.seen(revision);
                Ok(())
            }
        };
        slot.job.answer(outcome);
    }

    /// One transaction: the counter, every use case, the events, the commit.
    async fn transact(&self, batch: &mut [Slot]) -> Result<(), Failed> {
        let txn = self.begin().await.map_err(Failed::before_commit)?;
        let before = state::lock(&txn).await.map_err(Failed::before_commit)?;
        let txn = run_all(batch, txn, before).await?;
        if !batch.iter().any(Slot::changed) {
            return txn.rollback().await.or(Ok(())); // there is nothing to lose
        }
        let (rows, last) = changes(batch);
        events::append(&txn, rows).await.map_err(Failed::before_commit)?;
        state::advance(&txn, last).await.map_err(Failed::before_commit)?;
        txn.commit().await.map_err(Failed::in_commit)
    }

    /// The connection may have died since it was last used: then a new one is tried.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend.begin_write(&self.db).await {
            Err(error) if failure(&error) == Failure::Unavailable => self.backend.begin_write(&self.db).await,
            result => result,
        }
    }
}

/// A batch that failed as a whole.
struct Failed {
    kind: Failure,
    cause: Arc<DbErr>,
    in_commit: bool,
}

impl Failed {
    fn before_commit(cause: DbErr) -> Self {
        Self { kind: failure(&cause), cause: Arc::new(cause), in_commit: false }
    }

    fn in_commit(cause: DbErr) -> Self {
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
/// seen a change that is gone now.
fn fail(batch: &mut [Slot], failed: &Failed) {
    let mut after_a_change = false;
    for slot in batch {
        after_a_change |= slot.changed();
        let keeps = matches!(slot.outcome, Outcome::Failed(_)) && !after_a_change;
        if !keeps {
            slot.outcome = Outcome::Failed(failed.error());
        }
    }
}

/// Runs the use cases of a batch on `txn`, each behind a savepoint unless it is alone. Each that changes something
/// takes the next revision.
async fn run_all(batch: &mut [Slot], txn: DatabaseTransaction, before: Revision) -> Result<DatabaseTransaction, Failed> {
    if let [only] = batch {
        return only.run(txn, before.next()).await.map_err(Failed::before_commit);
    }
    let mut last = before;
    for slot in batch.iter_mut().filter(|slot| !slot.job.is_abandoned()) {
        let savepoint = Backend::savepoint(&txn).await.map_err(Failed::before_commit)?;
        let savepoint = slot.run(savepoint, last.next()).await.map_err(Failed::before_commit)?;
        if slot.changed() {
            savepoint.commit().await.map_err(Failed::before_commit)?;
            last = last.next();
        } else {
            roll_back(savepoint, slot.failure()).await?;
        }
        if slot.found_it_away() {
            break;
        }
    }
    Ok(txn)
}

/// Undoes one use case. SQLite ends the whole transaction by itself when it runs out of space or cannot read its
/// file: then there is nothing to roll back to, and what went wrong is what the use case was told.
async fn roll_back(savepoint: DatabaseTransaction, told: Option<Failure>) -> Result<(), Failed> {
    let Err(error) = savepoint.rollback().await else { return Ok(()) };
    Err(Failed { kind: told.unwrap_or_else(|| failure(&error)), cause: Arc::new(error), in_commit: false })
}

/// The events of a batch, and its last revision.
fn changes(batch: &[Slot]) -> (Vec<event::Model>, Revision) {
    let (mut rows, mut last) = (Vec::new(), Revision::ZERO);
    for slot in batch {
        if let Outcome::Changed(revision, events) = &slot.outcome {
            rows.extend(events::rows(*revision, slot.job.ctx(), events));
            last = *revision;
        }
    }
    (rows, last)
}

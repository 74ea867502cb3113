//! The one door for writes: group commit.
//!
//! One task owns the write connection. It takes what is queued, runs each use case so that its failure cannot
//! touch the others, numbers the changes, appends their events, commits once, and only then answers. A batch
//! never waits for company, and a batch of one pays for no savepoint.
//!
//! A row is changed once in a batch: it has its new revision, and so its new etag, only when the batch is
//! numbered. Whoever wants to change it again waits for the next batch.
//!
//! May not: know what a use case does.

use super::backend::{Backend, FileLock, failure};
use super::{Head, Source, backend::Failure, events, models, releases, state};
use crate::domain::event::{Event, Subject};
use crate::domain::{Context, Error, Revision};
use futures::FutureExt;
use futures::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// What earlier writes of the batch have changed.
    changed: Arc<HashSet<Subject>>,
    events: Mutex<Vec<Event>>,
    waits: AtomicBool,
}

/// What is left of a transaction when its use case is over.
struct Closed {
    txn: DatabaseTransaction,
    events: Vec<Event>,
    waits: bool,
}

impl Source for Tx {
    fn conn(&self) -> &DatabaseTransaction {
        &self.0.txn
    }
}

impl Tx {
    fn new(txn: DatabaseTransaction, ctx: Context, changed: Arc<HashSet<Subject>>) -> Self {
        Self(Arc::new(Open { txn, ctx, changed, events: Mutex::default(), waits: AtomicBool::new(false) }))
    }

    /// The call that is served.
    #[must_use]
    pub fn ctx(&self) -> &Context {
        &self.0.ctx
    }

    /// Remembers a change. The row it was of gets the revision of this write; a use case that records
    /// nothing has changed nothing, and is rolled back.
    pub fn record(&self, event: Event) {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// Says that the use case reads a row in order to change it. If an earlier write of the batch has changed it,
    /// its revision is not known yet, and the use case runs again in the next batch.
    ///
    /// # Errors
    /// What the use case is to end with then; nobody hears of it.
    pub(super) fn claim(&self, subject: Subject) -> Result<(), Error> {
        if !self.0.changed.contains(&subject) {
            return Ok(());
        }
        self.0.waits.store(true, Ordering::Relaxed);
        Err(Error::Conflict("the row was changed by an earlier write of the batch".into()))
    }

    /// The transaction and what was recorded in it, once the use case is over.
    fn close(self) -> Result<Closed, Error> {
        let open = Arc::try_unwrap(self.0).map_err(|_| Error::bug("a use case kept its transaction"))?;
        let events = open.events.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Closed { txn: open.txn, events, waits: open.waits.into_inner() })
    }
}

/// A result that holds rows, which get their revision only when the write is numbered.
pub trait Stamp {
    /// The write that made this has this number.
    fn stamp(&mut self, revision: Revision);
}

/// A queued write.
pub(super) trait Job: Send {
    fn ctx(&self) -> &Context;
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the use case; remembers its result.
    fn run(&mut self, tx: Tx) -> BoxFuture<'_, Result<(), Error>>;
    /// Answers: the revision if something changed.
    fn answer(self: Box<Self>, outcome: Result<Option<Revision>, Error>);
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
    T: Stamp + Send + 'static,
    F: Fn(Tx, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(UseCase { ctx, command: Arc::new(command), run, result: None, reply }), answer)
}

impl<C, T, F, Fut> Job for UseCase<C, T, F>
where
    C: Send + Sync + 'static,
    T: Stamp + Send + 'static,
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

    fn answer(self: Box<Self>, outcome: Result<Option<Revision>, Error>) {
        let Self { result, reply, .. } = *self;
        let answer = outcome.and_then(|revision| {
            let mut value = result.ok_or_else(|| Error::bug("a write was committed without a result"))?;
            if let Some(revision) = revision {
                value.stamp(revision);
            }
            Ok(value)
        });
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
    Pending,
    /// For the next batch, where the row it is about has a revision.
    Waiting,
    Failed(Error),
    Unchanged,
    Changed(Vec<Event>, Revision),
}

impl Slot {
    fn new(job: Box<dyn Job>) -> Self {
        Self { job, attempt: 0, outcome: Outcome::Pending }
    }

    /// Runs the use case on `txn`; gives the transaction back for the writer to end.
    async fn run(&mut self, txn: DatabaseTransaction, changed: Arc<HashSet<Subject>>) -> Result<DatabaseTransaction, DbErr> {
        let tx = Tx::new(txn, self.job.ctx().clone(), changed);
        let ran = AssertUnwindSafe(self.job.run(tx.clone())).catch_unwind().await;
        let ran = ran.unwrap_or_else(|_| Err(Error::bug("a use case panicked")));
        let Closed { txn, events, waits } = tx.close().map_err(|error| DbErr::Custom(error.to_string()))?;
        self.attempt += u8::from(!waits);
        self.outcome = match ran {
            _ if waits => Outcome::Waiting,
            Err(error) => Outcome::Failed(error),
            Ok(()) if events.is_empty() || self.job.ctx().is_dry_run() => Outcome::Unchanged,
            Ok(()) => Outcome::Changed(events, Revision::ZERO),
        };
        Ok(txn)
    }

    const fn changed(&self) -> bool {
        matches!(self.outcome, Outcome::Changed(..))
    }

    fn should_run_again(&self) -> bool {
        match self.outcome {
            Outcome::Waiting => true,
            Outcome::Failed(Error::Conflict(_)) => self.attempt < ATTEMPTS,
            Outcome::Pending | Outcome::Failed(_) | Outcome::Unchanged | Outcome::Changed(..) => false,
        }
    }

    /// What it has changed.
    fn subjects(&self) -> impl Iterator<Item = Subject> + '_ {
        let events = if let Outcome::Changed(events, _) = &self.outcome { events.as_slice() } else { &[] };
        events.iter().map(|event| event.subject)
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
            again = self.write(batch).await;
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
        Some(batch)
    }

    /// Writes a batch and answers everyone in it, except those to be run again.
    async fn write(&self, mut batch: Vec<Slot>) -> Vec<Slot> {
        if let Err(failed) = self.transact(&mut batch).await {
            for slot in &mut batch {
                slot.fail(&failed);
            }
        }
        let (again, done): (Vec<_>, Vec<_>) = batch.into_iter().partition(Slot::should_run_again);
        for slot in done {
            self.answer(slot);
        }
        again
    }

    fn answer(&self, slot: Slot) {
        let outcome = match slot.outcome {
            Outcome::Pending | Outcome::Waiting => Err(Error::bug("a write was never run")),
            Outcome::Failed(error) => Err(error),
            Outcome::Unchanged => Ok(None),
            Outcome::Changed(_, revision) => {
                self.head.seen(revision);
                Ok(Some(revision))
            }
        };
        slot.job.answer(outcome);
    }

    /// One transaction: every use case, the numbers, the events, the commit.
    async fn transact(&self, batch: &mut [Slot]) -> Result<(), Failed> {
        let txn = self.begin().await.map_err(Failed::before_commit)?;
        let txn = run_all(batch, txn).await.map_err(Failed::before_commit)?;
        if !batch.iter().any(Slot::changed) {
            return txn.rollback().await.or(Ok(())); // there is nothing to lose
        }
        number(&txn, batch).await.map_err(Failed::before_commit)?;
        txn.commit().await.map_err(Failed::in_commit)
    }

    /// The connection may have died since it was last used: then the next one is tried.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend.begin_write(&self.db).await {
            Err(error) if failure(&error) == Failure::Unavailable => self.backend.begin_write(&self.db).await,
            result => result,
        }
    }
}

/// A batch that failed as a whole.
struct Failed {
    cause: Arc<DbErr>,
    in_commit: bool,
}

impl Failed {
    fn before_commit(cause: DbErr) -> Self {
        Self { cause: Arc::new(cause), in_commit: false }
    }

    fn in_commit(cause: DbErr) -> Self {
        Self { cause: Arc::new(cause), in_commit: true }
    }

    fn error(&self) -> Error {
        let cause = Box::new(Arc::clone(&self.cause));
        match failure(&self.cause) {
            Failure::Conflict => Error::Conflict(cause),
            Failure::Unavailable if self.in_commit => Error::OutcomeUnknown(cause),
            Failure::Unavailable => Error::Unavailable(cause),
            Failure::Full => Error::StorageFull(cause),
            Failure::ReadOnly => Error::ReadOnly(cause),
            Failure::Unique | Failure::ForeignKey | Failure::Other => Error::Internal(cause),
        }
    }
}

impl Slot {
    /// The batch failed: a use case that had failed by itself keeps its own answer.
    fn fail(&mut self, failed: &Failed) {
        match self.outcome {
            Outcome::Failed(_) | Outcome::Waiting => {}
            Outcome::Pending | Outcome::Unchanged | Outcome::Changed(..) => self.outcome = Outcome::Failed(failed.error()),
        }
    }
}

/// Runs the use cases of a batch on `txn`, each behind a savepoint unless it is alone.
async fn run_all(batch: &mut [Slot], txn: DatabaseTransaction) -> Result<DatabaseTransaction, DbErr> {
    let mut changed = Arc::new(HashSet::new());
    if let [only] = batch {
        return only.run(txn, changed).await;
    }
    for slot in batch {
        let savepoint = slot.run(Backend::savepoint(&txn).await?, Arc::clone(&changed)).await?;
        if slot.changed() {
            savepoint.commit().await?;
            Arc::make_mut(&mut changed).extend(slot.subjects());
        } else {
            savepoint.rollback().await?;
        }
    }
    Ok(txn)
}

/// Gives every change its revision, in order, and appends the events. The row that holds the counter is
/// locked from here to the commit, which is what makes the numbers gap-free and in commit order.
async fn number(txn: &DatabaseTransaction, batch: &mut [Slot]) -> Result<(), DbErr> {
    let changes = batch.iter().filter(|slot| slot.changed()).count();
    let mut next = state::advance(txn, changes).await?;
    let (mut rows, mut models, mut releases) = (Vec::new(), Vec::new(), Vec::new());
    for slot in batch {
        let Outcome::Changed(events, revision) = &mut slot.outcome else { continue };
        *revision = next;
        next = Revision::new(next.number() + 1);
        for event in events.iter() {
            match event.subject {
                Subject::Model(id) => models.push((id, *revision)),
                Subject::Release(id) => releases.push((id, *revision)),
            }
        }
        rows.extend(events::rows(*revision, slot.job.ctx(), events));
    }
    events::append(txn, rows).await?;
    models::stamp(txn, &models).await?;
    releases::stamp(txn, &releases).await
}

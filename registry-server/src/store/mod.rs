//! The database: one door for writes, snapshots for reads, one query per function.
//!
//! May not: authorise, decide, or know messages. Everything that differs between SQLite and PostgreSQL is in
//! `backend.rs` (the DDL half is in the migration crate).

pub mod backend;
pub mod catalogue;
pub mod drift;
pub mod entity;
mod error;
mod events;
mod filter;
mod labels;
pub mod models;
mod page;
pub mod releases;
pub mod schema;
pub mod state;
mod target;
mod writer;

pub use backend::Backend;
pub use target::{BadUrl, Target};
pub use writer::Tx;

use crate::domain::{Context, Error, RegistryId, Revision};
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Something to read from: a [`Snapshot`], or the transaction of a write that reads what it has written.
pub trait Source: Send + Sync {
    /// The open transaction.
    fn conn(&self) -> &DatabaseTransaction;
}

/// The database as it was at one moment.
#[derive(Debug)]
pub struct Snapshot(DatabaseTransaction);

impl Source for Snapshot {
    fn conn(&self) -> &DatabaseTransaction {
        &self.0
    }
}

/// The newest revision this process knows to be committed.
#[derive(Debug, Default)]
struct Head(AtomicI64);

impl Head {
    fn seen(&self, revision: Revision) {
        self.0.fetch_max(revision.number(), Ordering::SeqCst);
    }

    fn revision(&self) -> Revision {
        Revision::new(self.0.load(Ordering::SeqCst))
    }
}

/// An open, migrated and checked database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Backend,
    reads: DatabaseConnection,
    jobs: mpsc::Sender<Box<dyn writer::Job>>,
    head: Arc<Head>,
    identity: Arc<Identity>,
}

/// What the database was given when it was created.
pub struct Identity {
    /// Which registry this is.
    pub registry_id: RegistryId,
    /// Authenticates page tokens.
    pub page_token_key: Vec<u8>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("registry_id", &self.registry_id).finish_non_exhaustive()
    }
}

/// The task that owns the write connection. It ends when every [`Store`] is gone.
#[derive(Debug)]
#[must_use = "await `finished` after the last Store is dropped, or acknowledged writes race with process exit"]
pub struct WriterTask(JoinHandle<()>);

impl WriterTask {
    /// Waits until everything that was queued is committed and answered.
    pub async fn finished(self) {
        if let Err(error) = self.0.await {
            tracing::error!(%error, "the writer ended abnormally");
        }
    }
}

impl Store {
    /// Opens `target`: takes its lock, brings the schema up to date, compares it with what this binary
    /// needs, and starts the writer.
    ///
    /// # Errors
    /// [`schema::OpenError`], whose sentence is for the operator: it names table and column on drift and
    /// never holds a password.
    pub async fn open(target: &Target) -> Result<(Self, WriterTask), schema::OpenError> {
        let (writes, reads, lock) = schema::open(target).await?;
        let backend = target.backend();
        let state = state::load(&writes).await?;
        let head = Arc::new(Head::default());
        head.seen(state.revision);
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        let task = tokio::spawn(writer::Writer::new(backend, writes, queue, Arc::clone(&head), lock).run());
        let identity = Identity { registry_id: state.registry_id, page_token_key: state.page_token_key };
        Ok((Self { backend, reads, jobs, head, identity: Arc::new(identity) }, WriterTask(task)))
    }

    /// Which registry this is, and the key of its page tokens.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The newest revision this process knows to be committed: exact on SQLite; on PostgreSQL another
    /// replica may be ahead.
    #[must_use]
    pub fn head(&self) -> Revision {
        self.head.revision()
    }

    /// A consistent view to read from. Not to be held across an await on the network.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database cannot be reached.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        Ok(Snapshot(self.backend.begin_read(&self.reads).await?))
    }

    /// Runs a use case in the writer: everything it does commits, or nothing. The answer comes after the
    /// commit. A caller that goes away does not interrupt it once it has begun. `use_case` may run more than
    /// once, each time on a clean slate, when the database reports a conflict.
    ///
    /// # Errors
    /// Those of the use case; [`Error::Unavailable`] if nothing was written because the database is away;
    /// [`Error::OutcomeUnknown`] if the answer to the commit was lost.
    pub async fn write<C, T, F, Fut>(&self, ctx: &Context, command: C, use_case: F) -> Result<T, Error>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        F: Fn(Tx, Arc<C>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (job, answer) = writer::job(ctx.clone(), command, use_case);
        self.jobs.send(job).await.map_err(|_| Error::ShuttingDown)?;
        // A write that was accepted and never answered may have happened.
        answer.await.map_err(|lost| Error::OutcomeUnknown(lost.into()))?
    }

    /// Whether the database answers and the writer lives.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<Revision, Error> {
        if self.jobs.is_closed() {
            return Err(Error::ShuttingDown);
        }
        self.current_revision(&self.snapshot().await?).await
    }

    /// The revision of a snapshot.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn current_revision(&self, source: &impl Source) -> Result<Revision, Error> {
        let revision = state::revision(source).await?;
        self.head.seen(revision);
        Ok(revision)
    }
}

//! The database: one door for writes, snapshots for reads, one query per function.
//!
//! May not: authorise, decide, or know messages. Everything that differs between SQLite and PostgreSQL is in
//! `backend.rs` (the DDL half is in the migration crate).

pub mod aliases;
pub mod answers;
pub mod api_keys;
pub mod artifacts;
mod asker;
pub mod audit;
pub mod backend;
pub mod backup;
mod batch;
mod bookkeeping;
pub mod catalogue;
pub mod contents;
pub mod deployments;
pub mod differences;
pub mod drift;
pub mod entity;
mod error;
pub mod events;
mod filter;
mod fresh;
mod glance;
mod head;
pub mod imports;
mod inline;
mod job;
mod labels;
pub mod legacy;
mod lock;
pub mod migrations;

pub mod models;
mod page;
pub mod releases;
pub mod removal;
pub mod resolve;
mod rows;
mod running;
pub mod schema;
mod stamps;
pub mod state;
pub mod stored;
mod target;
pub mod transfers;
mod tx;
pub mod uploads;
mod visible;
mod wanted;
mod writer;

pub use backend::Backend;
pub use events::{Picture, Subject};
pub use fresh::Fresh;
pub use glance::Glance;
pub use job::{Answer, Shared, Together, Unkeyed, UseCase, Written};
pub use schema::Migrating;
pub use stamps::Mark;
pub use target::{BadUrl, Target};
pub use tx::Tx;

use crate::domain::{Context, Error, RegistryId, Revision, Scope};
use crate::metrics::{Pool, Work};
use head::Head;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction};
use stamps::Stamps;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use writer::Writer;

/// Something to read from: a [`Snapshot`], or the transaction of a write that reads what it has written.
pub trait Source: Send + Sync {
    /// What statements are given to.
    type Conn: ConnectionTrait;

    /// The open transaction, or whatever stands for it.
    fn conn(&self) -> &Self::Conn;
    /// Which models there are for whoever reads.
    fn scope(&self) -> &Scope;
}

/// The database as it was at one moment, as far as somebody can see it.
#[derive(Debug)]
pub struct Snapshot(DatabaseTransaction, Scope);

impl Source for Snapshot {
    type Conn = DatabaseTransaction;

    fn conn(&self) -> &DatabaseTransaction {
        &self.0
    }

    fn scope(&self) -> &Scope {
        &self.1
    }
}

/// An open, migrated and checked database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Backend,
    reads: DatabaseConnection,
    looks: DatabaseConnection,
    exports: DatabaseConnection,
    jobs: mpsc::Sender<Box<dyn job::Job>>,
    head: Arc<Head>,
    fresh: Fresh,
    identity: Arc<Identity>,
    work: Work,
    /// Ends with the last clone.
    _follower: Option<Arc<AbortOnDropHandle<()>>>,
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
    /// needs, and starts the writer. Events keep the `picture` of their resource.
    ///
    /// # Errors
    /// [`schema::OpenError`], whose sentence is for the operator: it names table and column on drift and
    /// never holds a password.
    pub async fn open(target: &Target, picture: Picture) -> Result<(Self, WriterTask), schema::OpenError> {
        Self::open_migrating(target, picture, Migrating::Auto, Work::default()).await
    }

    /// The same, does about pending migrations what it is told, and counts its work.
    ///
    /// # Errors
    /// [`schema::OpenError`].
    pub async fn open_migrating(
        target: &Target,
        picture: Picture,
        migrating: Migrating,
        work: Work,
    ) -> Result<(Self, WriterTask), schema::OpenError> {
        let schema::Connections { writes, reads, looks, lock } = schema::open(target, migrating).await?;
        let backend = target.backend();
        let exports = Backend::connect_exporters(target).await?;
        let state = state::load(&writes).await?;
        let head = Arc::new(Head::new(backend, &state));
        let stamps = Arc::new(Stamps::new(backend, state.revision));
        let channel = head::channel(state.registry_id);
        let follower = head::follow(target, looks.clone(), channel.clone(), Arc::clone(&head)).map(Arc::new);
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        let fresh = Fresh::of(target, &stamps, (&looks, state.registry_id), &work)?;
        let writer = Writer {
            backend,
            db: writes,
            queue,
            head: Arc::clone(&head),
            stamps,
            picture,
            channel,
            lock,
            work: work.clone(),
            footing: running::Footing::Together,
        };
        let task = tokio::spawn(writer.run());
        let identity = Identity { registry_id: state.registry_id, page_token_key: state.page_token_key };
        let identity = Arc::new(identity);
        let store = Self { backend, reads, looks, exports, jobs, head, fresh, identity, work, _follower: follower };
        Ok((store, WriterTask(task)))
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

    /// Is told when [`head`](Self::head) moves.
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<Revision> {
        self.head.subscribe()
    }

    /// The revision of the newest change of an API key that this process knows of.
    #[must_use]
    pub fn keys_head(&self) -> Revision {
        self.head.keys()
    }

    /// Is told when [`keys_head`](Self::keys_head) moves.
    #[must_use]
    pub fn keys_heads(&self) -> watch::Receiver<Revision> {
        self.head.subscribe_to_keys()
    }

    /// Until when what was read holds.
    #[must_use]
    pub const fn fresh(&self) -> &Fresh {
        &self.fresh
    }

    /// How long other servers may have written without this one knowing.
    #[must_use]
    pub fn blind_for(&self) -> Duration {
        self.head.blind_for()
    }

    /// Looks for what other servers have written.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database cannot be reached.
    pub async fn look(&self) -> Result<(), Error> {
        head::look(&self.looks, &self.head).await
    }

    /// The database for that, as it is now.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it cannot be reached.
    pub async fn glimpse(&self) -> Result<Snapshot, Error> {
        Ok(Snapshot(Backend::begin_read(&self.looks).await?, Scope::everything()))
    }

    /// A consistent view to read from, for somebody for whom there are these models. Not to be held across an await on the
    /// network.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database cannot be reached.
    pub async fn snapshot(&self, scope: &Scope) -> Result<Snapshot, Error> {
        let began = Instant::now();
        let snapshot = Backend::begin_read(&self.reads).await;
        self.work.read(began.elapsed());
        Ok(Snapshot(snapshot?, scope.clone()))
    }

    /// The same for what is read by one statement.
    #[must_use]
    pub fn glance(&self, scope: &Scope) -> Glance {
        Glance::new(self.reads.clone(), scope.clone())
    }

    /// The same on a connection of its own, which may be held for as long as somebody takes what is read from it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database cannot be reached.
    pub async fn long_snapshot(&self, scope: &Scope) -> Result<Snapshot, Error> {
        Ok(Snapshot(Backend::begin_read(&self.exports).await?, scope.clone()))
    }

    /// Runs a use case in the writer: everything it does commits, or nothing. The answer, made of its result by
    /// `convert`, comes after the commit; if the call has a key, it is kept in the same transaction, and a later call
    /// with that key is given it instead of being run. A caller that goes away does not interrupt a use case that has
    /// begun. `use_case` may run more than once, each time on a clean slate, when the database reports a conflict.
    ///
    /// # Errors
    /// Those of the use case; [`Error::RequestIdReused`]; [`Error::Unavailable`] if nothing was written because the
    /// database is away; [`Error::OutcomeUnknown`] if the answer to the commit was lost.
    pub async fn write<C, T, R>(
        &self,
        ctx: &Context,
        command: C,
        use_case: impl UseCase<C, T>,
        convert: impl Fn(T, &Context) -> R + Send + Sync + 'static,
    ) -> Result<Written<R>, Error>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        R: Answer,
    {
        let (job, outcome) = job::job(ctx.clone(), command, use_case, convert);
        self.jobs.send(job).await.map_err(|_| Error::ShuttingDown)?;
        // A write that was accepted and never answered may have happened.
        outcome.await.map_err(|lost| Error::OutcomeUnknown(lost.into()))?
    }

    /// How many writes wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.jobs.max_capacity().saturating_sub(self.jobs.capacity())
    }

    /// The connections that read and export.
    #[must_use]
    pub fn pools(&self) -> [Pool; 2] {
        [self.backend.pool("read", &self.reads), self.backend.pool("export", &self.exports)]
    }

    /// Whether the database answers and the writer lives.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<Revision, Error> {
        if self.jobs.is_closed() {
            return Err(Error::ShuttingDown);
        }
        self.current_revision(&self.snapshot(&Scope::everything()).await?).await
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

//! Opening a database: its lock, its migrations, its drift check, in this order, before anything is served. And the same without a
//! server, for the commands that look at a schema or change it.

use super::backend::Backend;
use super::bookkeeping::{APPLIED, CHECKSUMS};
use super::catalogue;
use super::drift;
use super::lock::{FileLock, MigrationLock};
use super::migrations::{self, History};
use super::target::Target;
use futures::{join, try_join};
use registry_migration::Script;
use sea_orm::{DatabaseConnection, DbErr};

/// The table that every registry has, whichever release made it. (Other programs have one of migrations, too.)
const STATE: &str = "registry_state";

/// What a server does about migrations that its database has not had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Migrating {
    /// Applies them.
    #[default]
    Auto,
    /// Refuses to start.
    Check,
    /// Does not look for them.
    Off,
}

/// Why a database was not opened: sentences for the operator. None of them holds a password.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum OpenError {
    #[error("{0}")]
    InUse(String),
    #[error("cannot open the database ({target}): {cause}")]
    Connect { target: String, cause: DbErr },
    #[error("{0}")]
    Unfit(String),
    #[error(
        "the database is newer than this server: it has had the migration `{0}`, which this server does not know; run the server that made it, or a newer one"
    )]
    Newer(String),
    #[error("the database ({target}) holds the tables {tables} and is not a registry's: nothing was changed in it")]
    Foreign { target: String, tables: String },
    #[error(
        "the migration `{name}` was changed after this database had had it: it said what has the checksum {then}, and in this server it has {now}; nothing was changed. Run the server that made this database, or one whose migrations were not edited"
    )]
    Edited { name: String, then: String, now: String },
    #[error(
        "the database has not had {}, and this server was told not to migrate (--migrations=check): run `registry-server migrate up`, or start with --migrations=auto", names(.0)
    )]
    Pending(Vec<String>),
    #[error("a migration failed and was rolled back: {0}")]
    Migrate(DbErr),
    #[error("the database is not what this server needs, so it does not serve:\n  - {}", .0.join("\n  - "))]
    Drift(Vec<String>),
    #[error("the database failed while it was opened: {0}")]
    Database(#[from] DbErr),
}

fn names(migrations: &[String]) -> String {
    let names: Vec<String> = migrations.iter().map(|name| format!("`{name}`")).collect();
    format!("the migration{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}

/// What a database is used by.
pub(super) struct Connections {
    /// The one that writes.
    pub(super) writes: DatabaseConnection,
    /// Those that read.
    pub(super) reads: DatabaseConnection,
    /// The one that looks for what other servers have done.
    pub(super) looks: DatabaseConnection,
    /// Keeps other servers out, where there may be none.
    pub(super) lock: FileLock,
}

/// Opens `target`.
pub(super) async fn open(target: &Target, migrating: Migrating) -> Result<Connections, OpenError> {
    let connect = |cause| unreachable_at(target, cause);
    let ((migrates, lock), turn) = try_join!(hold(target), async { MigrationLock::take(target).await.map_err(connect) })?;
    let connected = match prepare(target, &migrates, migrating).await {
        Ok(()) => try_join!(Backend::connect_writer(target), Backend::connect_to_read(target)).map_err(connect),
        Err(error) => Err(error),
    };
    // Not before there are others: whoever is the last one of a SQLite file takes its WAL away, and the next one makes it again.
    let (closed, ()) = join!(migrates.close(), turn.release());
    let (writes, (reads, looks)) = connected?;
    closed?;
    Ok(Connections { writes, reads, looks, lock })
}

fn unreachable_at(target: &Target, cause: DbErr) -> OpenError {
    OpenError::Connect { target: target.to_string(), cause }
}

/// Locks it and connects to migrate, if it is a registry's or nobody's.
async fn hold(target: &Target) -> Result<(DatabaseConnection, FileLock), OpenError> {
    let connect = |cause| unreachable_at(target, cause);
    let lock = FileLock::take(target).map_err(OpenError::InUse)?;
    if let Some(db) = Backend::connect_to_look(target).await.map_err(connect)? {
        let refused = refuse_unfit(target, &db).await;
        db.close().await?;
        refused?;
    }
    let migrates = Backend::connect_migrator(target).await.map_err(connect)?;
    target.backend().check(&migrates).await.map_err(OpenError::Unfit)?;
    Ok((migrates, lock))
}

async fn prepare(target: &Target, db: &DatabaseConnection, migrating: Migrating) -> Result<(), OpenError> {
    let backend = target.backend();
    let history = fitting(backend, db).await?;
    match migrating {
        Migrating::Auto => drop(migrations::up(backend, db, &history, None).await.map_err(OpenError::Migrate)?),
        Migrating::Check => refuse_pending(&history)?,
        Migrating::Off => {}
    }
    let findings = drift::findings(backend, &catalogue::read(backend, db).await?);
    if findings.is_empty() { Ok(()) } else { Err(OpenError::Drift(findings)) }
}

/// A file that does not fit is left as it is: connecting to write may already change it.
async fn refuse_unfit(target: &Target, db: &DatabaseConnection) -> Result<(), OpenError> {
    let history = History::read(target.backend(), db).await?;
    refuse_foreign(target, db, &history).await?;
    fit(history).map(drop)
}

/// A SQLite file of another program is left alone. (In PostgreSQL a schema may hold extensions' tables.)
async fn refuse_foreign(target: &Target, db: &DatabaseConnection, history: &History) -> Result<(), OpenError> {
    if history.knows_some() {
        return Ok(());
    }
    let before = catalogue::read(target.backend(), db).await?;
    // What is left where everything was undone, or nothing was done yet.
    let only_notes = before.keys().all(|table| table == APPLIED || table == CHECKSUMS);
    if before.contains_key(STATE) || (only_notes && history.applied.is_empty()) {
        return Ok(());
    }
    let tables: Vec<&str> = before.keys().take(5).map(String::as_str).collect();
    Err(OpenError::Foreign { target: target.to_string(), tables: tables.join(", ") })
}

/// What the database has had, if this server knows all of it and it says what it said.
async fn fitting(backend: Backend, db: &DatabaseConnection) -> Result<History, OpenError> {
    fit(History::read(backend, db).await?)
}

fn fit(history: History) -> Result<History, OpenError> {
    let history = not_newer(history)?;
    if let Some((name, then, now)) = history.edited().into_iter().next() {
        return Err(OpenError::Edited { name: name.to_owned(), then: then.to_owned(), now });
    }
    Ok(history)
}

/// What the database has had, if this server knows all of it.
pub(super) async fn refuse_newer(backend: Backend, db: &DatabaseConnection) -> Result<History, OpenError> {
    not_newer(History::read(backend, db).await?)
}

fn not_newer(history: History) -> Result<History, OpenError> {
    match history.unknown() {
        Some(unknown) => Err(OpenError::Newer(unknown.name.clone())),
        None => Ok(history),
    }
}

fn refuse_pending(history: &History) -> Result<(), OpenError> {
    let pending: Vec<String> = history.pending().map(|script| script.name().to_owned()).collect();
    if pending.is_empty() { Ok(()) } else { Err(OpenError::Pending(pending)) }
}

/// The schema of a database, without a server.
#[derive(Debug)]
pub struct Schema {
    target: Target,
    /// There is none where there is no file.
    db: Option<DatabaseConnection>,
    /// Held for as long as something may be changed.
    _held: Option<(FileLock, MigrationLock)>,
}

impl Schema {
    /// To look at: nothing is changed, and servers may run meanwhile.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn look(target: &Target) -> Result<Self, OpenError> {
        let db = Backend::connect_read_only(target).await.map_err(|cause| unreachable_at(target, cause))?;
        if let (Some(db), Backend::Sqlite) = (&db, target.backend()) {
            refuse_foreign(target, db, &History::read(target.backend(), db).await?).await?;
        }
        Ok(Self { target: target.clone(), db, _held: None })
    }

    /// To change: no server runs on a SQLite meanwhile, and none migrates a PostgreSQL.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn hold(target: &Target) -> Result<Self, OpenError> {
        let (db, lock) = hold(target).await?;
        let turn = MigrationLock::take(target).await.map_err(|cause| unreachable_at(target, cause))?;
        Ok(Self { target: target.clone(), db: Some(db), _held: Some((lock, turn)) })
    }

    /// Which migrations it has had, and which there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn history(&self) -> Result<History, OpenError> {
        let backend = self.target.backend();
        Ok(match &self.db {
            Some(db) => History::read(backend, db).await?,
            None => History::of_nothing(backend).await?,
        })
    }

    /// Everything that keeps this server from it, one sentence each.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn findings(&self) -> Result<Vec<String>, OpenError> {
        let Some(db) = &self.db else { return Ok(vec!["there is no database yet".to_owned()]) };
        let history = match fitting(self.target.backend(), db).await {
            Ok(history) => history,
            Err(error @ (OpenError::Newer(_) | OpenError::Edited { .. })) => return Ok(vec![error.to_string()]),
            Err(error) => return Err(error),
        };
        // What a migration would bring is no drift.
        let pending: Vec<String> =
            history.pending().map(|script| format!("the migration `{}` is pending", script.name())).collect();
        if !pending.is_empty() {
            return Ok(pending);
        }
        Ok(drift::findings(self.target.backend(), &catalogue::read(self.target.backend(), db).await?))
    }

    /// Applies up to `steps` migrations, all if it is not said. Their names.
    ///
    /// # Errors
    /// [`OpenError`], also if the database does not fit this server.
    pub async fn up(&self, steps: Option<usize>) -> Result<Vec<String>, OpenError> {
        let Some(db) = &self.db else { return Ok(Vec::new()) };
        let history = fitting(self.target.backend(), db).await?;
        migrations::up(self.target.backend(), db, &history, steps).await.map_err(OpenError::Migrate)
    }

    /// What would be said to undo the last `steps` migrations, newest first.
    ///
    /// # Errors
    /// [`OpenError`], also if the database does not fit this server.
    pub async fn undoing(&self, steps: usize) -> Result<Vec<Script>, OpenError> {
        let Some(db) = &self.db else { return Ok(Vec::new()) };
        let history = fitting(self.target.backend(), db).await?;
        Ok(migrations::undoing(self.target.backend(), &history, steps).await?)
    }

    /// Undoes them, with what is in the tables and columns that go. Their names.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn down(&self, scripts: &[Script]) -> Result<Vec<String>, OpenError> {
        let Some(db) = &self.db else { return Ok(Vec::new()) };
        migrations::down(self.target.backend(), db, scripts).await.map_err(OpenError::Migrate)
    }
}

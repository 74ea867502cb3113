//! Runs migrations: one at a time, each in a transaction with the note that it was applied, so that whatever interrupts it leaves
//! all of it or nothing.
//!
//! May not: choose what to do about a database that does not fit; `schema.rs` refuses it.

use super::backend::Backend;
use super::bookkeeping::{self, Applied};
use registry_migration::{Migrator, MigratorTrait, Script, Way};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr};
use std::collections::{BTreeMap, BTreeSet};

/// How the migrations of this server and those of a database stand to each other.
#[derive(Debug)]
pub struct History {
    /// Those that the database has had, oldest first.
    pub applied: Vec<Applied>,
    /// Those of this server, oldest first.
    pub scripts: Vec<Script>,
}

impl History {
    /// Reads it, and changes nothing.
    pub(super) async fn read(backend: Backend, db: &DatabaseConnection) -> Result<Self, DbErr> {
        Ok(Self { applied: bookkeeping::read(backend, db).await?, scripts: scripts(backend, Way::Up).await? })
    }

    /// That of a database that is not there yet.
    pub(super) async fn of_nothing(backend: Backend) -> Result<Self, DbErr> {
        Ok(Self { applied: Vec::new(), scripts: scripts(backend, Way::Up).await? })
    }

    /// What is to be applied, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Script> {
        let applied: BTreeSet<&str> = self.applied.iter().map(|applied| applied.name.as_str()).collect();
        self.scripts.iter().filter(move |script| !applied.contains(script.name()))
    }

    /// Whether the database has had one of this server's.
    pub(super) fn knows_some(&self) -> bool {
        self.scripts.iter().any(|script| self.applied.iter().any(|applied| applied.name == script.name()))
    }

    /// One that the database has had and this server does not know: a newer one made it.
    #[must_use]
    pub fn unknown(&self) -> Option<&Applied> {
        let known: BTreeSet<&str> = self.scripts.iter().map(Script::name).collect();
        self.applied.iter().find(|applied| !known.contains(applied.name.as_str()))
    }

    /// Those that said something else when they were applied: the name, what it said then, what it says now.
    #[must_use]
    pub fn edited(&self) -> Vec<(&str, &str, String)> {
        let now = self.checksums();
        let edited = self.applied.iter().filter_map(|applied| {
            let (then, now) = (applied.checksum.as_deref()?, now.get(applied.name.as_str())?);
            (then != now).then(|| (applied.name.as_str(), then, now.clone()))
        });
        edited.collect()
    }

    fn checksums(&self) -> BTreeMap<&str, String> {
        self.scripts.iter().map(|script| (script.name(), script.checksum())).collect()
    }
}

/// What the migrations of this server say, oldest first.
async fn scripts(backend: Backend, way: Way) -> Result<Vec<Script>, DbErr> {
    let mut scripts = Vec::new();
    for migration in Migrator::migrations() {
        scripts.push(Script::of(migration.as_ref(), dialect(backend), way).await?);
    }
    Ok(scripts)
}

/// The words of a database.
pub(super) const fn dialect(backend: Backend) -> DbBackend {
    match backend {
        Backend::Sqlite => DbBackend::Sqlite,
        Backend::Postgres => DbBackend::Postgres,
    }
}

/// What the last `steps` migrations of a database say to be undone, newest first.
pub(super) async fn undoing(backend: Backend, history: &History, steps: usize) -> Result<Vec<Script>, DbErr> {
    let last: BTreeSet<&str> = history.applied.iter().rev().take(steps).map(|applied| applied.name.as_str()).collect();
    let scripts = scripts(backend, Way::Down).await?.into_iter().rev();
    Ok(scripts.filter(|script| last.contains(script.name())).collect())
}

/// Applies up to `steps` of what is pending, and notes what the others said if a release applied them that did not. The names of
/// those that were applied.
pub(super) async fn up(
    backend: Backend,
    db: &DatabaseConnection,
    history: &History,
    steps: Option<usize>,
) -> Result<Vec<String>, DbErr> {
    adopt(backend, db, history).await?;
    let mut done = Vec::new();
    for script in history.pending().take(steps.unwrap_or(usize::MAX)) {
        let txn = backend.begin_migration(db).await?;
        // What was still going on for a server that was killed has ended by now, one way or the other.
        if bookkeeping::has(&txn, script.name()).await? {
            txn.rollback().await?;
            continue;
        }
        say(&txn, script).await?;
        bookkeeping::note_applied(&txn, script.name()).await?;
        said();
        bookkeeping::note_checksum(&txn, script.name(), &script.checksum()).await?;
        said();
        backend.commit_migration(txn).await?;
        said();
        tracing::info!(migration = script.name(), "applied a migration");
        done.push(script.name().to_owned());
    }
    Ok(done)
}

/// The tables of the bookkeeping, and the checksums of what was applied before there were any: what it says today is taken for what
/// it said then.
async fn adopt(backend: Backend, db: &DatabaseConnection, history: &History) -> Result<(), DbErr> {
    let unsigned: Vec<&Applied> = history.applied.iter().filter(|applied| applied.checksum.is_none()).collect();
    if unsigned.is_empty() && !history.applied.is_empty() {
        return Ok(());
    }
    let checksums = history.checksums();
    let txn = backend.begin_migration(db).await?;
    bookkeeping::create(&txn).await?;
    said();
    for applied in unsigned {
        if let Some(checksum) = checksums.get(applied.name.as_str()) {
            bookkeeping::note_checksum(&txn, &applied.name, checksum).await?;
            said();
        }
    }
    backend.commit_migration(txn).await?;
    said();
    Ok(())
}

/// Undoes these, in this order. Their names.
pub(super) async fn down(backend: Backend, db: &DatabaseConnection, scripts: &[Script]) -> Result<Vec<String>, DbErr> {
    let mut undone = Vec::new();
    for script in scripts {
        let txn = backend.begin_migration(db).await?;
        // A release that kept no checksums has no table for them.
        bookkeeping::create(&txn).await?;
        if !bookkeeping::has(&txn, script.name()).await? {
            txn.rollback().await?;
            continue;
        }
        say(&txn, script).await?;
        bookkeeping::forget(&txn, script.name()).await?;
        backend.commit_migration(txn).await?;
        tracing::warn!(migration = script.name(), "undid a migration");
        undone.push(script.name().to_owned());
    }
    Ok(undone)
}

#[expect(clippy::disallowed_methods, reason = "these are the very statements of the migration")]
async fn say(txn: &DatabaseTransaction, script: &Script) -> Result<(), DbErr> {
    for statement in script.statements() {
        txn.execute_raw(statement.clone()).await?;
        said();
    }
    Ok(())
}

/// A statement was carried out: a place to be killed at.
fn said() {
    #[cfg(feature = "sabotage")]
    crate::sabotage::said();
}

//! Opening a database: its lock, its migrations, its drift check, in this order, before anything is served.

use super::backend::{Backend, FileLock, MigrationLock};
use super::catalogue::{self, Catalogue};
use super::drift;
use super::target::Target;
use registry_migration::{Migrator, MigratorTrait};
use sea_orm::{DatabaseConnection, DbErr};
use std::collections::BTreeSet;

const APPLIED: &str = "seaql_migrations";

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
    #[error("a migration failed and was rolled back: {0}")]
    Migrate(DbErr),
    #[error("the database is not what this server needs, so it does not serve:\n  - {}", .0.join("\n  - "))]
    Drift(Vec<String>),
    #[error("the database failed while it was opened: {0}")]
    Database(#[from] DbErr),
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
pub(super) async fn open(target: &Target) -> Result<Connections, OpenError> {
    let connect = |cause| OpenError::Connect { target: target.to_string(), cause };
    let lock = FileLock::take(target).map_err(OpenError::InUse)?;
    if let Some(db) = Backend::connect_to_look(target).await.map_err(connect)? {
        let refused = refuse_foreign(target, &db).await;
        db.close().await?;
        refused?;
    }
    let writes = Backend::connect_writer(target).await.map_err(connect)?;
    target.backend().check(&writes).await.map_err(OpenError::Unfit)?;
    let migrating = MigrationLock::take(target).await.map_err(connect)?;
    let ready = prepare(target, &writes).await;
    migrating.release().await;
    ready?;
    let reads = Backend::connect_readers(target).await.map_err(connect)?;
    let looks = Backend::connect_looker(target, &reads).await.map_err(connect)?;
    Ok(Connections { writes, reads, looks, lock })
}

async fn prepare(target: &Target, db: &DatabaseConnection) -> Result<(), OpenError> {
    refuse_newer(db, &catalogue::read(target.backend(), db).await?).await?;
    Migrator::up(db, None).await.map_err(OpenError::Migrate)?;
    let findings = drift::findings(target.backend(), &catalogue::read(target.backend(), db).await?);
    if findings.is_empty() { Ok(()) } else { Err(OpenError::Drift(findings)) }
}

/// A SQLite file of another program is left alone. (In PostgreSQL a schema may hold extensions' tables.)
async fn refuse_foreign(target: &Target, db: &DatabaseConnection) -> Result<(), OpenError> {
    let before = catalogue::read(target.backend(), db).await?;
    if before.is_empty() || before.contains_key(APPLIED) {
        return Ok(());
    }
    let tables: Vec<&str> = before.keys().take(5).map(String::as_str).collect();
    Err(OpenError::Foreign { target: target.to_string(), tables: tables.join(", ") })
}

pub(super) async fn refuse_newer(db: &DatabaseConnection, before: &Catalogue) -> Result<(), OpenError> {
    if !before.contains_key(APPLIED) {
        return Ok(());
    }
    let known: BTreeSet<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let applied = Migrator::get_migration_models(db).await?;
    match applied.into_iter().find(|migration| !known.contains(&migration.version)) {
        Some(unknown) => Err(OpenError::Newer(unknown.version)),
        None => Ok(()),
    }
}

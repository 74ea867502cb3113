//! The locks that keep servers out of each other's way while a database is opened: of a file for as long as it is used, of PostgreSQL for
//! as long as somebody migrates it.
//!
//! May not: know tables or migrations.

use super::backend::{Backend, connect, options};
use super::target::Target;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, sqlx};
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Any number will do, as long as every server of a database takes the same.
pub(super) const MIGRATION_LOCK: i64 = 0x6d6f_6465_6c72_6567;

/// Keeps other servers out: of the file on SQLite for as long as it is held; on PostgreSQL nothing is held
/// beyond the migrations.
#[derive(Debug)]
pub struct FileLock(#[expect(dead_code, reason = "held, not used")] Option<File>);

impl FileLock {
    /// The same, of a database that must be there already.
    pub(super) fn take_existing(target: &Target) -> Result<Self, String> {
        match target {
            Target::Sqlite(path) if fs::metadata(path).map_or(0, |file| file.len()) == 0 => {
                Err(format!("there is no database at {}", path.display()))
            }
            Target::Sqlite(_) | Target::Postgres(_) => Self::take(target),
        }
    }

    /// Takes the lock file beside the database, or says who is in the way.
    pub(super) fn take(target: &Target) -> Result<Self, String> {
        let Target::Sqlite(path) = target else { return Ok(Self(None)) };
        let path = &real(path).map_err(|error| format!("cannot find {}: {error}", path.display()))?;
        let lock = path.with_added_extension("lock");
        let cannot = |path: &Path, error: io::Error| format!("cannot open {}: {error}", path.display());
        let file =
            make_private(&lock).and_then(|()| File::options().write(true).open(&lock)).map_err(|error| cannot(&lock, error))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => format!("another server is using this database (it holds {}); one SQLite file serves one server, several servers share a PostgreSQL", lock.display()),
            TryLockError::Error(error) => format!("cannot lock {}: {error}", lock.display()),
        })?;
        // SQLite would let everybody read it; its WAL has the permissions of the file.
        make_private(path).map_err(|error| cannot(path, error))?;
        Ok(Self(Some(file)))
    }
}

/// The path without symbolic links, so that one file has one lock however it is called. The file may be missing.
fn real(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(directory.canonicalize()?.join(path.file_name().unwrap_or_default()))
        }
        found => found,
    }
}

/// Makes an empty file for nobody but its owner, whatever the umask. One that is there is not even opened: closing
/// it would take away the locks that SQLite may have on it in this process.
fn make_private(path: &Path) -> io::Result<()> {
    match File::options().create_new(true).write(true).mode(0o600).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(0o600)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The right to migrate a PostgreSQL, until dropped or released; any number of servers may start at once.
#[derive(Debug)]
pub struct MigrationLock(Option<DatabaseConnection>);

impl MigrationLock {
    #[expect(clippy::disallowed_methods, reason = "the file where SQL may be spelled out")]
    pub(super) async fn take(target: &Target) -> Result<Self, DbErr> {
        if target.backend() == Backend::Sqlite {
            return Ok(Self(None)); // the file lock is enough
        }
        let mut options = options(target);
        // The lock is the session's: it must be this one session until the end, and for as long as another server migrates.
        options.min_connections(1).max_connections(1).idle_timeout(None).max_lifetime(None).statement_timeout(Duration::ZERO);
        options.map_sqlx_postgres_opts(waiting);
        let db = connect(options).await?;
        if !Self::try_take(&db).await? {
            tracing::info!("another server migrates this database: waiting until it has ended");
            db.execute_unprepared(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
        }
        Ok(Self(Some(db)))
    }

    #[expect(clippy::disallowed_methods, reason = "the file where SQL may be spelled out")]
    async fn try_take(db: &DatabaseConnection) -> Result<bool, DbErr> {
        let sql = format!("SELECT pg_try_advisory_lock({MIGRATION_LOCK}) AS taken");
        match db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await? {
            Some(row) => row.try_get("", "taken"),
            None => Ok(false),
        }
    }

    /// Lets the next server in.
    pub(super) async fn release(self) {
        if let Some(db) = self.0 {
            // The lock is the session's: closing the connection frees it.
            let _ = db.close().await;
        }
    }
}

/// What holds for the connection that holds the lock: it waits without end, and PostgreSQL finds out within minutes if the machine at
/// its other end has vanished, so that the others do not.
fn waiting(postgres: sqlx::postgres::PgConnectOptions) -> sqlx::postgres::PgConnectOptions {
    postgres.options([
        ("lock_timeout", "0"),
        ("tcp_keepalives_idle", "60"),
        ("tcp_keepalives_interval", "10"),
        ("tcp_keepalives_count", "6"),
    ])
}

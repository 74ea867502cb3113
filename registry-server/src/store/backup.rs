//! A copy of the database of a running server, and a registry out of such a copy.
//!
//! May not: copy the bytes of artifacts, which are in the storage; copy a PostgreSQL, which has its own tools for it.

use super::backend::{Backend, FileLock};
use super::catalogue;
use super::entity::state::{self, Column};
use super::target::Target;
use super::{schema, state as states};
use crate::domain::{RegistryId, Revision};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter, Statement};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How far ahead of the backup a restored registry goes on. More than any registry writes between a backup and its loss: what
/// anybody has seen of the time after the backup is behind it, so that nobody goes on from a revision that now means something else.
const AHEAD: i64 = 1_000_000_000;

/// Why there is no backup, or no registry out of it: sentences for the operator.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum BackupError {
    #[error("{0}")]
    Refused(String),
    #[error("{path}: {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Open(#[from] schema::OpenError),
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
}

/// What was copied, or made of a copy.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// Which registry it is.
    pub registry_id: RegistryId,
    /// How far it had come.
    pub revision: Revision,
    /// How large the file is; 0 if there is none.
    pub bytes: u64,
}

/// Copies a SQLite database to a file, as it is at one moment, while servers go on writing. The file is there when it is
/// complete, verified and on disk, or not at all; nobody but its owner can read it. `began` is told which file grows meanwhile, and to about
/// how many bytes.
///
/// # Errors
/// [`BackupError`]: then there is no new file.
pub async fn backup(
    target: &Target,
    file: &Path,
    overwrite: bool,
    began: impl FnOnce(&Path, u64),
) -> Result<Copied, BackupError> {
    let Target::Sqlite(database) = target else {
        return refused(
            "a PostgreSQL is backed up with its own tools, for example: pg_dump --format=custom (docs/BACKUP.md says how)",
        );
    };
    if !overwrite && file.exists() {
        return refused(format!("{} exists: name another file, or say --overwrite", file.display()));
    }
    if let (Ok(database), Ok(file)) = (database.canonicalize(), file.canonicalize())
        && database == file
    {
        return refused(format!("{} is the database itself", file.display()));
    }
    let Some(db) = Backend::connect_to_look(target).await? else {
        return refused(format!("there is no database at {}", database.display()));
    };
    must_be_registry(&db, database).await?;
    let unfinished = Unfinished::beside(file)?;
    began(&unfinished.0, size(&db).await?);
    copy(&db, &unfinished.0).await?;
    db.close().await?;
    let copied = verify(&unfinished.0).await?;
    unfinished.finish(file)?;
    Ok(copied)
}

/// Makes a registry of a backup, where there is no database yet.
///
/// # Errors
/// [`BackupError`]: then nothing was changed.
pub async fn restore(file: &Path, target: &Target) -> Result<Copied, BackupError> {
    let Target::Sqlite(database) = target else {
        return refused(
            "a PostgreSQL is restored with its own tools; `registry-server restore --in-place` comes after them (docs/BACKUP.md says how)",
        );
    };
    let lock = FileLock::take(target).map_err(BackupError::Refused)?;
    for path in [database.clone(), with_end(database, "-wal")] {
        if fs::metadata(&path).is_ok_and(|file| file.len() > 0) {
            return refused(format!(
                "{} holds something already: a backup is only restored to where there is no registry; move it away first",
                path.display()
            ));
        }
    }
    verify(file).await?;
    let unfinished = Unfinished::beside(database)?;
    let copied = fs::copy(file, &unfinished.0).map_err(|cause| BackupError::File { path: file.to_owned(), cause })?;
    let db = Backend::connect_to_rewrite(&unfinished.0).await?;
    let Copied { registry_id, revision, bytes: _ } = renew(Backend::Sqlite, &db).await?;
    db.close().await?;
    unfinished.finish(database)?;
    drop(lock);
    Ok(Copied { registry_id, revision, bytes: copied })
}

/// Makes a registry of its own of a database that was put back to an earlier state by other means. No server may be running.
///
/// # Errors
/// [`BackupError`]: then nothing was changed.
pub async fn renew_in_place(target: &Target) -> Result<Copied, BackupError> {
    let lock = FileLock::take_existing(target).map_err(BackupError::Refused)?;
    let db = Backend::connect_writer(target).await?;
    let name = target.to_string();
    must_be_registry(&db, Path::new(&name)).await?;
    let renewed = renew(target.backend(), &db).await?;
    db.close().await?;
    drop(lock);
    Ok(renewed)
}

/// Another identity, another key for page tokens, and a revision that nobody has seen. All earlier events count as compacted: who
/// watches must list again.
async fn renew(backend: Backend, db: &DatabaseConnection) -> Result<Copied, BackupError> {
    let txn = backend.begin_write(db).await?;
    let (before, _) = states::lock(&txn).await?;
    let revision = Revision::new(before.number().saturating_add(AHEAD));
    let registry_id = RegistryId::from(uuid::Builder::from_random_bytes(rand::random()).into_uuid());
    let key: [u8; 32] = rand::random();
    let row = state::Entity::update_many()
        .col_expr(Column::RegistryId, Expr::val(registry_id))
        .col_expr(Column::PageTokenKey, Expr::val(key.to_vec()))
        .col_expr(Column::Revision, Expr::val(revision))
        .col_expr(Column::CompactedRevision, Expr::val(revision))
        .col_expr(Column::ApiKeysRevision, Expr::val(revision))
        .filter(Column::Id.eq(1));
    row.exec(&txn).await?;
    txn.commit().await?;
    Ok(Copied { registry_id, revision, bytes: 0 })
}

/// The file is a whole registry that this program knows.
async fn verify(file: &Path) -> Result<Copied, BackupError> {
    let target = Target::Sqlite(file.to_owned());
    let Some(db) = Backend::connect_to_look(&target).await? else {
        return refused(format!("there is no backup at {}", file.display()));
    };
    must_be_registry(&db, file).await?;
    let damage = text(&db, "PRAGMA quick_check(1)").await?;
    if damage != "ok" {
        return refused(format!("{} is damaged: {damage}", file.display()));
    }
    let row = states::load(&db).await?;
    db.close().await?;
    let bytes = fs::metadata(file).map_err(|cause| BackupError::File { path: file.to_owned(), cause })?.len();
    Ok(Copied { registry_id: row.registry_id, revision: row.revision, bytes })
}

async fn must_be_registry(db: &DatabaseConnection, place: &Path) -> Result<(), BackupError> {
    let backend = match db.get_database_backend() {
        DbBackend::Postgres => Backend::Postgres,
        _ => Backend::Sqlite,
    };
    let tables = catalogue::read(backend, db).await?;
    if !tables.contains_key("registry_state") {
        return refused(format!("{} is not a registry's database", place.display()));
    }
    schema::fitting(backend, db).await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "SQLite copies itself by a statement that nobody can build")]
async fn copy(db: &DatabaseConnection, to: &Path) -> Result<(), BackupError> {
    let Some(path) = to.to_str() else { return refused(format!("{}: SQLite needs a path in UTF-8", to.display())) };
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [path.into()])).await?;
    Ok(())
}

/// About how large a copy will be.
async fn size(db: &DatabaseConnection) -> Result<u64, DbErr> {
    let sql = "SELECT CAST((c.page_count - f.freelist_count) * s.page_size AS TEXT) \
               FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size s";
    Ok(text(db, sql).await?.parse().unwrap_or(0))
}

#[expect(clippy::disallowed_methods, reason = "what SQLite says of its file has no entity")]
async fn text(db: &DatabaseConnection, sql: &str) -> Result<String, DbErr> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    row.map_or_else(|| Ok(String::new()), |row| row.try_get_by_index(0))
}

/// A file that is removed unless it is finished.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Beside `file`, so that it can take its name; empty, and nobody's but its owner's to read.
    fn beside(file: &Path) -> Result<Self, BackupError> {
        let path = with_end(file, &format!(".{:08x}.partial", rand::random::<u32>()));
        let made = File::options().create_new(true).write(true).mode(0o600).open(&path);
        made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
            .map(|()| Self(path.clone()))
            .map_err(|cause| BackupError::File { path, cause })
    }

    /// On disk, and under its name.
    fn finish(self, name: &Path) -> Result<(), BackupError> {
        let directory = name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(&self.0)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.0, name))
            .and_then(|()| File::open(directory)?.sync_all())
            .map_err(|cause| BackupError::File { path: name.to_owned(), cause })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let _ = fs::remove_file(with_end(&self.0, end)); // most of them are not there
        }
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn refused<T>(why: impl Into<String>) -> Result<T, BackupError> {
    Err(BackupError::Refused(why.into()))
}

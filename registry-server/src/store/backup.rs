//! A copy of the database of a running server, and a registry out of such a copy.
//!
//! May not: copy the bytes of artifacts, which are in the storage; copy a PostgreSQL, which has its own tools for it.

use super::backend::Backend;
use super::catalogue;
use super::entity::state::{self, Column};
use super::lock::FileLock;
use super::target::Target;
use super::{schema, state as states};
use crate::domain::{RegistryId, Revision, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter, Statement};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How far ahead of the backup a restored registry goes on: more than any registry writes between a backup and its loss, and more at
/// each later restore. So nobody who has seen the time after the backup, or after an earlier restore of it, goes on from a revision that means
/// something else now.
fn ahead(now: Timestamp) -> i64 {
    now.micros() / MICROS_IN_A_MILLISECOND
}

const MICROS_IN_A_MILLISECOND: i64 = 1000;

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
        return Err(exists(file));
    }
    if let (Ok(database), Ok(file)) = (database.canonicalize(), file.canonicalize())
        && database == file
    {
        return refused(format!("{} is the database itself", file.display()));
    }
    let beside = ["-wal", "-journal"].map(|end| with_end(file, end));
    nothing_in(&beside, "belongs to a database that was at this place, and would be taken for a part of the backup: remove it")?;
    let Some(db) = Backend::connect_to_look(target).await? else {
        return refused(format!("there is no database at {}", database.display()));
    };
    must_be_registry(&db, database).await?;
    let unfinished = Unfinished::beside(file)?;
    began(&unfinished.0, size(&db).await?);
    copy(&db, &unfinished.0).await?;
    db.close().await?;
    let copied = verify(&unfinished.0).await?;
    if overwrite {
        unfinished.replace(file)?
    } else {
        unfinished.become_new(file)?
    }
    Ok(copied)
}

/// Makes a registry of a backup, where there is no database yet.
///
/// # Errors
/// [`BackupError`]: then nothing was changed.
pub async fn restore(file: &Path, target: &Target, now: Timestamp) -> Result<Copied, BackupError> {
    let Target::Sqlite(database) = target else {
        return refused(
            "a PostgreSQL is restored with its own tools; `registry-server restore --in-place` comes after them (docs/BACKUP.md says how)",
        );
    };
    let lock = FileLock::take(target).map_err(BackupError::Refused)?;
    let there = ["", "-wal", "-journal"].map(|end| with_end(database, end));
    nothing_in(&there, "holds something already: a backup is only restored to where there is no registry; move it away first")?;
    let backup = Target::Sqlite(file.to_owned());
    let Some(db) = Backend::connect_to_look(&backup).await? else {
        return refused(format!("there is no backup at {}", file.display()));
    };
    must_be_registry(&db, file).await?;
    let unfinished = Unfinished::beside(database)?;
    // Not the bytes of the file: a part of what is in it may be in a WAL beside it.
    copy(&db, &unfinished.0).await?;
    db.close().await?;
    let Copied { bytes, .. } = verify(&unfinished.0).await?;
    let db = Backend::connect_to_rewrite(&unfinished.0).await?;
    let Copied { registry_id, revision, bytes: _ } = renew(Backend::Sqlite, &db, now).await?;
    db.close().await?;
    unfinished.replace(database)?;
    drop(lock);
    Ok(Copied { registry_id, revision, bytes })
}

/// Makes a registry of its own of a database that was put back to an earlier state by other means. No server may be running.
///
/// # Errors
/// [`BackupError`]: then nothing was changed.
pub async fn renew_in_place(target: &Target, now: Timestamp) -> Result<Copied, BackupError> {
    let lock = FileLock::take_existing(target).map_err(BackupError::Refused)?;
    let name = target.to_string();
    if let Some(db) = Backend::connect_read_only(target).await? {
        must_be_registry(&db, Path::new(&name)).await?;
        db.close().await?;
    }
    let db = Backend::connect_writer(target).await?;
    let renewed = renew(target.backend(), &db, now).await?;
    db.close().await?;
    drop(lock);
    Ok(renewed)
}

/// Another identity, another key for page tokens, and a revision that nobody has seen. All earlier events count as compacted: who
/// watches must list again.
async fn renew(backend: Backend, db: &DatabaseConnection, now: Timestamp) -> Result<Copied, BackupError> {
    let txn = backend.begin_write(db).await?;
    let (before, _) = states::lock(&txn).await?;
    let revision = Revision::new(before.number().saturating_add(ahead(now)));
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
    schema::refuse_newer(backend, db).await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "SQLite copies itself by a statement that nobody can build")]
pub(super) async fn copy(db: &DatabaseConnection, to: &Path) -> Result<(), BackupError> {
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
#[derive(Debug)]
pub(super) struct Unfinished(PathBuf);

impl Unfinished {
    /// Beside `file`, so that it can take its name; empty, and nobody's but its owner's to read.
    pub(super) fn beside(file: &Path) -> Result<Self, BackupError> {
        let path = with_end(file, &format!(".{:08x}.partial", rand::random::<u32>()));
        let made = File::options().create_new(true).write(true).mode(0o600).open(&path);
        made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
            .map(|()| Self(path.clone()))
            .map_err(|cause| BackupError::File { path, cause })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// On disk, and under its name, whatever had that.
    fn replace(self, name: &Path) -> Result<(), BackupError> {
        let named = self.sync().and_then(|()| fs::rename(&self.0, name)).and_then(|()| sync_directory(name));
        named.map_err(|cause| BackupError::File { path: name.to_owned(), cause })
    }

    /// On disk, and under its name, which nothing may have.
    fn become_new(self, name: &Path) -> Result<(), BackupError> {
        let named = self.sync().and_then(|()| fs::hard_link(&self.0, name)).and_then(|()| sync_directory(name));
        named.map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => exists(name),
            _ => BackupError::File { path: name.to_owned(), cause },
        })
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

fn sync_directory(of: &Path) -> io::Result<()> {
    let directory = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
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

fn exists(file: &Path) -> BackupError {
    BackupError::Refused(format!("{} exists: name another file, or say --overwrite", file.display()))
}

/// None of these files holds anything.
fn nothing_in(files: &[PathBuf], why: &str) -> Result<(), BackupError> {
    let found = files.iter().find(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0));
    found.map_or(Ok(()), |path| refused(format!("{} {why}", path.display())))
}

fn refused<T>(why: impl Into<String>) -> Result<T, BackupError> {
    Err(BackupError::Refused(why.into()))
}

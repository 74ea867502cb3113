//! Everything in which SQLite and PostgreSQL differ, except their DDL: options, transactions, error codes,
//! locks, and the few expressions that neither spelling serves for both.
//!
//! May not: know tables or use cases.

use super::lock::MIGRATION_LOCK;
use super::target::Target;
use crate::metrics::Pool;
use futures::future::BoxFuture;
use futures::{FutureExt, try_join};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, sqlx,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection may be waited for.
const ACQUIRE: Duration = Duration::from_secs(3);
/// How many connections read.
pub(super) const READERS: u32 = 8;
/// How many connections export.
pub const EXPORTERS: u16 = 16;
/// The first SQLite without the WAL-reset corruption bug.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// What each transaction that migrates locks on PostgreSQL.
pub const MIGRATION_TRANSACTION_LOCK: i64 = MIGRATION_LOCK + 1;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One file, one server.
    Sqlite,
    /// Any number of servers.
    Postgres,
}

/// What kind of failure the database reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A unique key is taken.
    Unique,
    /// A foreign key points nowhere.
    ForeignKey,
    /// Another transaction was in the way: the same again may succeed.
    Conflict,
    /// A lock was not to be had in time: somebody holds it who is not one of us.
    Busy,
    /// It cannot be reached, or not now.
    Unavailable,
    /// No space is left.
    Full,
    /// It refuses writes.
    ReadOnly,
    /// The rest: a bug, or a damaged file.
    Other,
}

impl Backend {
    /// A connection that changes nothing, to look at what is there before it is touched: connecting otherwise
    /// turns a SQLite file to WAL. `None` if there is nothing yet, and on PostgreSQL, where connecting is harmless.
    pub(super) async fn connect_to_look(target: &Target) -> Result<Option<DatabaseConnection>, DbErr> {
        let Target::Sqlite(path) = target else { return Ok(None) };
        if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
            return Ok(None);
        }
        let mut options = options(target);
        let path = path.clone();
        options.min_connections(1).max_connections(1);
        options.map_sqlx_sqlite_opts(move |_| sqlx::sqlite::SqliteConnectOptions::new().filename(&path).read_only(true));
        connect(options).await.map(Some)
    }

    /// A connection to a file that nobody else uses, which leaves no other files behind when it is closed.
    pub(super) async fn connect_to_rewrite(path: &Path) -> Result<DatabaseConnection, DbErr> {
        let mut options = options(&Target::Sqlite(path.to_owned()));
        let path = path.to_owned();
        options.min_connections(1).max_connections(1);
        options.map_sqlx_sqlite_opts(move |sqlite| {
            durable(sqlite, &path).create_if_missing(false).journal_mode(SqliteJournalMode::Delete)
        });
        connect(options).await
    }

    /// A connection on which nothing can be changed. `None` if there is no file.
    pub(super) async fn connect_read_only(target: &Target) -> Result<Option<DatabaseConnection>, DbErr> {
        if target.backend() == Self::Sqlite {
            return Self::connect_to_look(target).await;
        }
        let mut options = options(target);
        options.min_connections(1).max_connections(1);
        options.map_sqlx_postgres_opts(|postgres| postgres.options([("default_transaction_read_only", "on")]));
        connect(options).await.map(Some)
    }

    /// The one connection that writes.
    pub(super) async fn connect_writer(target: &Target) -> Result<DatabaseConnection, DbErr> {
        let mut options = options(target);
        options.min_connections(1).max_connections(1);
        connect(options).await
    }

    /// The connection that migrates. On SQLite its foreign keys do not act, because they would not let the table be replaced that
    /// they point to; what they say is looked at before anything is committed ([`Self::commit_migration`]).
    pub(super) async fn connect_migrator(target: &Target) -> Result<DatabaseConnection, DbErr> {
        let mut options = options(target);
        options.min_connections(1).max_connections(1);
        if target.backend() == Self::Sqlite {
            let path = sqlite_path(target);
            options.map_sqlx_sqlite_opts(move |sqlite| durable(sqlite, &path).foreign_keys(false));
        }
        connect(options).await
    }

    /// The connection on which is looked for what other servers have done: one of its own, because who may call must be
    /// known also when all others are busy.
    async fn connect_looker(target: &Target) -> Result<DatabaseConnection, DbErr> {
        let mut options = options(target);
        options.min_connections(1).max_connections(1);
        only_reads(&mut options, target, "15s");
        connect(options).await
    }

    /// The connections that read, and the one that looks. On SQLite there is nobody to look for.
    pub(super) async fn connect_to_read(target: &Target) -> Result<(DatabaseConnection, DatabaseConnection), DbErr> {
        match target.backend() {
            Self::Sqlite => Self::connect_readers(target).await.map(|readers| (readers.clone(), readers)),
            Self::Postgres => try_join!(Self::connect_readers(target), Self::connect_looker(target)),
        }
    }

    /// The connections that read. The database refuses writes on them.
    async fn connect_readers(target: &Target) -> Result<DatabaseConnection, DbErr> {
        let mut options = options(target);
        options.min_connections(1).max_connections(READERS);
        only_reads(&mut options, target, "15s");
        connect(options).await
    }

    /// The connections that export, one for each: none is made before it is needed. What is read from one is sent on before it is
    /// asked again, so it may be idle for as long as an export may.
    pub(super) async fn connect_exporters(target: &Target) -> Result<DatabaseConnection, DbErr> {
        let mut options = options(target);
        options.min_connections(0).max_connections(u32::from(EXPORTERS)).connect_lazy(true);
        only_reads(&mut options, target, "60s");
        connect(options).await
    }

    /// Begins to write. SQLite takes its lock at once: a transaction that reads first and writes later
    /// cannot wait for it.
    #[expect(clippy::disallowed_methods, reason = "one of the two places that begin a transaction")]
    pub(super) async fn begin_write(self, db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
        let mode = (self == Self::Sqlite).then_some(SqliteTransactionMode::Immediate);
        db.begin_with_options(TransactionOptions { isolation_level: None, access_mode: None, sqlite_transaction_mode: mode })
            .await
    }

    /// Begins to migrate: as to write, but a statement may take as long as it takes. What PostgreSQL still carries out for a server that
    /// was killed is waited for, because that server's [`MigrationLock`](super::lock::MigrationLock) went with it: look again what has been applied.
    #[expect(clippy::disallowed_methods, reason = "the file where SQL may be spelled out")]
    pub(super) async fn begin_migration(self, db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
        let txn = self.begin_write(db).await?;
        if self == Self::Postgres {
            let turn = format!("SELECT pg_advisory_xact_lock({MIGRATION_TRANSACTION_LOCK})");
            for sql in
                ["SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0", &turn, "SET LOCAL lock_timeout TO DEFAULT"]
            {
                txn.execute_unprepared(sql).await?;
            }
        }
        Ok(txn)
    }

    /// Ends to migrate, if no row points nowhere: PostgreSQL looked at each statement.
    #[expect(clippy::disallowed_methods, reason = "the file where SQL may be spelled out")]
    pub(super) async fn commit_migration(self, txn: DatabaseTransaction) -> Result<(), DbErr> {
        if self == Self::Sqlite {
            let broken = r#"SELECT DISTINCT "table" AS child, parent FROM pragma_foreign_key_check"#;
            if let Some(row) = txn.query_one_raw(Statement::from_string(DbBackend::Sqlite, broken)).await? {
                let (child, parent): (String, String) = (row.try_get("", "child")?, row.try_get("", "parent")?);
                return Err(DbErr::Custom(format!("rows of `{child}` would point to rows of `{parent}` that are not there")));
            }
        }
        txn.commit().await
    }

    /// Begins to read one moment of the database. Pooled connections that died with a restart of the database are
    /// found out and replaced on the way.
    pub(super) async fn begin_read(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
        for _ in 0..READERS {
            match Self::try_begin_read(db).await {
                Err(DbErr::Exec(error) | DbErr::Query(error))
                    if failure(&DbErr::Query(error.clone())) == Failure::Unavailable => {}
                result => return result,
            }
        }
        Self::try_begin_read(db).await
    }

    /// A deferred transaction of SQLite is a snapshot from its first read on. On PostgreSQL the connection says that its transactions
    /// are ([`only_reads`]), which saves a statement in each.
    #[expect(clippy::disallowed_methods, reason = "one of the two places that begin a transaction")]
    async fn try_begin_read(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
        db.begin().await
    }

    /// What the driver says of the connections of a pool.
    pub(super) fn pool(self, name: &'static str, db: &DatabaseConnection) -> Pool {
        match self {
            Self::Sqlite => {
                let pool = db.get_sqlite_connection_pool();
                Pool::of(name, pool.size(), pool.num_idle(), pool.options().get_max_connections())
            }
            Self::Postgres => {
                let pool = db.get_postgres_connection_pool();
                Pool::of(name, pool.size(), pool.num_idle(), pool.options().get_max_connections())
            }
        }
    }

    /// Begins a savepoint, so that what follows can be undone alone.
    #[expect(clippy::disallowed_methods, reason = "savepoints are the writer's")]
    pub(super) async fn savepoint(txn: &DatabaseTransaction) -> Result<DatabaseTransaction, DbErr> {
        txn.begin().await
    }

    /// What the database must be: a SQLite that does not corrupt its file, a PostgreSQL that can hold any text.
    #[expect(clippy::disallowed_methods, reason = "the file where SQL may be spelled out")]
    pub(super) async fn check(self, db: &DatabaseConnection) -> Result<(), String> {
        let (dialect, sql) = match self {
            Self::Sqlite => (DbBackend::Sqlite, "SELECT sqlite_version() AS answer"),
            Self::Postgres => (DbBackend::Postgres, "SELECT current_setting('server_encoding') AS answer"),
        };
        let row = db.query_one_raw(Statement::from_string(dialect, sql)).await.map_err(|error| error.to_string())?;
        let answer: String = row.and_then(|row| row.try_get("", "answer").ok()).unwrap_or_default();
        match self {
            Self::Sqlite if parse_version(&answer) < OLDEST_SQLITE => {
                Err(format!("SQLite {answer} can corrupt its file; 3.51.3 or newer is needed"))
            }
            Self::Postgres if answer != "UTF8" => Err(format!("the database is encoded in {answer}: the registry needs UTF8")),
            Self::Sqlite | Self::Postgres => Ok(()),
        }
    }

    /// Tells whoever listens that there is a new revision, when and if the transaction commits. On SQLite nobody else writes.
    #[expect(clippy::disallowed_methods, reason = "the file where SQL may be spelled out")]
    pub(super) async fn notify(self, txn: &DatabaseTransaction, channel: &str) -> Result<(), DbErr> {
        if self == Self::Postgres {
            let values = [channel.into()];
            txn.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_notify($1, '')", values)).await?;
        }
        Ok(())
    }

    /// Listens to a channel of PostgreSQL on a connection of its own, until that breaks.
    pub(super) async fn listen(target: &Target, channel: &str, heard: impl Fn()) -> Result<(), sqlx::Error> {
        let Target::Postgres(url) = target else { return Ok(()) };
        let connection = url.parse::<sqlx::postgres::PgConnectOptions>()?.application_name("model-registry-listener");
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_lazy_with(connection);
        let mut listener = sqlx::postgres::PgListener::connect_with(&pool).await?;
        listener.listen(channel).await?;
        while listener.try_recv().await?.is_some() {
            heard();
        }
        Ok(())
    }

    /// A value that is never true where `condition` is unknown: NULL in a column does not hide a row from
    /// a negated filter.
    pub(super) fn not_true(condition: SimpleExpr) -> SimpleExpr {
        Expr::expr(Func::coalesce([condition, Expr::val(false)])).not()
    }

    /// A column that a condition is not to be looked up by, because an index over it holds what is common to very many rows. PostgreSQL
    /// knows how many; SQLite, which has not counted, takes one index for as good as another.
    pub(super) fn not_looked_up(dialect: DbBackend, column: SimpleExpr) -> SimpleExpr {
        match dialect {
            DbBackend::Sqlite => Expr::cust_with_expr("+?", column),
            _ => column,
        }
    }

    /// All values of a group as an array of JSON, in no order. NULL or empty if there are none.
    pub(super) fn json_array(dialect: DbBackend, value: SimpleExpr) -> SimpleExpr {
        match dialect {
            DbBackend::Postgres => Expr::expr(Func::cust("json_agg").arg(value)).cast_as("text"),
            _ => Func::cust("json_group_array").arg(value).into(),
        }
    }

    /// All pairs of a group as an object of JSON. NULL or empty if there are none.
    pub(super) fn json_object(dialect: DbBackend, key: SimpleExpr, value: SimpleExpr) -> SimpleExpr {
        match dialect {
            DbBackend::Postgres => Expr::expr(Func::cust("json_object_agg").args([key, value])).cast_as("text"),
            _ => Func::cust("json_group_object").args([key, value]).into(),
        }
    }

    /// Whether `haystack` contains `needle`, ignoring the case of ASCII letters only. Text columns are
    /// `COLLATE "C"` on PostgreSQL, so that its `lower` leaves other letters alone, as SQLite's does.
    pub(super) fn contains(haystack: SimpleExpr, needle: &str) -> SimpleExpr {
        let escaped = needle.to_ascii_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        Expr::expr(Func::lower(haystack)).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
    }
}

#[expect(clippy::disallowed_methods, reason = "the file that connects")]
pub(super) async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    Database::connect(options).await
}

fn parse_version(version: &str) -> (u32, u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn sqlite_path(target: &Target) -> PathBuf {
    match target {
        Target::Sqlite(path) => path.clone(),
        Target::Postgres(_) => PathBuf::new(),
    }
}

pub(super) fn options(target: &Target) -> ConnectOptions {
    let url = match target {
        Target::Sqlite(_) => "sqlite://file",
        Target::Postgres(url) => url,
    };
    let mut options = ConnectOptions::new(url);
    options
        .acquire_timeout(ACQUIRE)
        .connect_timeout(ACQUIRE)
        .test_before_acquire(false)
        // The text, in which no value is: they are bound.
        .record_stmt_in_spans(true)
        .sqlx_logging_level(log_level(false))
        .sqlx_slow_statements_logging_settings(log_level(true), Duration::from_secs(1));
    match target {
        Target::Sqlite(path) => {
            let path = path.clone();
            options.idle_timeout(None).max_lifetime(None);
            options.map_sqlx_sqlite_opts(move |sqlite| durable(sqlite, &path));
            options.map_sqlx_sqlite_pool_opts(|pool| pool.before_acquire(|connection, _| clean(connection)));
        }
        Target::Postgres(_) => {
            options.map_sqlx_postgres_pool_opts(|pool| pool.before_acquire(|connection, _| clean(connection)));
            options.set_application_name("model-registry").statement_timeout(Duration::from_secs(10));
            options.map_sqlx_postgres_opts(|postgres| session(postgres, "15s"));
        }
    }
    options
}

/// Lets connections do nothing but read, and every transaction of theirs see one moment. On PostgreSQL they may do nothing for so long.
fn only_reads(options: &mut ConnectOptions, target: &Target, idle: &'static str) {
    match target {
        Target::Sqlite(path) => {
            let path = path.clone();
            options.map_sqlx_sqlite_opts(move |sqlite| durable(sqlite, &path).pragma("query_only", "ON"));
        }
        Target::Postgres(_) => {
            options.map_sqlx_postgres_opts(move |postgres| session(postgres, idle));
            options.map_sqlx_postgres_pool_opts(|pool| {
                pool.before_acquire(|connection, _| clean(connection)).after_connect(|connection, _| {
                    Box::pin(async move { sqlx::query(ONE_MOMENT).execute(connection).await.map(drop).inspect_err(not_ready) })
                })
            });
        }
    }
}

/// The pool tries again, and calls it an error, which is not ours: the log does not hear the pool.
fn not_ready(error: &sqlx::Error) {
    tracing::warn!(error = %error, "a new connection to the database was lost before it was ready");
}

/// Said, and not an option of the connection: a proxy may leave out options.
const ONE_MOMENT: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// What holds for a connection to PostgreSQL, whose transactions may do nothing for so long.
pub(super) fn session(postgres: sqlx::postgres::PgConnectOptions, idle: &str) -> sqlx::postgres::PgConnectOptions {
    postgres.options([
        ("synchronous_commit", "on"),
        ("default_transaction_isolation", "read committed"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", idle),
    ])
}

/// Whether a connection may be used again. One whose transaction did not end cleanly may not: SQLite rolls back by
/// itself when its disk is full, the driver then still counts that transaction, and whatever came next would be a
/// savepoint inside a transaction that nobody ever commits. Asked when it is taken and not when it is given back: by then the
/// pool has carried out a rollback that was left behind, and nothing has to be asked of the database for it.
fn clean<C: sqlx::Connection>(connection: &C) -> BoxFuture<'static, Result<bool, sqlx::Error>> {
    std::future::ready(Ok(!connection.is_in_transaction())).boxed()
}

/// Statements at TRACE, slow ones at WARN.
const fn log_level(slow: bool) -> log::LevelFilter {
    if slow { log::LevelFilter::Warn } else { log::LevelFilter::Trace }
}

/// A file that survives power loss: WAL, and an fsync for every commit.
fn durable(sqlite: sqlx::sqlite::SqliteConnectOptions, path: &Path) -> sqlx::sqlite::SqliteConnectOptions {
    sqlite
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
}

/// What kind of failure `error` is. Matches codes, never texts.
pub(super) fn failure(error: &DbErr) -> Failure {
    let (DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else {
        return if matches!(error, DbErr::ConnectionAcquire(_)) { Failure::Unavailable } else { Failure::Other };
    };
    let RuntimeErr::SqlxError(error) = runtime else { return Failure::Other };
    match error.as_ref() {
        sqlx::Error::Database(database) => match database.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
            Some(sqlite) => sqlite_failure(code(sqlite)),
            None => postgres_failure(database.code().as_deref().unwrap_or_default()),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Failure::Unavailable,
        _ => Failure::Other,
    }
}

fn code(sqlite: &sqlx::sqlite::SqliteError) -> u32 {
    use sqlx::error::DatabaseError;
    sqlite.code().and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// Extended result codes first, then the primary code in the low byte.
const fn sqlite_failure(code: u32) -> Failure {
    match (code, code & 0xff) {
        (1555 | 2067, _) => Failure::Unique,
        (787, _) => Failure::ForeignKey,
        (_, 5 | 6) => Failure::Busy,
        (_, 8) => Failure::ReadOnly,
        (_, 13) => Failure::Full,
        (_, 10 | 14) => Failure::Unavailable,
        _ => Failure::Other,
    }
}

fn postgres_failure(code: &str) -> Failure {
    match code {
        "23505" => Failure::Unique,
        "23503" => Failure::ForeignKey,
        "40001" | "40P01" => Failure::Conflict,
        "55P03" => Failure::Busy,
        "53100" => Failure::Full,
        // A primary that was demoted under us: the next connection may find the new one.
        "25006" | "57014" => Failure::Unavailable,
        // We were paused in a transaction; the database or our user is gone for now.
        "25P03" | "25P04" | "3D000" => Failure::Unavailable,
        _ if ["08", "28", "53", "57P"].iter().any(|class| code.starts_with(class)) => Failure::Unavailable,
        _ => Failure::Other,
    }
}

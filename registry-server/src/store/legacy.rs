//! The database of another system, opened to be read and for nothing else: as it was at one moment, its rows as text, whatever
//! their types.
//!
//! May not: write to it, or know what its tables mean.

use super::backup::{self, Unfinished};
use super::target::Target;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, QueryResult, Statement, TransactionTrait,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How long the other database may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// What went wrong with it.
pub type LegacyError = DbErr;

/// A table of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its schema; `main` of a SQLite file.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns and their types, as the database spells them.
    pub columns: BTreeMap<String, String>,
}

impl Table {
    /// Whether it has all of these columns.
    #[must_use]
    pub fn has(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.columns.contains_key(*column))
    }
}

/// A row: what each column holds, as text; `None` is NULL. Times are `YYYY-MM-DD HH:MM:SS.ffffff` in PostgreSQL, truth is `true` or
/// `false` there and `1` or `0` in SQLite, bytes are `\x` and hexadecimal digits.
pub type Row = BTreeMap<String, Option<String>>;

/// Which rows of a table.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Of which table.
    pub table: &'a Table,
    /// Only those that have one of these values in this column, column by column.
    pub only: &'a [(&'a str, Vec<String>)],
    /// Sorted by these columns, which are never NULL and together unique.
    pub order: &'a [&'a str],
    /// Only those behind one that has these values in them.
    pub after: Option<&'a [String]>,
    /// So many at the most.
    pub limit: usize,
}

/// The database of another system.
#[derive(Debug)]
pub struct Legacy {
    txn: DatabaseTransaction,
    dialect: DbBackend,
    tables: Vec<Table>,
    /// Lives as long as what is read from it.
    _db: DatabaseConnection,
}

/// Only schemas in which the systems that are known have ever been, and the one the connection begins in.
const POSTGRES_TABLES: &str = r"SELECT n.nspname::text AS schema_name, t.relname::text AS table_name, c.attname::text AS column_name,
    format_type(c.atttypid, c.atttypmod) AS sql_type
    FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
    WHERE t.relkind IN ('r', 'p') AND n.nspname IN ('public', 'model_registry', current_schema()) ORDER BY 1, 2, 3";

const SQLITE_TABLES: &str = r"SELECT 'main' AS schema_name, t.name AS table_name, c.name AS column_name, lower(c.type) AS sql_type
    FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
    ORDER BY 1, 2, 3";

impl Legacy {
    /// Opens it. What is read from now on is as it is now; nobody who writes to it has to wait for that.
    ///
    /// # Errors
    /// Those of the database. They never hold a password.
    pub async fn open(target: &Target) -> Result<Self, DbErr> {
        let copied = copy_of_locking(target).await?;
        let target = copied.as_ref().map_or(target, |(copy, _)| copy);
        let db = connect(target).await?;
        let (txn, dialect) = begin(target, &db).await?;
        let sql = if dialect == DbBackend::Sqlite { SQLITE_TABLES } else { POSTGRES_TABLES };
        let mut legacy = Self { txn, dialect, tables: Vec::new(), _db: db };
        for row in legacy.ask(Statement::from_string(dialect, sql)).await? {
            let (schema, name): (String, String) = (row.try_get("", "schema_name")?, row.try_get("", "table_name")?);
            let (column, sql_type) = (row.try_get("", "column_name")?, row.try_get("", "sql_type")?);
            match legacy.tables.last_mut() {
                Some(last) if last.schema == schema && last.name == name => drop(last.columns.insert(column, sql_type)),
                _ => legacy.tables.push(Table { schema, name, columns: BTreeMap::from([(column, sql_type)]) }),
            }
        }
        // Nobody else needs its name: what is open is read to the end, and nothing is left behind, whatever happens.
        drop(copied);
        Ok(legacy)
    }

    /// Its tables, by schema and name.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count(&self, table: &Table) -> Result<u64, DbErr> {
        let sql = format!("SELECT count(*) AS rows FROM {}", quoted_table(table));
        let rows = self.ask(Statement::from_string(self.dialect, sql)).await?;
        let count: i64 = rows.first().ok_or_else(|| DbErr::Custom("no count".to_owned()))?.try_get("", "rows")?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Rows of a table.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rows(&self, wanted: &Wanted<'_>) -> Result<Vec<Row>, DbErr> {
        let columns: Vec<&String> = wanted.table.columns.keys().collect();
        let found = self.ask(self.statement(wanted, &columns)).await?;
        let row = |row: QueryResult| -> Result<Row, DbErr> {
            let values = columns.iter().enumerate().map(|(index, column)| Ok(((*column).clone(), row.try_get_by_index(index)?)));
            values.collect()
        };
        found.into_iter().map(row).collect()
    }

    fn statement(&self, wanted: &Wanted<'_>, columns: &[&String]) -> Statement {
        let Wanted { table, only, order, after, limit } = wanted;
        let mut values: Vec<String> = Vec::new();
        let mut conditions: Vec<String> = Vec::new();
        for (column, of_these) in *only {
            let marks: Vec<String> = of_these.iter().map(|value| self.bound(&mut values, table, column, value)).collect();
            conditions.push(format!("{} IN ({})", stored(column), marks.join(", ")));
        }
        let sorted: Vec<String> = order.iter().map(|column| stored(column)).collect();
        if let Some(after) = after {
            let pairs = order.iter().zip(after.iter());
            let marks: Vec<String> = pairs.map(|(column, value)| self.bound(&mut values, table, column, value)).collect();
            conditions.push(format!("({}) > ({})", sorted.join(", "), marks.join(", ")));
        }
        let texts: Vec<String> = columns.iter().map(|column| self.text(column)).collect();
        let mut sql = format!("SELECT {} FROM {} AS {STORED}", texts.join(", "), quoted_table(table));
        if !conditions.is_empty() {
            sql = format!("{sql} WHERE {}", conditions.join(" AND "));
        }
        sql = format!("{sql} ORDER BY {} LIMIT {limit}", sorted.join(", "));
        Statement::from_sql_and_values(self.dialect, sql, values.into_iter().map(Into::into))
    }

    /// A value to compare a column with, in the type of the column. (SQLite compares by the affinity of the column.)
    fn bound(&self, values: &mut Vec<String>, table: &Table, column: &str, value: &str) -> String {
        values.push(value.to_owned());
        let sql_type = table.columns.get(column).map_or("text", String::as_str);
        match self.dialect {
            DbBackend::Postgres => format!("CAST(${} AS {sql_type})", values.len()),
            _ => format!("?{}", values.len()),
        }
    }

    /// A column as text that says all of it.
    fn text(&self, column: &str) -> String {
        let column = stored(column);
        match self.dialect {
            DbBackend::Postgres => format!("CAST({column} AS text)"),
            _ => format!(
                r"CASE typeof({column}) WHEN 'blob' THEN '\x' || lower(hex({column})) WHEN 'real' THEN
                CASE WHEN CAST(CAST({column} AS TEXT) AS REAL) = {column} THEN CAST({column} AS TEXT) ELSE printf('%!.17g', {column}) END
                ELSE CAST({column} AS TEXT) END"
            ),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "tables of other systems have no entities")]
    async fn ask(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.txn.query_all_raw(statement).await
    }
}

/// What the table is called in a statement.
const STORED: &str = "stored";

/// A column as it is stored. A bare name in ORDER BY is that of a column of the result in PostgreSQL, where all are text: rows would be
/// sorted as texts and then be gone on from as numbers.
fn stored(column: &str) -> String {
    format!("{STORED}.{}", quoted(column))
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quoted_table(table: &Table) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

/// A copy of a SQLite file that is not in WAL mode: there, whoever reads keeps whoever writes from committing. So it is read for as
/// long as copying takes, and not for as long as the import does.
#[expect(clippy::disallowed_methods, reason = "what SQLite says of its file has no entity")]
async fn copy_of_locking(target: &Target) -> Result<Option<(Target, Unfinished)>, DbErr> {
    let Target::Sqlite(path) = target else { return Ok(None) };
    // Not `query_only`, which would keep SQLite from writing the copy as well.
    let db = connect_sqlite(path, "OFF").await?;
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, "PRAGMA journal_mode")).await?;
    let mode: String = row.map_or_else(|| Ok(String::new()), |row| row.try_get_by_index(0))?;
    if mode.eq_ignore_ascii_case("wal") {
        db.close().await?;
        return Ok(None);
    }
    let failed = |error| DbErr::Custom(format!("it cannot be copied to the directory for temporary files: {error}"));
    let copy = Unfinished::beside(&std::env::temp_dir().join("model-registry-import")).map_err(failed)?;
    backup::copy(&db, copy.path()).await.map_err(failed)?;
    db.close().await?;
    Ok(Some((Target::Sqlite(copy.path().to_owned()), copy)))
}

async fn connect_sqlite(path: &Path, query_only: &'static str) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    let mut options = options("sqlite://file");
    options.map_sqlx_sqlite_opts(move |_| {
        SqliteConnectOptions::new().filename(&path).read_only(true).pragma("query_only", query_only).busy_timeout(PATIENCE)
    });
    open(options).await
}

fn options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.min_connections(1).max_connections(1).acquire_timeout(PATIENCE).connect_timeout(PATIENCE).sqlx_logging(false);
    options.idle_timeout(None).max_lifetime(None);
    options
}

#[expect(clippy::disallowed_methods, reason = "not a database of the registry: nothing of how those are opened is right for it")]
async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    Database::connect(options).await
}

async fn connect(target: &Target) -> Result<DatabaseConnection, DbErr> {
    let url = match target {
        Target::Sqlite(path) => return connect_sqlite(path, "ON").await,
        Target::Postgres(url) => url,
    };
    let mut options = options(url);
    options.set_application_name("model-registry-import");
    options.map_sqlx_postgres_opts(|postgres| {
        postgres.options([
            ("default_transaction_read_only", "on"),
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            ("DateStyle", "ISO"),
            ("TimeZone", "UTC"),
            ("bytea_output", "hex"),
            ("extra_float_digits", "1"),
        ])
    });
    open(options).await
}

#[expect(clippy::disallowed_methods, reason = "a snapshot of a database that is not the registry's")]
async fn begin(target: &Target, db: &DatabaseConnection) -> Result<(DatabaseTransaction, DbBackend), DbErr> {
    match target {
        Target::Sqlite(_) => Ok((db.begin().await?, DbBackend::Sqlite)),
        Target::Postgres(_) => {
            let txn = db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await?;
            Ok((txn, DbBackend::Postgres))
        }
    }
}

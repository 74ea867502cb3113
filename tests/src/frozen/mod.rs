//! Databases as released servers left them: full of rows of every kind, kept as SQL, loaded again to be upgraded.
//! `cargo run -p registry-tests --bin freeze -- --help` makes the next one.

pub mod fill;

use crate::database::{Database, Fresh};
use registry_server::store::Target;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The schema of PostgreSQL that they were dumped from. Nothing else in a dump may be called so.
pub const SCHEMA: &str = "registry_frozen";

/// Where they are.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/upgrade/frozen")
}

/// Their names, oldest first.
///
/// # Panics
/// If there are none.
#[must_use]
pub fn names() -> Vec<String> {
    let entries = std::fs::read_dir(directory()).expect("the frozen databases");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    assert!(!names.is_empty(), "no frozen database");
    names
}

/// The file of one.
#[must_use]
pub fn file(name: &str, database: Database) -> PathBuf {
    directory().join(name).join(match database {
        Database::Sqlite => "sqlite.sql",
        Database::Postgres => "postgres.sql",
    })
}

/// Loads one into a database of its own. No server has seen it since.
///
/// # Panics
/// If it cannot be loaded.
pub async fn load(name: &str, database: Database) -> Fresh {
    let text = std::fs::read_to_string(file(name, database)).expect("a dump");
    let fresh = database.fresh().await;
    let db = fresh.connect().await;
    // A schema of the test's own is in the search path.
    db.execute_unprepared(&text.replace(&format!("{SCHEMA}."), "")).await.expect("a dump that can be loaded");
    db.close().await.expect("a connection that closes");
    fresh
}

/// What a dump needs of what `pg_dump` says: no settings of a session, nothing of the schema it is in, no command of psql.
#[must_use]
pub fn only_tables(dump: &str) -> String {
    let needless = ["SET ", "SELECT pg_catalog.set_config", "CREATE SCHEMA", "--", "\\"];
    let lines = dump.lines().filter(|line| !line.is_empty() && !needless.iter().any(|words| line.starts_with(words)));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The columns of each table of a database.
pub async fn columns(target: &Target, db: &DatabaseConnection) -> BTreeMap<String, Vec<String>> {
    let tables = registry_server::store::catalogue::read(target.backend(), db).await.expect("a catalogue");
    tables.into_iter().map(|(name, table)| (name, table.columns.into_keys().collect())).collect()
}

/// All rows of these columns, as text, sorted.
pub async fn rows(
    database: Database,
    db: &DatabaseConnection,
    columns: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (table, columns) in columns {
        let text = columns.iter().map(|column| match database {
            Database::Sqlite => format!("quote(\"{column}\")"),
            Database::Postgres => format!("quote_nullable(\"{column}\"::text)"),
        });
        let select = format!("SELECT {} FROM \"{table}\"", text.collect::<Vec<_>>().join(" || ',' || "));
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), select)).await.expect("rows");
        let mut rows: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect();
        rows.sort();
        all.insert(table.clone(), rows);
    }
    all
}

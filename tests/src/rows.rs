//! Everything that the database of a registry holds, read behind the server's back: for tests of what leaves no trace but
//! in the audit log.

use crate::{Database, Harness};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use std::collections::BTreeMap;

/// The rows of each table, as text, sorted.
pub type Rows = BTreeMap<String, Vec<String>>;

/// Where calls leave a trace that changed nothing.
const AUDIT: &str = "audit_entries";

/// All rows of all tables but the audit log, which also has the calls that change nothing.
pub async fn all(registry: &Harness) -> Rows {
    let mut rows = read(registry).await;
    rows.remove(AUDIT);
    rows
}

/// All rows of the audit log.
pub async fn audit_entries(registry: &Harness) -> Vec<String> {
    read(registry).await.remove(AUDIT).expect("a table of that name")
}

async fn read(registry: &Harness) -> Rows {
    let db = registry.sql().await;
    let tables = match registry.database {
        Database::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        Database::Postgres => "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
    };
    let mut rows = Rows::new();
    for table in texts(&db, tables).await {
        let select = match registry.database {
            Database::Sqlite => {
                let columns = format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')");
                format!("SELECT {} FROM \"{table}\"", texts(&db, &columns).await.join(" || ',' || "))
            }
            Database::Postgres => format!("SELECT \"{table}\"::text FROM \"{table}\""),
        };
        let mut found = texts(&db, &select).await;
        found.sort();
        rows.insert(table, found);
    }
    db.close().await.expect("a connection that closes");
    rows
}

/// From now on nothing can be added to a table.
///
/// # Panics
/// If the database cannot be told so.
pub async fn refuse(registry: &Harness, table: &str) {
    run(
        registry,
        &match registry.database {
            Database::Sqlite => {
                vec![format!("CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")]
            }
            Database::Postgres => vec![
                format!("CREATE FUNCTION no_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"),
                format!("CREATE TRIGGER no_{table} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION no_{table}()"),
            ],
        },
    )
    .await;
}

/// And now it can again.
///
/// # Panics
/// If the database cannot be told so.
pub async fn accept(registry: &Harness, table: &str) {
    run(
        registry,
        &match registry.database {
            Database::Sqlite => vec![format!("DROP TRIGGER no_{table}")],
            Database::Postgres => vec![format!("DROP TRIGGER no_{table} ON {table}"), format!("DROP FUNCTION no_{table}")],
        },
    )
    .await;
}

async fn run(registry: &Harness, sql: &[String]) {
    let db = registry.sql().await;
    for statement in sql {
        db.execute_unprepared(statement).await.expect("a statement that works");
    }
    db.close().await.expect("a connection that closes");
}

/// The tables in which an id stands, and in how many rows, however the database spells it.
#[must_use]
pub fn with_id<'a>(rows: &'a Rows, id: &str) -> BTreeMap<&'a str, usize> {
    let digits = id.replace('-', "").to_lowercase();
    let count = |rows: &Vec<String>| rows.iter().filter(|row| row.replace('-', "").to_lowercase().contains(&digits)).count();
    rows.iter().map(|(table, rows)| (table.as_str(), count(rows))).filter(|(_, count)| *count > 0).collect()
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}

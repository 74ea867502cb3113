//! Databases of released servers become those of today's: with every row, whoever starts first, and whatever is killed meanwhile.

mod commands;
mod frozen;
mod killed;
mod rebuilt;
mod together;

use registry_server::store::catalogue::{self, Catalogue, Check, Table};
use registry_server::store::drift::plain;
use registry_server::store::schema::Schema;
use registry_tests::{Database, Fresh};
use sea_orm::{ConnectionTrait, Statement};

/// Everything that a database says of its tables, and which migrations it has had, with their checksums.
#[derive(Debug, PartialEq)]
struct Dump {
    tables: Catalogue,
    migrations: Vec<String>,
}

async fn tables(fresh: &Fresh) -> Catalogue {
    let db = fresh.connect().await;
    let mut tables = catalogue::read(fresh.target().backend(), &db).await.expect("a catalogue");
    db.close().await.expect("a connection that closes");
    tables.values_mut().for_each(spell_plainly);
    tables
}

/// PostgreSQL spells an expression that came out of a dump with its casts elsewhere.
fn spell_plainly(table: &mut Table) {
    let checks = std::mem::take(&mut table.checks).into_iter();
    table.checks = checks.map(|check| Check { condition: plain(&check.condition), ..check }).collect();
    for index in table.indexes.values_mut() {
        index.rows = index.rows.as_deref().map(plain);
    }
    for column in table.columns.values_mut() {
        column.default = column.default.as_deref().map(plain);
    }
}

async fn dump(fresh: &Fresh) -> Dump {
    let tables = tables(fresh).await;
    let db = fresh.connect().await;
    let sql = "SELECT m.version || ' ' || c.checksum FROM seaql_migrations m LEFT JOIN migration_checksums c ON c.version = m.version ORDER BY m.version";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("rows");
    let migrations = rows.iter().map(|row| row.try_get_by_index(0).expect("a migration with its checksum")).collect();
    db.close().await.expect("a connection that closes");
    Dump { tables, migrations }
}

/// A database that nothing disturbed.
async fn undisturbed(database: Database) -> Dump {
    let fresh = database.fresh().await;
    let schema = Schema::hold(fresh.target()).await.expect("a database");
    schema.up(None).await.expect("migrations");
    drop(schema);
    dump(&fresh).await
}

//! The migrations build what the entities say, whichever way they are run.

use registry_migration::{Migrator, MigratorTrait};
use registry_server::store::Backend;
use registry_server::store::catalogue::{self, Catalogue, Column, Table};
use registry_server::store::entity;
use registry_tests::{Database, on_every_database};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use std::collections::BTreeSet;

/// The migrations' own tables, which no entity stands for.
const BOOKKEEPING: [&str; 2] = ["seaql_migrations", "migration_checksums"];

pub(super) const fn backend(database: Database) -> Backend {
    match database {
        Database::Sqlite => Backend::Sqlite,
        Database::Postgres => Backend::Postgres,
    }
}

/// What a database holds, without the migrations' own tables.
pub(super) async fn read(database: Database, db: &DatabaseConnection) -> Catalogue {
    let mut tables = catalogue::read(backend(database), db).await.expect("a catalogue");
    tables.retain(|name, _| !BOOKKEEPING.contains(&name.as_str()));
    tables
}

/// Everything in which two catalogues differ, one line each.
fn differences(migrated: &Catalogue, entities: &Catalogue) -> Vec<String> {
    let names: BTreeSet<&String> = migrated.keys().chain(entities.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (migrated.get(name), entities.get(name)) {
            (Some(migrated), Some(entity)) => found.extend(differing_columns(name, migrated, entity)),
            (migrated, _) => found.push(format!(
                "{name}: only {} have this table",
                if migrated.is_some() { "the migrations" } else { "the entities" }
            )),
        }
    }
    found
}

fn differing_columns(name: &str, migrated: &Table, entity: &Table) -> Vec<String> {
    let columns: BTreeSet<&String> = migrated.columns.keys().chain(entity.columns.keys()).collect();
    // How texts are sorted, indexes that are not unique and CHECKs are the migrations' alone.
    let said =
        |table: &Table, column: &String| table.columns.get(column).map(|column| Column { collation: None, ..column.clone() });
    let differ = columns.into_iter().filter(|column| said(migrated, column) != said(entity, column));
    let mut found: Vec<String> = differ
        .map(|column| {
            format!("{name}.{column}: migrations {:?}, entities {:?}", migrated.columns.get(column), entity.columns.get(column))
        })
        .collect();
    if migrated.primary_key != entity.primary_key {
        found.push(format!(
            "{name}: primary key of the migrations {:?}, of the entities {:?}",
            migrated.primary_key, entity.primary_key
        ));
    }
    if migrated.uniques != entity.uniques {
        found.push(format!("{name}: unique keys of the migrations {:?}, of the entities {:?}", migrated.uniques, entity.uniques));
    }
    found
}

async fn text(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("text")).collect()
}

on_every_database! {
    /// Tables, columns, types, nullability, defaults, primary keys and unique keys.
    async fn the_migrations_build_what_the_entities_say(database: Database) {
        let (by_migrations, by_entities) = (database.fresh().await, database.fresh().await);
        let (migrated, built) = (by_migrations.connect().await, by_entities.connect().await);
        Migrator::up(&migrated, None).await.unwrap();
        for table in entity::tables(built.get_database_backend()) {
            built.execute(&table).await.unwrap();
        }
        let (migrated, built) = (read(database, &migrated).await, read(database, &built).await);
        assert!(built.contains_key("models") && built.contains_key("releases"), "nothing was compared: {:?}", built.keys());
        assert_eq!(differences(&migrated, &built), Vec::<String>::new());
    }

    /// Migrating down leaves nothing behind, and up again the same schema.
    async fn down_and_up_again_is_the_same_schema(database: Database) {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        assert!(read(database, &db).await.is_empty());
        Migrator::up(&db, None).await.unwrap();
        let first = read(database, &db).await;
        Migrator::down(&db, None).await.unwrap();
        assert_eq!(read(database, &db).await.keys().collect::<Vec<_>>(), Vec::<&String>::new());
        Migrator::up(&db, None).await.unwrap();
        assert_eq!(differences(&first, &read(database, &db).await), Vec::<String>::new());
    }

    /// Each migration alone can be undone and done again: none leans on a later one.
    async fn each_step_can_be_undone(database: Database) {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        for _ in Migrator::migrations() {
            let before = read(database, &db).await;
            Migrator::up(&db, Some(1)).await.unwrap();
            let after = read(database, &db).await;
            assert_ne!(before, after, "a migration changed nothing");
            Migrator::down(&db, Some(1)).await.unwrap();
            assert_eq!(read(database, &db).await, before);
            Migrator::up(&db, Some(1)).await.unwrap();
            assert_eq!(read(database, &db).await, after);
        }
    }

    /// Migrating what is migrated changes nothing, least of all who the registry is.
    async fn up_twice_is_a_no_op(database: Database) {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        let identity = match database {
            Database::Sqlite => "SELECT hex(registry_id) || hex(page_token_key) FROM registry_state",
            Database::Postgres => "SELECT registry_id::text || encode(page_token_key, 'hex') FROM registry_state",
        };
        let applied = "SELECT version FROM seaql_migrations ORDER BY version";
        Migrator::up(&db, None).await.unwrap();
        let first = (read(database, &db).await, text(&db, identity).await, text(&db, applied).await);
        assert_eq!((first.1.len(), first.2.len()), (1, Migrator::migrations().len()));
        Migrator::up(&db, None).await.unwrap();
        assert_eq!((read(database, &db).await, text(&db, identity).await, text(&db, applied).await), first);
    }
}

/// The comparison sees what it is there to see.
#[test]
fn a_difference_is_found() {
    let column = |nullable| Column { sql_type: "integer".to_owned(), nullable, default: None, collation: None };
    let table = |nullable| Table { columns: [("c".to_owned(), column(nullable))].into(), ..Table::default() };
    let catalogue = |nullable| Catalogue::from([("t".to_owned(), table(nullable))]);
    assert_eq!(differences(&catalogue(true), &catalogue(true)), Vec::<String>::new());
    assert!(differences(&catalogue(true), &catalogue(false))[0].starts_with("t.c: "));
    assert_eq!(differences(&Catalogue::new(), &catalogue(true)), ["t: only the entities have this table"]);
}

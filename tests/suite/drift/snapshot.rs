//! What the server holds of the schema that it needs is what the migrations build, in every detail.

use super::schema::{backend, read};
use registry_migration::{Migrator, MigratorTrait};
use registry_server::store::drift;
use registry_tests::{Database, on_every_database};
use std::path::Path;

on_every_database! {
    /// With REGISTRY_REWRITE=1 it is written anew.
    async fn the_committed_catalogue_is_what_the_migrations_build(database: Database) {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        Migrator::up(&db, None).await.unwrap();
        let built = read(database, &db).await;
        let name = if database == Database::Sqlite { "sqlite.json" } else { "postgres.json" };
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry-server/src/store/catalogue").join(name);
        let text = format!("{}\n", serde_json::to_string_pretty(&built).unwrap());
        if std::env::var_os("REGISTRY_REWRITE").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        assert!(
            std::fs::read_to_string(&file).unwrap() == text,
            "{} is not what the migrations build: run this test with REGISTRY_REWRITE=1, and look at what changes",
            file.display()
        );
        let checks = built.values().map(|table| table.checks.len()).sum::<usize>();
        let keys = built.values().map(|table| table.foreign_keys.len()).sum::<usize>();
        let indexes = built.values().map(|table| table.indexes.len()).sum::<usize>();
        assert!(checks > 40 && keys > 10 && indexes > 30, "{checks} CHECKs, {keys} foreign keys, {indexes} indexes: not all was read");
    }

    /// And a database like that is one to serve from.
    async fn what_the_migrations_build_is_needed(database: Database) {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        Migrator::up(&db, None).await.unwrap();
        assert_eq!(drift::findings(backend(database), &read(database, &db).await), Vec::<String>::new());
        assert!(!drift::needed(backend(database)).unwrap().is_empty());
    }
}

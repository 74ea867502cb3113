//! The ordered migrations of the registry's database, for SQLite and PostgreSQL.
//!
//! A migration is a list of statements that depends on nothing but the database's dialect ([`Script`]): it reads no rows, so what
//! it will do can be told, compared and stopped after any statement.
//!
//! May not: import entities (they move with the code; a published migration never changes).

pub mod ddl;
mod m20261121_000001_models;
mod m20261121_000002_releases;
mod m20261121_000003_registry;
mod m20261122_000004_history;
mod m20261122_000005_access;
mod m20261122_000006_artifacts;
mod m20261122_000007_deployments;
mod m20261122_000008_imports;
mod script;

pub use script::{Script, Way};
pub use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, seaql_migrations};

/// Every migration, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_models::Migration),
            Box::new(m20261121_000002_releases::Migration),
            Box::new(m20261121_000003_registry::Migration),
            Box::new(m20261122_000004_history::Migration),
            Box::new(m20261122_000005_access::Migration),
            Box::new(m20261122_000006_artifacts::Migration),
            Box::new(m20261122_000007_deployments::Migration),
            Box::new(m20261122_000008_imports::Migration),
        ]
    }
}

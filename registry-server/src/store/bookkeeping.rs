//! What a database remembers of its migrations: which it has had (`seaql_migrations`, in the format of SeaORM), and what each of
//! them said (`migration_checksums`, ours).
//!
//! May not: decide which are to be had.

use super::backend::Backend;
use registry_migration::{Migrator, MigratorTrait, seaql_migrations};
use sea_orm::sea_query::{ColumnDef, Expr, ExprTrait as _, OnConflict, Query, Table};
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    Statement,
};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// The table of those that were applied.
pub(super) const APPLIED: &str = "seaql_migrations";
/// The table of what they said.
pub(super) const CHECKSUMS: &str = "migration_checksums";

/// A migration that a database has had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What it said; nothing, if it was applied before that was kept.
    pub checksum: Option<String>,
}

/// Those that it has had, oldest first; nothing, if it never had any. Changes nothing.
pub(super) async fn read(backend: Backend, db: &DatabaseConnection) -> Result<Vec<Applied>, DbErr> {
    if !has_table(backend, db, APPLIED).await? {
        return Ok(Vec::new());
    }
    let mut checksums: BTreeMap<String, String> = BTreeMap::new();
    if has_table(backend, db, CHECKSUMS).await? {
        for row in rows(db, "SELECT version, checksum FROM migration_checksums").await? {
            checksums.insert(row.try_get("", "version")?, row.try_get("", "checksum")?);
        }
    }
    let applied = rows(db, "SELECT version, applied_at FROM seaql_migrations ORDER BY version").await?;
    let applied = applied.into_iter().map(|row| {
        let name: String = row.try_get("", "version")?;
        Ok(Applied { at: row.try_get("", "applied_at")?, checksum: checksums.remove(&name), name })
    });
    applied.collect()
}

async fn has_table(backend: Backend, db: &DatabaseConnection, name: &str) -> Result<bool, DbErr> {
    let sql = match backend {
        Backend::Sqlite => format!("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = '{name}'"),
        Backend::Postgres => format!(
            "SELECT 1 AS found FROM pg_class WHERE relkind IN ('r', 'p') AND relname = '{name}' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        ),
    };
    Ok(!rows(db, &sql).await?.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "these tables have no entities, and what was before them has no schema")]
async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<sea_orm::QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await
}

/// Makes the tables where they are missing.
pub(super) async fn create(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    Migrator::install(txn).await?;
    let mut table = Table::create();
    table
        .table(CHECKSUMS)
        .if_not_exists()
        .col(ColumnDef::new("version").string().not_null().primary_key())
        .col(ColumnDef::new("checksum").string_len(64).not_null());
    txn.execute(&table).await?;
    Ok(())
}

/// Whether it has had a migration, as of now.
pub(super) async fn has(txn: &DatabaseTransaction, name: &str) -> Result<bool, DbErr> {
    let sql = format!("SELECT 1 AS found FROM seaql_migrations WHERE version = '{name}'");
    Ok(!rows(txn, &sql).await?.is_empty())
}

/// Remembers that a migration was applied, and what it said.
#[expect(clippy::disallowed_methods, reason = "there is no call and no context yet")]
pub(super) async fn note_applied(txn: &DatabaseTransaction, name: &str) -> Result<(), DbErr> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let applied = seaql_migrations::ActiveModel {
        version: ActiveValue::Set(name.to_owned()),
        applied_at: ActiveValue::Set(i64::try_from(now).unwrap_or(i64::MAX)),
    };
    seaql_migrations::Entity::insert(applied).exec_without_returning(txn).await?;
    Ok(())
}

/// Remembers what a migration said; what was remembered of it before gives way.
pub(super) async fn note_checksum(txn: &DatabaseTransaction, name: &str, checksum: &str) -> Result<(), DbErr> {
    let insert = Query::insert()
        .into_table(CHECKSUMS)
        .columns(["version", "checksum"])
        .values_panic([name.into(), checksum.into()])
        .on_conflict(OnConflict::column("version").update_column("checksum").to_owned())
        .take();
    txn.execute(&insert).await?;
    Ok(())
}

/// Forgets a migration that was undone.
pub(super) async fn forget(txn: &DatabaseTransaction, name: &str) -> Result<(), DbErr> {
    let applied = seaql_migrations::Column::Version.eq(name);
    seaql_migrations::Entity::delete_many().filter(applied).exec(txn).await?;
    let delete = Query::delete().from_table(CHECKSUMS).and_where(Expr::col("version").eq(name)).take();
    txn.execute(&delete).await?;
    Ok(())
}

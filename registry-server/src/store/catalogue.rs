//! What the live database says of its own tables: the one place that reads the catalogues of SQLite and
//! PostgreSQL.
//!
//! May not: judge. Comparing is `drift.rs`.

use super::backend::Backend;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// The tables of a database, by name.
pub type Catalogue = BTreeMap<String, Table>;

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its columns, by name.
    pub columns: BTreeMap<String, Column>,
    /// The columns of its primary key, sorted.
    pub primary_key: BTreeSet<String>,
    /// The columns of each unique key, the primary key included.
    pub uniques: BTreeSet<BTreeSet<String>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its type as the database spells it, lower case.
    pub sql_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its default, as the database spells it.
    pub default: Option<String>,
}

const SQLITE_COLUMNS: &str = r#"SELECT t.name AS table_name, c.name AS column_name, lower(c.type) AS sql_type,
    NOT (c."notnull" OR c.pk > 0) AS nullable, c.dflt_value AS default_value, c.pk > 0 AS in_key
    FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'"#;

const SQLITE_UNIQUES: &str = r#"SELECT t.name AS table_name, i.name AS index_name, c.name AS column_name
    FROM sqlite_master t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
    WHERE t.type = 'table' AND i."unique" AND NOT i.partial"#;

const POSTGRES_COLUMNS: &str = r"SELECT t.relname::text AS table_name, c.attname::text AS column_name,
    lower(format_type(c.atttypid, c.atttypmod)) AS sql_type, NOT c.attnotnull AS nullable,
    pg_get_expr(d.adbin, d.adrelid) AS default_value,
    EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary AND c.attnum = ANY (i.indkey::int2[])) AS in_key
    FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = c.attnum
    WHERE t.relkind IN ('r', 'p') AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

const POSTGRES_UNIQUES: &str = r"SELECT t.relname::text AS table_name, x.relname::text AS index_name, c.attname::text AS column_name
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = ANY (i.indkey::int2[])
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

/// Reads the catalogue of the schema that this connection works in.
///
/// # Errors
/// Those of the database.
pub async fn read(backend: Backend, db: &DatabaseConnection) -> Result<Catalogue, DbErr> {
    let (columns, uniques) = match backend {
        Backend::Sqlite => (SQLITE_COLUMNS, SQLITE_UNIQUES),
        Backend::Postgres => (POSTGRES_COLUMNS, POSTGRES_UNIQUES),
    };
    let mut tables = Catalogue::new();
    for row in rows(db, columns).await? {
        let table = tables.entry(row.try_get("", "table_name")?).or_default();
        add_column(table, &row)?;
    }
    for ((table, _), columns) in unique_keys(rows(db, uniques).await?)? {
        tables.entry(table).or_default().uniques.insert(columns);
    }
    for table in tables.values_mut().filter(|table| !table.primary_key.is_empty()) {
        table.uniques.insert(table.primary_key.clone());
    }
    Ok(tables)
}

#[expect(clippy::disallowed_methods, reason = "catalogues have no entities")]
async fn rows(db: &DatabaseConnection, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    let backend: DbBackend = db.get_database_backend();
    db.query_all_raw(Statement::from_string(backend, sql)).await
}

fn add_column(table: &mut Table, row: &QueryResult) -> Result<(), DbErr> {
    let name: String = row.try_get("", "column_name")?;
    if row.try_get("", "in_key")? {
        table.primary_key.insert(name.clone());
    }
    let column = Column {
        sql_type: row.try_get("", "sql_type")?,
        nullable: row.try_get("", "nullable")?,
        default: row.try_get("", "default_value")?,
    };
    table.columns.insert(name, column);
    Ok(())
}

type UniqueKeys = BTreeMap<(String, String), BTreeSet<String>>;

fn unique_keys(rows: Vec<QueryResult>) -> Result<UniqueKeys, DbErr> {
    let mut keys = UniqueKeys::new();
    for row in rows {
        let index = (row.try_get("", "table_name")?, row.try_get("", "index_name")?);
        keys.entry(index).or_default().insert(row.try_get("", "column_name")?);
    }
    Ok(keys)
}

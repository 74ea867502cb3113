//! What a database says of its own tables: the one place that reads the catalogues of SQLite and PostgreSQL.
//!
//! May not: judge. Comparing is `drift.rs`.

mod postgres;
mod sqlite;
mod words;

use super::backend::Backend;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The tables of a database, by name.
pub type Catalogue = BTreeMap<String, Table>;

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its columns, by name.
    pub columns: BTreeMap<String, Column>,
    /// The columns of its primary key, sorted.
    pub primary_key: BTreeSet<String>,
    /// The columns of each unique key that covers every row, the primary key included. Said by `indexes` and `primary_key`, too.
    #[serde(skip)]
    pub uniques: BTreeSet<BTreeSet<String>>,
    /// Its indexes but that of the primary key, by name.
    pub indexes: BTreeMap<String, Index>,
    /// What its rows must be.
    pub checks: BTreeSet<Check>,
    /// The rows of other tables that must be there.
    pub foreign_keys: BTreeSet<ForeignKey>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its type as the database spells it, lower case.
    pub sql_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its default, as the database spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How it is sorted, if it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// What it sorts by, in this order: columns or expressions, as the database spells them.
    pub columns: Vec<String>,
    /// Whether no two rows are equal in all of them, or whatever else an `EXCLUDE` says of two rows.
    pub unique: bool,
    /// Which rows it covers, if not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// How it is kept, if not as a key that is looked at with every row: `DEFERRABLE`, `EXCLUDE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// A condition that every row meets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Check {
    /// The columns that it is about.
    pub columns: BTreeSet<String>,
    /// The condition, as the database spells it.
    pub condition: String,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its columns.
    pub columns: Vec<String>,
    /// The table of the rows that must be there.
    pub table: String,
    /// The columns of those.
    pub references: Vec<String>,
    /// What happens when one of them changes or goes, if anything, and how it is kept, if not with every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<String>,
}

/// Reads the catalogue of the schema that this connection works in.
///
/// # Errors
/// Those of the database.
pub async fn read(backend: Backend, db: &DatabaseConnection) -> Result<Catalogue, DbErr> {
    let mut tables = match backend {
        Backend::Sqlite => sqlite::read(db).await?,
        Backend::Postgres => postgres::read(db).await?,
    };
    for table in tables.values_mut() {
        let whole = table.indexes.values().filter(|index| index.unique && index.rows.is_none() && index.kept.is_none());
        table.uniques = whole.map(|index| index.columns.iter().cloned().collect()).collect();
        if !table.primary_key.is_empty() {
            table.uniques.insert(table.primary_key.clone());
        }
    }
    Ok(tables)
}

#[expect(clippy::disallowed_methods, reason = "catalogues have no entities")]
async fn rows(db: &DatabaseConnection, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    let backend: DbBackend = db.get_database_backend();
    db.query_all_raw(Statement::from_string(backend, sql)).await
}

/// Notes a column, from a row with these names.
fn add_column(tables: &mut Catalogue, row: &QueryResult) -> Result<(), DbErr> {
    let table = tables.entry(row.try_get("", "table_name")?).or_default();
    let name: String = row.try_get("", "column_name")?;
    if row.try_get("", "in_key")? {
        table.primary_key.insert(name.clone());
    }
    let column = Column {
        sql_type: row.try_get("", "sql_type")?,
        nullable: row.try_get("", "nullable")?,
        default: row.try_get("", "default_value")?,
        collation: row.try_get("", "collation")?,
    };
    table.columns.insert(name, column);
    Ok(())
}

//! Whether the live database is what this binary needs.
//!
//! What it needs is what the entities say. A finding names table and column, what was expected and what is
//! there. Extra tables, indexes and columns are tolerated if rows can still be written without them: a newer
//! release may have expanded the schema already.

use super::backend::Backend;
use super::catalogue::{Catalogue, Table};
use super::entity;
use sea_orm::DbBackend;
use sea_orm::sea_query::{ColumnDef, ColumnType, StringLen, TableCreateStatement, TableRef};
use std::collections::BTreeSet;

/// Everything in which `live` is not what this binary needs, one sentence each. Empty means: serve.
#[must_use]
pub fn findings(backend: Backend, live: &Catalogue) -> Vec<String> {
    let dialect = match backend {
        Backend::Sqlite => DbBackend::Sqlite,
        Backend::Postgres => DbBackend::Postgres,
    };
    entity::tables(dialect).iter().flat_map(|needed| table(backend, needed, live)).collect()
}

fn table(backend: Backend, needed: &TableCreateStatement, live: &Catalogue) -> Vec<String> {
    let name = table_name(needed);
    let Some(found) = live.get(&name) else { return vec![format!("table `{name}` is missing")] };
    let mut findings: Vec<String> =
        needed.get_columns().iter().filter_map(|column| missing_or_other(backend, &name, column, found)).collect();
    findings.extend(in_the_way(&name, needed, found));
    findings.extend(unique_keys(needed).difference(&found.uniques).map(|key| {
        let columns: Vec<&str> = key.iter().map(String::as_str).collect();
        format!("table `{name}`: the unique key on ({}) is missing", columns.join(", "))
    }));
    findings
}

fn missing_or_other(backend: Backend, table: &str, needed: &ColumnDef, found: &Table) -> Option<String> {
    let name = needed.get_column_name();
    let at = format!("table `{table}`, column `{name}`");
    let Some(column) = found.columns.get(&name) else { return Some(format!("{at}: is missing")) };
    let sql_type = needed.get_column_type().map(|needed| type_name(backend, needed)).unwrap_or_default();
    if column.sql_type != sql_type {
        return Some(format!("{at}: expected type {sql_type}, found {}", column.sql_type));
    }
    match (is_nullable(needed), column.nullable) {
        (true, false) => Some(format!("{at}: expected to accept NULL, found NOT NULL")),
        (false, true) => Some(format!("{at}: expected NOT NULL, found it to accept NULL")),
        _ => None,
    }
}

/// Columns that this binary does not know and could not write a row without.
fn in_the_way<'a>(table: &'a str, needed: &TableCreateStatement, found: &'a Table) -> impl Iterator<Item = String> + 'a {
    let known: BTreeSet<String> = needed.get_columns().iter().map(ColumnDef::get_column_name).collect();
    let unknown = found.columns.iter().filter(move |(name, _)| !known.contains(*name));
    unknown.filter(|(_, column)| !column.nullable && column.default.is_none()).map(move |(name, _)| {
        format!("table `{table}`, column `{name}`: expected no such column, found one that is NOT NULL without a default")
    })
}

fn unique_keys(needed: &TableCreateStatement) -> BTreeSet<BTreeSet<String>> {
    let composite = needed.get_indexes().iter().filter(|index| index.is_primary_key() || index.is_unique_key());
    let composite = composite.map(|index| index.get_index_spec().get_column_names().into_iter().collect());
    let single = needed.get_columns().iter().filter(|column| {
        let spec = column.get_column_spec();
        spec.primary_key || spec.unique
    });
    composite.chain(single.map(|column| BTreeSet::from([column.get_column_name()]))).collect()
}

fn is_nullable(column: &ColumnDef) -> bool {
    let spec = column.get_column_spec();
    !spec.primary_key && spec.nullable != Some(false)
}

fn table_name(table: &TableCreateStatement) -> String {
    match table.get_table_name() {
        Some(TableRef::Table(name, _)) => name.1.to_string(),
        _ => String::new(),
    }
}

/// How the catalogue of each database spells the types that entities use.
fn type_name(backend: Backend, needed: &ColumnType) -> String {
    let (sqlite, postgres) = match needed {
        ColumnType::String(StringLen::N(length)) => {
            return match backend {
                Backend::Sqlite => format!("varchar({length})"),
                Backend::Postgres => format!("character varying({length})"),
            };
        }
        ColumnType::Uuid => ("uuid_text", "uuid"),
        ColumnType::Text => ("text", "text"),
        ColumnType::Boolean => ("boolean", "boolean"),
        ColumnType::Integer => ("integer", "integer"),
        ColumnType::BigInteger => ("integer", "bigint"),
        ColumnType::Blob => ("blob", "bytea"),
        _ => ("a type this server does not use", "a type this server does not use"),
    };
    match backend {
        Backend::Sqlite => sqlite.to_owned(),
        Backend::Postgres => postgres.to_owned(),
    }
}

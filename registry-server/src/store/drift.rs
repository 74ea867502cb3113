//! Whether the live database is what this binary needs.
//!
//! What it needs is what the migrations build, as it was read from a database that had just been migrated and committed beside this
//! file (ADR 23); tests compare it with what migrations and entities say. A finding names the table and the column, index or
//! constraint, what was expected and what is there. What is there besides is tolerated if rows can still be written as if it were not.

use super::backend::Backend;
use super::catalogue::{Catalogue, Check, Column, ForeignKey, Index, Table};
use super::entity;
use super::migrations::dialect;
use sea_orm::sea_query::ColumnDef;
use std::collections::BTreeSet;

const SQLITE: &str = include_str!("catalogue/sqlite.json");
const POSTGRES: &str = include_str!("catalogue/postgres.json");

/// What this binary needs.
///
/// # Errors
/// If what is committed is no catalogue, or lacks what the entities say: with less to compare, the check would find less.
pub fn needed(backend: Backend) -> Result<Catalogue, String> {
    match backend {
        Backend::Sqlite => whole(backend, SQLITE),
        Backend::Postgres => whole(backend, POSTGRES),
    }
}

fn whole(backend: Backend, text: &str) -> Result<Catalogue, String> {
    let catalogue =
        serde_json::from_str(text).map_err(|error| format!("the catalogue inside of this server cannot be read: {error}"))?;
    match lacking(backend, &catalogue) {
        Some(what) => {
            Err(format!("the catalogue inside of this server lacks the {what}: this server was not built as it should be"))
        }
        None => Ok(catalogue),
    }
}

/// The first table or column that the entities say and this catalogue does not.
fn lacking(backend: Backend, catalogue: &Catalogue) -> Option<String> {
    entity::tables(dialect(backend)).iter().find_map(|entity| {
        let name = entity.get_table_name().map(|table| table.sea_orm_table().to_string()).unwrap_or_default();
        let Some(table) = catalogue.get(&name) else { return Some(format!("table `{name}`")) };
        let mut columns = entity.get_columns().iter().map(ColumnDef::get_column_name);
        columns
            .find(|column| !table.columns.contains_key(column))
            .map(|column| format!("column `{column}` of the table `{name}`"))
    })
}

/// Everything in which `live` is not what this binary needs, one sentence each. Empty means: serve.
#[must_use]
pub fn findings(backend: Backend, live: &Catalogue) -> Vec<String> {
    match needed(backend) {
        Ok(needed) => needed.iter().flat_map(|(name, needed)| compare(name, needed, live)).collect(),
        Err(sentence) => vec![sentence],
    }
}

fn compare(name: &str, needed: &Table, live: &Catalogue) -> Vec<String> {
    let at = format!("table `{name}`");
    let Some(found) = live.get(name) else { return vec![format!("{at} is missing")] };
    let mut findings: Vec<String> =
        needed.columns.iter().filter_map(|(name, column)| missing_or_other(&at, name, column, found)).collect();
    if needed.primary_key != found.primary_key && needed.primary_key.iter().all(|column| found.columns.contains_key(column)) {
        let (expected, found) = (list(&needed.primary_key), list(&found.primary_key));
        findings.push(format!("{at}: expected the primary key ({expected}), found ({found})"));
    }
    findings.extend(lost_indexes(&at, needed, found));
    findings.extend(lost_constraints(&at, needed, found));
    findings.extend(columns_in_the_way(&at, needed, found));
    findings.extend(rules_in_the_way(&at, needed, found));
    findings
}

fn missing_or_other(at: &str, name: &str, needed: &Column, found: &Table) -> Option<String> {
    let at = format!("{at}, column `{name}`");
    let Some(column) = found.columns.get(name) else { return Some(format!("{at}: is missing")) };
    if column.sql_type != needed.sql_type {
        return Some(format!("{at}: expected type {}, found {}", needed.sql_type, column.sql_type));
    }
    match (needed.nullable, column.nullable) {
        (true, false) => return Some(format!("{at}: expected to accept NULL, found NOT NULL")),
        (false, true) => return Some(format!("{at}: expected NOT NULL, found it to accept NULL")),
        (true, true) | (false, false) => {}
    }
    if needed.default.as_deref().map(plain) != column.default.as_deref().map(plain) {
        return Some(format!("{at}: expected {}, found {}", default(needed), default(column)));
    }
    (needed.collation != column.collation).then(|| format!("{at}: expected {}, found {}", collation(needed), collation(column)))
}

fn default(column: &Column) -> String {
    column.default.as_ref().map_or("no default".to_owned(), |default| format!("the default {default}"))
}

fn collation(column: &Column) -> String {
    column.collation.as_ref().map_or("no collation".to_owned(), |collation| format!("the collation {collation}"))
}

/// What is about a column that is not there is not told as well.
fn lost_indexes(at: &str, needed: &Table, found: &Table) -> Vec<String> {
    let missing = |(name, index): (&String, &Index)| {
        let there = found.indexes.values().any(|other| same(index, other));
        let known = index.columns.iter().all(|column| !needed.columns.contains_key(column) || found.columns.contains_key(column));
        (!there && known).then(|| match found.indexes.get(name) {
            Some(other) => format!("{at}: expected the {} in the index `{name}`, found the {}", told(index), told(other)),
            None => format!("{at}: the {} is missing (the index `{name}`)", told(index)),
        })
    };
    needed.indexes.iter().filter_map(missing).collect()
}

fn same(one: &Index, other: &Index) -> bool {
    one.columns == other.columns
        && one.unique == other.unique
        && one.kept == other.kept
        && one.rows.as_deref().map(plain) == other.rows.as_deref().map(plain)
}

fn told(index: &Index) -> String {
    let kind = if index.unique { "unique key" } else { "index" };
    let rows = index.rows.as_ref().map_or(String::new(), |rows| format!(" where {rows}"));
    let kept = index.kept.as_ref().map_or(String::new(), |kept| format!(" {kept}"));
    format!("{kind} on ({}){rows}{kept}", index.columns.join(", "))
}

fn lost_constraints(at: &str, needed: &Table, found: &Table) -> Vec<String> {
    let there = |column: &String| found.columns.contains_key(column);
    let conditions: BTreeSet<String> = found.checks.iter().map(|check| plain(&check.condition)).collect();
    let checks = needed.checks.iter().filter(|check| check.columns.iter().all(there));
    let checks = checks.filter(|check| !conditions.contains(&plain(&check.condition)));
    let checks = checks.map(|Check { columns, condition }| {
        format!("{at}, column `{}`: the constraint CHECK ({condition}) is missing", list(columns))
    });
    let keys = needed.foreign_keys.iter().filter(|key| key.columns.iter().all(there));
    let keys = keys.filter(|key| !found.foreign_keys.contains(*key));
    checks.chain(keys.map(|key| format!("{at}: the {} is missing", foreign_key(key)))).collect()
}

fn foreign_key(key: &ForeignKey) -> String {
    let ForeignKey { columns, table, references, actions } = key;
    let actions = actions.as_ref().map_or(String::new(), |actions| format!(" {actions}"));
    format!("foreign key ({}) to {table} ({}){actions}", columns.join(", "), references.join(", "))
}

/// Columns that this binary does not know and could not write a row without.
fn columns_in_the_way(at: &str, needed: &Table, found: &Table) -> Vec<String> {
    let unknown = found.columns.iter().filter(|(name, _)| !needed.columns.contains_key(*name));
    let must_be_filled = unknown.filter(|(_, column)| !column.nullable && column.default.is_none());
    let told =
        |(name, _)| format!("{at}, column `{name}`: expected no such column, found one that is NOT NULL without a default");
    must_be_filled.map(told).collect()
}

/// Rules that this binary does not know, about columns that it writes.
fn rules_in_the_way(at: &str, needed: &Table, found: &Table) -> Vec<String> {
    let ours = |column: &String| needed.columns.contains_key(column);
    let indexes = found.indexes.values().filter(|index| index.unique && !has_unknown_part(index, needed, found));
    let indexes = indexes.filter(|index| !needed.indexes.values().any(|known| same(known, index))).map(told);
    let known: BTreeSet<String> = needed.checks.iter().map(|check| plain(&check.condition)).collect();
    let checks = found.checks.iter().filter(|check| !check.columns.is_empty() && check.columns.iter().all(ours));
    let checks = checks.filter(|check| !known.contains(&plain(&check.condition)));
    let checks = checks.map(|check| format!("constraint CHECK ({})", check.condition));
    let keys = found.foreign_keys.iter().filter(|key| key.columns.iter().all(ours) && !needed.foreign_keys.contains(*key));
    let rules = indexes.chain(checks).chain(keys.map(foreign_key));
    rules.map(|rule| format!("{at}: expected no {rule}, which could refuse what this server writes")).collect()
}

/// Whether it counts a column that this server leaves out. Of an expression nobody knows what it is made of.
fn has_unknown_part(index: &Index, needed: &Table, found: &Table) -> bool {
    let mut columns = index.columns.iter().map(|part| column_of(part));
    columns.any(|column| found.columns.contains_key(column) && !needed.columns.contains_key(column))
}

/// A part of an index without how it is sorted.
fn column_of(part: &str) -> &str {
    let end = [" DESC", " COLLATE "].iter().filter_map(|word| part.find(word)).min();
    end.and_then(|end| part.get(..end)).unwrap_or(part)
}

/// Without what a newer version of the database may come to spell otherwise, or one that was filled from a dump: parentheses, spaces,
/// quotes of names, and casts of texts to texts.
#[must_use]
pub fn plain(expression: &str) -> String {
    let casts = ["::text[]", "::text", "::character varying[]", "::character varying"];
    let bare = casts.iter().fold(expression.to_owned(), |text, cast| text.replace(cast, ""));
    bare.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '(' | ')' | '"')).collect()
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Backend, POSTGRES, SQLITE, whole};
    use crate::store::catalogue::Catalogue;

    #[test]
    fn a_catalogue_that_lacks_something_is_none() {
        for (backend, text) in [(Backend::Sqlite, SQLITE), (Backend::Postgres, POSTGRES)] {
            let known = whole(backend, text).unwrap();
            for name in known.keys() {
                let mut cut: Catalogue = known.clone();
                cut.remove(name);
                let sentence = whole(backend, &serde_json::to_string(&cut).unwrap()).unwrap_err();
                assert!(sentence.contains(&format!("lacks the table `{name}`")), "{sentence}");
            }
            let mut cut = known.clone();
            cut.get_mut("models").unwrap().columns.remove("company");
            let sentence = whole(backend, &serde_json::to_string(&cut).unwrap()).unwrap_err();
            assert!(sentence.contains("lacks the column `company` of the table `models`"), "{sentence}");
            assert!(whole(backend, "{}").is_err() && whole(backend, "").is_err());
        }
    }
}

//! The catalogue of SQLite: pragmas, and the text of each table for what no pragma tells (CHECKs, partial indexes).

use super::words::{self, Word};
use super::{Catalogue, Check, ForeignKey, Index, Table, add_column, rows};
use sea_orm::{DatabaseConnection, DbErr};
use std::collections::BTreeMap;

const COLUMNS: &str = r#"SELECT t.name AS table_name, c.name AS column_name, lower(c.type) AS sql_type,
    NOT (c."notnull" OR c.pk > 0) AS nullable, c.dflt_value AS default_value, c.pk > 0 AS in_key, NULL AS collation
    FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'"#;

const INDEXES: &str = r#"SELECT t.name AS table_name, i.name AS index_name, i."unique" AS is_unique, i.partial AS partial,
    coalesce(m.sql, '') AS sql, coalesce(c.name, '(an expression)') || CASE WHEN c."desc" THEN ' DESC' ELSE '' END
        || CASE WHEN c.coll <> 'BINARY' THEN ' COLLATE ' || c.coll ELSE '' END AS part
    FROM sqlite_master t JOIN pragma_index_list(t.name) i JOIN pragma_index_xinfo(i.name) c
    LEFT JOIN sqlite_master m ON m.type = 'index' AND m.name = i.name
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND i.origin <> 'pk' AND c.key ORDER BY t.name, i.name, c.seqno"#;

const FOREIGN_KEYS: &str = r#"SELECT t.name AS table_name, k.id AS key_id, k."from" AS part, k."table" AS parent,
    coalesce(k."to", '') AS referenced, k.on_update AS on_update, k.on_delete AS on_delete
    FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq"#;

const TEXTS: &str =
    r"SELECT name AS table_name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'";

/// Reads it.
pub(super) async fn read(db: &DatabaseConnection) -> Result<Catalogue, DbErr> {
    let mut tables = Catalogue::new();
    for row in rows(db, COLUMNS).await? {
        add_column(&mut tables, &row)?;
    }
    for row in rows(db, TEXTS).await? {
        let (name, text): (String, String) = (row.try_get("", "table_name")?, row.try_get("", "sql")?);
        add_text(tables.entry(name).or_default(), &text);
    }
    indexes(&mut tables, db).await?;
    foreign_keys(&mut tables, db).await?;
    Ok(tables)
}

async fn indexes(tables: &mut Catalogue, db: &DatabaseConnection) -> Result<(), DbErr> {
    for row in rows(db, INDEXES).await? {
        let table = tables.entry(row.try_get("", "table_name")?).or_default();
        let text: String = row.try_get("", "sql")?;
        let partial: bool = row.try_get("", "partial")?;
        let unique: bool = row.try_get("", "is_unique")?;
        let index = table.indexes.entry(row.try_get("", "index_name")?);
        let index =
            index.or_insert_with(|| Index { columns: Vec::new(), unique, rows: partial.then(|| condition(&text)), kept: None });
        index.columns.push(row.try_get("", "part")?);
    }
    Ok(())
}

/// What follows the last WHERE of an index.
fn condition(index: &str) -> String {
    let words = words::of(index);
    let at = words.iter().rposition(|word| word.is("WHERE")).map_or(0, |at| at + 1);
    words::spelled(words.get(at..).unwrap_or_default())
}

async fn foreign_keys(tables: &mut Catalogue, db: &DatabaseConnection) -> Result<(), DbErr> {
    let mut keys: BTreeMap<(String, i64), ForeignKey> = BTreeMap::new();
    for row in rows(db, FOREIGN_KEYS).await? {
        let actions: (String, String) = (row.try_get("", "on_update")?, row.try_get("", "on_delete")?);
        let parent: String = row.try_get("", "parent")?;
        let key = keys.entry((row.try_get("", "table_name")?, row.try_get("", "key_id")?)).or_insert_with(|| ForeignKey {
            columns: Vec::new(),
            table: parent,
            references: Vec::new(),
            actions: (actions != ("NO ACTION".to_owned(), "NO ACTION".to_owned()))
                .then(|| format!("ON UPDATE {} ON DELETE {}", actions.0, actions.1)),
        });
        key.columns.push(row.try_get("", "part")?);
        key.references.push(row.try_get("", "referenced")?);
    }
    for ((table, _), key) in keys {
        tables.entry(table).or_default().foreign_keys.insert(key);
    }
    Ok(())
}

/// What only the text of a table tells: its CHECKs, and how a column is sorted.
fn add_text(table: &mut Table, text: &str) {
    let words = words::of(text);
    for item in words::items(&words) {
        let at = item.iter().position(|word| word.is("COLLATE")).map_or(item.len(), |at| at + 1);
        if let (Some(Word::Name(name)), Some(collation)) = (item.first(), item.get(at))
            && let Some(column) = table.columns.get_mut(name)
        {
            column.collation = Some(collation.to_string());
        }
        for condition in words::conditions(item) {
            let names = condition.iter().filter_map(Word::name).filter(|name| table.columns.contains_key(*name));
            let columns = names.map(str::to_owned).collect();
            table.checks.insert(Check { columns, condition: words::spelled(condition) });
        }
    }
}

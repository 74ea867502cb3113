//! The catalogue of PostgreSQL, of the schema that a connection works in.

use super::{Catalogue, Check, ForeignKey, Index, add_column, rows};
use sea_orm::{DatabaseConnection, DbErr};

const COLUMNS: &str = r"SELECT t.relname::text AS table_name, c.attname::text AS column_name,
    lower(format_type(c.atttypid, c.atttypmod)) AS sql_type, NOT c.attnotnull AS nullable,
    pg_get_expr(d.adbin, d.adrelid) AS default_value, o.collname::text AS collation,
    EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary AND c.attnum = ANY (i.indkey::int2[])) AS in_key
    FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = c.attnum
    LEFT JOIN pg_collation o ON o.oid = c.attcollation AND o.collname <> 'default'
    WHERE t.relkind IN ('r', 'p') AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

// An index that could not be built to the end is none. How a part of it is sorted is told where it is not as its column is.
const INDEXES: &str = r"SELECT t.relname::text AS table_name, x.relname::text AS index_name, i.indisunique OR i.indisexclusion AS is_unique,
    pg_get_expr(i.indpred, i.indrelid) AS predicate,
    CASE WHEN i.indisexclusion THEN 'EXCLUDE' WHEN NOT i.indimmediate THEN 'DEFERRABLE' END AS kept,
    (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, false) || CASE WHEN i.indoption[n - 1] & 1 = 1 THEN ' DESC' ELSE '' END
        || coalesce(' COLLATE ' || o.collname, ''), chr(10) ORDER BY n)
        FROM generate_series(1, i.indnkeyatts::int) n
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1]
        LEFT JOIN pg_collation o ON o.oid = i.indcollation[n - 1] AND o.oid <> a.attcollation) AS parts
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indisvalid AND NOT i.indisprimary AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

// One that not every row was held to, or that is looked at later, is another one.
const CONSTRAINTS: &str = r"SELECT t.relname::text AS table_name, c.contype = 'c' AS is_check, pg_get_expr(c.conbin, c.conrelid) AS condition,
    (SELECT string_agg(a.attname::text, chr(10) ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k (num, n)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS parts,
    p.relname::text AS parent,
    (SELECT string_agg(a.attname::text, chr(10) ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k (num, n)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num) AS referenced,
    c.confupdtype::text AS on_update, c.confdeltype::text AS on_delete,
    CASE WHEN NOT c.convalidated THEN ' NOT VALID' WHEN c.condeferrable THEN ' DEFERRABLE' ELSE '' END AS kept
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid LEFT JOIN pg_class p ON p.oid = c.confrelid
    WHERE c.contype IN ('c', 'f') AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

/// Reads it.
pub(super) async fn read(db: &DatabaseConnection) -> Result<Catalogue, DbErr> {
    let mut tables = Catalogue::new();
    for row in rows(db, COLUMNS).await? {
        add_column(&mut tables, &row)?;
    }
    for row in rows(db, INDEXES).await? {
        let index = Index {
            columns: parts(row.try_get("", "parts")?),
            unique: row.try_get("", "is_unique")?,
            rows: row.try_get("", "predicate")?,
            kept: row.try_get("", "kept")?,
        };
        tables.entry(row.try_get("", "table_name")?).or_default().indexes.insert(row.try_get("", "index_name")?, index);
    }
    for row in rows(db, CONSTRAINTS).await? {
        let table = tables.entry(row.try_get("", "table_name")?).or_default();
        let columns = parts(row.try_get("", "parts")?);
        let kept: String = row.try_get("", "kept")?;
        if row.try_get("", "is_check")? {
            let condition: Option<String> = row.try_get("", "condition")?;
            table
                .checks
                .insert(Check { columns: columns.into_iter().collect(), condition: condition.unwrap_or_default() + &kept });
        } else {
            let parent: Option<String> = row.try_get("", "parent")?;
            let references = parts(row.try_get("", "referenced")?);
            let actions = actions(row.try_get("", "on_update")?, row.try_get("", "on_delete")?, &kept);
            table.foreign_keys.insert(ForeignKey { columns, table: parent.unwrap_or_default(), references, actions });
        }
    }
    Ok(tables)
}

fn parts(lines: Option<String>) -> Vec<String> {
    lines.unwrap_or_default().lines().map(|part| part.replace('"', "")).collect()
}

fn actions(on_update: String, on_delete: String, kept: &str) -> Option<String> {
    ((on_update.as_str(), on_delete.as_str(), kept) != ("a", "a", ""))
        .then(|| format!("ON UPDATE {} ON DELETE {}{kept}", action(&on_update), action(&on_delete)))
}

fn action(letter: &str) -> &str {
    match letter {
        "a" => "NO ACTION",
        "r" => "RESTRICT",
        "c" => "CASCADE",
        "n" => "SET NULL",
        "d" => "SET DEFAULT",
        other => other,
    }
}

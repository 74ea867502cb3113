//! Where the old database is: a URL, or the path of a file.
//!
//! May not: open it for anything but reading.

use super::Trouble;
use crate::store::Target;
use crate::store::legacy::{Legacy, Row, Table, Wanted};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How many rows are read at a time.
pub const PAGE: usize = 500;
/// How many rows are read at a time where all are kept anyway: whatever has no index is looked for once, and not page by page.
const MANY: usize = 100_000;

/// An old database.
#[derive(Debug)]
pub struct Source(Legacy);

/// What a file of SQLite begins with, and what the two kinds of dumps of PostgreSQL do.
const SQLITE: &[u8] = b"SQLite format 3\0";
const DUMPS: [&[u8]; 2] = [b"PGDMP", b"--\n-- PostgreSQL database"];

/// Where it is, of what the operator says.
///
/// # Errors
/// A sentence that repeats nothing of a URL.
pub fn target(from: &str) -> Result<Target, Trouble> {
    let is_url = ["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| from.starts_with(scheme));
    match is_url {
        true => from.parse().map_err(|why| Trouble(format!("--from: {why}"))).and_then(existing),
        false => file(Path::new(from)),
    }
}

fn existing(target: Target) -> Result<Target, Trouble> {
    match target {
        Target::Sqlite(path) => file(&path),
        Target::Postgres(_) => Ok(target),
    }
}

fn file(path: &Path) -> Result<Target, Trouble> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut head));
    read.map_err(|error| Trouble(format!("--from: {} cannot be read: {error}", path.display())))?;
    if head.starts_with(SQLITE) {
        return Ok(Target::Sqlite(PathBuf::from(path)));
    }
    let is_dump = DUMPS.iter().any(|dump| head.starts_with(dump)) || path.extension().is_some_and(|extension| extension == "sql");
    let path = path.display();
    Err(Trouble(match is_dump {
        true => format!(
            "--from: {path} is a dump of a PostgreSQL database, which only PostgreSQL can read: load it (`createdb old && psql -d old -f {path}`, or pg_restore) and name that database"
        ),
        false => format!("--from: {path} is neither a SQLite file nor a URL (postgres://… or sqlite:PATH)"),
    }))
}

impl Source {
    /// Opens it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn open(from: &str) -> Result<Self, Trouble> {
        let target = target(from)?;
        let opened = Legacy::open(&target).await;
        opened.map(Self).map_err(|error| Trouble(format!("--from: cannot open the old database ({target}): {error}")))
    }

    /// Its tables.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        self.0.tables()
    }

    /// A table that has all of these columns, in whatever order and with whatever others.
    #[must_use]
    pub fn table(&self, schema: Option<&str>, name: &str, columns: &[&str]) -> Option<&Table> {
        let fits =
            |table: &&Table| table.name == name && schema.is_none_or(|schema| schema == table.schema) && table.has(columns);
        self.tables().iter().find(fits)
    }

    /// A table by its name, which must have these columns if it is there: what is known by name and not by its columns would
    /// otherwise be passed over, with all that is in it.
    ///
    /// # Errors
    /// A sentence that says what is missing, and what there is.
    pub fn known(&self, schema: Option<&str>, name: &str, columns: &[&str]) -> Result<Option<&Table>, Trouble> {
        if let Some(table) = self.table(schema, name, columns) {
            return Ok(Some(table));
        }
        let Some(table) = self.table(schema, name, &[]) else { return Ok(None) };
        let missing: Vec<&str> = columns.iter().copied().filter(|column| !table.has(&[column])).collect();
        let found: Vec<&str> = table.columns.keys().map(String::as_str).collect();
        Err(Trouble(format!(
            "--from: the table {}.{name} is known, but not without the columns {}; it has {}",
            table.schema,
            missing.join(", "),
            found.join(", ")
        )))
    }

    /// What there is, for a sentence that says that it is not what was expected.
    #[must_use]
    pub fn found(&self) -> String {
        let names: Vec<String> = self.tables().iter().take(20).map(|table| format!("{}.{}", table.schema, table.name)).collect();
        if names.is_empty() { "no tables at all".to_owned() } else { names.join(", ") }
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count(&self, table: &Table) -> Result<u64, Trouble> {
        Ok(self.0.count(table).await?)
    }

    /// A page of a table, behind a place.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn page(&self, table: &Table, order: &[&str], after: Option<&[String]>) -> Result<Vec<Row>, Trouble> {
        Ok(self.0.rows(&Wanted { table, only: &[], order, after, limit: PAGE }).await?)
    }

    /// All rows of a table that have one of these values in this column, and so on; page by page.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn all(&self, table: &Table, only: &[(&str, Vec<String>)], order: &[&str]) -> Result<Vec<Row>, Trouble> {
        let mut found: Vec<Row> = Vec::new();
        if only.iter().any(|(_, values)| values.is_empty()) {
            return Ok(found);
        }
        loop {
            let after = found.last().map(|row| place(row, order));
            let rows = self.0.rows(&Wanted { table, only, order, after: after.as_deref(), limit: MANY }).await?;
            let last = rows.len() < MANY;
            found.extend(rows);
            if last {
                return Ok(found);
            }
        }
    }
}

/// Where a row is in an order.
#[must_use]
pub fn place(row: &Row, order: &[&str]) -> Vec<String> {
    order.iter().map(|column| row.get(*column).cloned().flatten().unwrap_or_default()).collect()
}

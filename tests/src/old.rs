//! Databases of other registries, and the command that takes over what is in them.

use crate::Harness;
use crate::binary::Binary;
use crate::database::connect;
use crate::rows::{self, Rows};
use futures::{Stream, TryStreamExt};
use prost_types::Struct;
use prost_types::value::Kind;
use registry_client::Error;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;
use std::path::PathBuf;
use tempfile::TempDir;

/// A SQLite file of another registry.
#[derive(Debug)]
pub struct OldFile {
    directory: TempDir,
}

/// What an import said.
#[derive(Debug)]
pub struct Imported {
    /// With which code it ended.
    pub code: Option<i32>,
    /// Its report; null if it made none.
    pub report: Value,
    /// What it wrote to standard error.
    pub log: String,
}

impl OldFile {
    /// Made by these statements.
    ///
    /// # Panics
    /// If they cannot be executed.
    pub async fn of(statements: &[&str]) -> Self {
        let file = Self::new();
        let db = file.open().await;
        for statement in statements {
            db.execute_unprepared(statement).await.expect("a statement");
        }
        db.close().await.expect("a connection that closes");
        file
    }

    /// Not there yet.
    ///
    /// # Panics
    /// If there is no place for it.
    #[must_use]
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("old.db")
    }

    /// A connection that may change it.
    pub async fn open(&self) -> DatabaseConnection {
        connect(&format!("sqlite:{}?mode=rwc", self.path().display())).await
    }

    /// All there is of it.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).expect("a file")
    }

    /// Takes over what is in it.
    pub async fn import(&self, into: &str, system: &str, more: &[&str]) -> Imported {
        import(into, system, &self.path().display().to_string(), more).await
    }
}

impl Default for OldFile {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes over what is in a database, into that of a registry without a server.
///
/// # Panics
/// If the report is no JSON.
pub async fn import(into: &str, system: &str, from: &str, more: &[&str]) -> Imported {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let command = Binary::in_directory(directory.path()).args(["import", system, "--from", from, "--database-url", into]);
    let exited = command.args(["--report", "report.json"]).args(more.iter().copied()).run().await;
    let report = std::fs::read(directory.path().join("report.json")).unwrap_or_default();
    let report = if report.is_empty() { Value::Null } else { serde_json::from_slice(&report).expect("JSON") };
    Imported { code: exited.status.code(), report, log: exited.log }
}

impl Imported {
    /// What has come of the rows of a table: how many there were, and how many were created, unchanged and skipped.
    ///
    /// # Panics
    /// If they do not add up.
    #[must_use]
    pub fn rows(&self, table: &str) -> [u64; 4] {
        let rows = &self.report["tables"][table];
        let count = |what: &str| rows[what].as_u64().unwrap_or_else(|| panic!("no {what} of {table} in {self:?}"));
        let fates = ["created", "merged", "unchanged", "skipped", "failed"].map(count);
        assert_eq!(fates.iter().sum::<u64>(), count("rows"), "{table}: {rows}");
        [count("rows"), count("created"), count("unchanged"), count("skipped")]
    }

    /// What a rule has changed: the key of the row, what was in the column and what became of it.
    ///
    /// # Panics
    /// If there is no report.
    #[must_use]
    pub fn changes(&self, rule: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let changes = self.report["changes"].as_array().unwrap_or_else(|| panic!("no report: {self:?}"));
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let of_rule = changes.iter().filter(|change| change["rule"] == rule);
        of_rule.map(|change| (text(&change["key"]).unwrap_or_default(), text(&change["from"]), text(&change["to"]))).collect()
    }

    /// The rows that are not here: their tables, their keys, and why.
    ///
    /// # Panics
    /// If there is no report.
    #[must_use]
    pub fn left(&self) -> Vec<(String, String, String)> {
        let left = self.report["left"].as_array().unwrap_or_else(|| panic!("no report: {self:?}"));
        let text = |row: &Value, what: &str| row[what].as_str().unwrap_or_default().to_owned();
        left.iter().map(|row| (text(row, "table"), text(row, "key"), text(row, "reason"))).collect()
    }
}

/// Everything that is listed.
///
/// # Panics
/// If it cannot be.
pub async fn all<T>(list: impl Stream<Item = Result<T, Error>>) -> Vec<T> {
    list.try_collect().await.expect("a list")
}

/// What a registry holds, but its API keys: those note when they were last used.
pub async fn stored(registry: &Harness) -> Rows {
    let mut rows = rows::all(registry).await;
    rows.remove("api_keys");
    rows
}

/// A text in a document.
#[must_use]
pub fn member<'a>(document: &'a Option<Struct>, name: &str) -> Option<&'a str> {
    match document.as_ref()?.fields.get(name)?.kind.as_ref()? {
        Kind::StringValue(text) => Some(text),
        Kind::NullValue(_) | Kind::NumberValue(_) | Kind::BoolValue(_) | Kind::StructValue(_) | Kind::ListValue(_) => None,
    }
}

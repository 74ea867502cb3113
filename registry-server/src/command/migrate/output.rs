//! How the answers of `registry-server migrate` look: for people, and as JSON for scripts.
//!
//! May not: print a value that a statement is given. One of them is a secret.

use crate::store::Target;
use crate::store::migrations::History;
use clap::ValueEnum;
use registry_migration::Script;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::{Duration, UNIX_EPOCH};

/// The last second of the year 9999, behind which no time has four digits for the year.
const LAST: u64 = 253_402_300_799;

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    Table,
    /// One JSON object.
    Json,
}

impl Output {
    /// Writes an answer to standard output.
    #[expect(clippy::print_stdout, reason = "the answer that was asked for")]
    pub(super) fn print(self, answer: &(impl Display + Serialize)) {
        match self {
            Self::Table => println!("{answer}"),
            Self::Json => println!("{}", serde_json::to_string_pretty(answer).unwrap_or_else(|error| error.to_string())),
        }
    }
}

/// The migrations of a server and of a database.
#[derive(Serialize)]
pub(super) struct Table {
    database: String,
    pending: usize,
    migrations: Vec<Row>,
}

/// One of them.
#[derive(Serialize)]
struct Row {
    name: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    apply_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Applied,
    Pending,
    Edited,
    Unknown,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Edited => "edited since",
            Self::Unknown => "unknown here",
        }
    }
}

impl Table {
    pub(super) fn of(target: &Target, history: &History) -> Self {
        let mut rows = BTreeMap::new();
        for script in &history.scripts {
            let row = Row {
                name: script.name().to_owned(),
                state: State::Pending,
                apply_time: None,
                checksum: Some(script.checksum()),
            };
            rows.insert(script.name(), row);
        }
        for applied in &history.applied {
            let state = match rows.get(applied.name.as_str()) {
                None => State::Unknown,
                Some(known) if applied.checksum.is_some() && applied.checksum != known.checksum => State::Edited,
                Some(_) => State::Applied,
            };
            let apply_time = u64::try_from(applied.at).ok().map(time);
            let row = Row { name: applied.name.clone(), state, apply_time, checksum: applied.checksum.clone() };
            rows.insert(&applied.name, row);
        }
        Self { database: target.to_string(), pending: history.pending().count(), migrations: rows.into_values().collect() }
    }
}

fn time(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.min(LAST))).to_string()
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.database)?;
        let width = self.migrations.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for Row { name, state, apply_time, checksum: _ } in &self.migrations {
            writeln!(f, "{name:width$}  {:12}  {}", state.word(), apply_time.as_deref().unwrap_or("-"))?;
        }
        match self.pending {
            0 => write!(f, "\nNothing is pending."),
            count => write!(f, "\n{count} pending: `registry-server migrate plan` shows what would be run."),
        }
    }
}

/// What pending migrations would say.
#[derive(Serialize)]
pub(super) struct Plan {
    migrations: Vec<Planned>,
}

#[derive(Serialize)]
struct Planned {
    name: String,
    statements: Vec<String>,
}

impl Plan {
    pub(super) fn of<'a>(scripts: impl IntoIterator<Item = &'a Script>) -> Self {
        let migrations = scripts.into_iter().map(|script| Planned {
            name: script.name().to_owned(),
            statements: script.statements().iter().map(|statement| statement.sql.clone()).collect(),
        });
        Self { migrations: migrations.collect() }
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.migrations.is_empty() {
            return write!(f, "-- Nothing is pending.");
        }
        for (number, Planned { name, statements }) in self.migrations.iter().enumerate() {
            if number > 0 {
                writeln!(f, "\n")?;
            }
            write!(f, "-- {name}")?;
            for statement in statements {
                write!(f, "\n{statement};")?;
            }
        }
        Ok(())
    }
}

/// What is wrong.
#[derive(Serialize)]
pub(super) struct Findings {
    pub(super) findings: Vec<String>,
}

impl Display for Findings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() {
            write!(f, "The database is what this server needs.")
        } else {
            write!(f, "{}", self.findings.join("\n"))
        }
    }
}

/// What was applied.
#[derive(Serialize)]
pub(super) struct Applied {
    pub(super) applied: Vec<String>,
}

impl Display for Applied {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        names(f, "Applied", &self.applied, "Nothing was pending.")
    }
}

/// What was undone.
#[derive(Serialize)]
pub(super) struct Undone {
    pub(super) undone: Vec<String>,
}

impl Display for Undone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        names(f, "Undid", &self.undone, "There was nothing to undo.")
    }
}

fn names(f: &mut Formatter<'_>, verb: &str, names: &[String], otherwise: &str) -> fmt::Result {
    if names.is_empty() { write!(f, "{otherwise}") } else { write!(f, "{verb} {}.", names.join(", ")) }
}

/// What undoing would cost.
pub(super) fn warning(scripts: &[Script]) -> String {
    if scripts.is_empty() {
        return "the database has had no migration: there is nothing to undo".to_owned();
    }
    let plan = Plan::of(scripts);
    format!("this would be run, and what is in the tables and columns that it drops would be lost; --yes does it:\n\n{plan}")
}

//! What an import has done, row by row counted and change by change told. `docs/IMPORTING.md` documents its JSON.
//!
//! May not: hold a secret. What it tells of API keys are their ids, names and states.

use crate::domain::import::{Change, Fate, Origin, stands_for_it};
use crate::service::families::{Family, Put};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// What has been done.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was found: the system and its era.
    pub source: String,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Whether the import came to its end. If not, this is how far it came.
    pub complete: bool,
    /// Table by table.
    pub tables: BTreeMap<&'static str, Rows>,
    /// Row by row, those that are not here as what they were.
    pub left: Vec<Left>,
    /// Value by value, what is not as it was.
    pub changes: Vec<Changed>,
}

/// What has come of the rows of a table. They add up to `rows`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the variants of `Fate` say it")]
pub struct Rows {
    /// How many there are.
    pub rows: u64,
    pub created: u64,
    pub merged: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub failed: u64,
}

impl Rows {
    const fn accounted_for(&self) -> u64 {
        self.created + self.merged + self.unchanged + self.skipped + self.failed
    }
}

/// A row that is not here, or for which something else stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Left {
    pub table: &'static str,
    pub key: String,
    /// `merged`, `skipped` or `failed`.
    pub fate: &'static str,
    pub reason: String,
}

/// A value that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Changed {
    pub table: &'static str,
    pub key: String,
    pub column: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub rule: &'static str,
}

impl From<Change> for Changed {
    fn from(change: Change) -> Self {
        let Change { origin: Origin { table, key }, column, from, to, rule } = change;
        Self { table, key, column, from, to, rule }
    }
}

impl Report {
    /// Of a source, before anything is read.
    #[must_use]
    pub const fn of(source: String, dry_run: bool) -> Self {
        Self { source, dry_run, complete: false, tables: BTreeMap::new(), left: Vec::new(), changes: Vec::new() }
    }

    /// How many rows each table has.
    pub fn counted(&mut self, counts: BTreeMap<&'static str, u64>) {
        self.tables = counts.into_iter().map(|(table, rows)| (table, Rows { rows, ..Rows::default() })).collect();
    }

    /// Counts one row.
    pub fn row(&mut self, origin: &Origin, fate: &Fate) {
        let counts = self.tables.entry(origin.table).or_default();
        let left = match fate {
            Fate::Created => return counts.created += 1,
            Fate::Unchanged => return counts.unchanged += 1,
            Fate::Merged(reason) => {
                counts.merged += 1;
                ("merged", reason)
            }
            Fate::Skipped(reason) => {
                counts.skipped += 1;
                ("skipped", reason)
            }
            Fate::Failed(reason) => {
                counts.failed += 1;
                ("failed", reason)
            }
        };
        let Origin { table, key } = origin.clone();
        self.left.push(Left { table, key, fate: left.0, reason: left.1.clone() });
    }

    /// Counts the rows of something: what it is made of, and what it stands for.
    pub fn member(&mut self, origins: &[Origin], folded: &[Origin], fate: &Fate) {
        for origin in origins {
            self.row(origin, fate);
        }
        let folds = *fate == Fate::Created;
        let merged = Fate::Merged(stands_for_it(origins.first().map_or("another row", |origin| &origin.key)));
        for origin in folded {
            self.row(origin, if folds { &merged } else { fate });
        }
    }

    /// Counts a family that was written, or found to be there.
    pub fn family(&mut self, family: &Family, put: Put) {
        let Put { fates, changes } = put;
        let mut here = HashSet::new();
        for ((origins, folded), fate) in family.members().zip(&fates) {
            self.member(origins, folded, fate);
            if fate.is_here() {
                here.extend(origins.iter().chain(folded).cloned());
            }
        }
        self.rows(&family.left);
        // Also of what was taken over before: whoever was interrupted then was told nothing. Not of what something else stands for:
        // nothing of that was made this.
        let told = family.changes.iter().filter(|change| here.contains(&change.origin)).cloned();
        self.changes(told.chain(changes));
    }

    /// Counts rows of which something is made each, and tells of their changes.
    pub fn members(&mut self, origins: &[Origin], put: &Put, changes: Vec<Change>) {
        let mut here = HashSet::new();
        for (origin, fate) in origins.iter().zip(&put.fates) {
            self.row(origin, fate);
            if fate.is_here() {
                here.insert(origin);
            }
        }
        self.changes(changes.into_iter().filter(|change| here.contains(&change.origin)));
    }

    /// Counts a family of which nothing was written.
    pub fn failed(&mut self, family: &Family, why: &str) {
        let fate = Fate::Failed(why.to_owned());
        for (origins, folded) in family.members() {
            self.member(origins, folded, &fate);
        }
        self.rows(&family.left);
    }

    /// Counts rows that were left out, and why.
    pub fn rows(&mut self, left: &[(Origin, String)]) {
        for (origin, why) in left {
            self.row(origin, &Fate::Skipped(why.clone()));
        }
    }

    /// Tells of changes.
    pub fn changes(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.changes.extend(changes.into_iter().map(Changed::from));
    }

    /// How many rows are accounted for.
    #[must_use]
    pub fn accounted_for(&self) -> u64 {
        self.tables.values().map(Rows::accounted_for).sum()
    }

    /// Whether something failed.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.tables.values().any(|rows| rows.failed > 0)
    }

    /// The tables whose rows do not add up: a fault of this program, if there are any.
    #[must_use]
    pub fn unaccounted(&self) -> Vec<String> {
        let wrong = self.tables.iter().filter(|(_, rows)| rows.accounted_for() != rows.rows);
        wrong.map(|(table, rows)| format!("{table}: {} rows, {} accounted for", rows.rows, rows.accounted_for())).collect()
    }

    /// For people.
    #[must_use]
    pub fn summary(&self) -> String {
        let dry = if self.dry_run { " (dry run: nothing was written)" } else { "" };
        let ended = if self.complete { "" } else { " (not to its end)" };
        let mut lines = vec![format!("{}{dry}{ended}", self.source)];
        lines.push(format!(
            "{:<24} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "table", "rows", "created", "merged", "unchanged", "skipped", "failed"
        ));
        for (table, rows) in &self.tables {
            let Rows { rows, created, merged, unchanged, skipped, failed } = rows;
            lines.push(format!("{table:<24} {rows:>9} {created:>9} {merged:>9} {unchanged:>9} {skipped:>9} {failed:>9}"));
        }
        let merged = self.left.iter().filter(|left| left.fate == "merged").count();
        let left = self.left.len() - merged;
        lines.push(format!("{} values changed, {left} rows left out, {merged} for which something stands", self.changes.len()));
        for left in self.left.iter().filter(|left| left.fate == "failed").take(10) {
            lines.push(format!("failed: {} {}: {}", left.table, left.key, left.reason));
        }
        lines.join("\n")
    }
}

//! Aliases of MLflow, and its stages, of which two become aliases.
//!
//! May not: let an alias point to a version that is not there.

use super::{batch, text};
use crate::domain::import::{Change, Origin};
use crate::import::names::{Alphabet, Given};
use crate::store::legacy::Row;
use std::collections::{BTreeMap, HashSet};

/// What an alias may consist of. It begins with a letter, and ends with one or with a digit.
const ALIAS: Alphabet = Alphabet { first: "", others: "-", longest: 128, lower: true };
/// The registry itself says what it stands for.
const RESERVED: &str = "latest";
/// Stages that say which version is in use, each by the alias that says so here.
const STAGES: [(&str, &str); 2] = [("Production", "production"), ("Staging", "staging")];

/// What an alias is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    /// The alias.
    pub(super) alias: String,
    /// What it was, if that was something else.
    pub(super) was: Option<String>,
    /// To which version it points.
    pub(super) version: i64,
    /// Its row, if it had one.
    pub(super) origin: Option<Origin>,
}

/// The aliases of a model, of which these versions are there, each in a stage.
#[derive(Debug, Default)]
pub(super) struct Pointers {
    pub(super) all: Vec<Pointer>,
    pub(super) changes: Vec<Change>,
    pub(super) left: Vec<(Origin, String)>,
}

impl Pointers {
    pub(super) fn of(rows: &[Row], stages: &BTreeMap<i64, (Origin, String)>) -> Self {
        let mut found = Self::default();
        let is_good = |alias: &str| spelled(alias) == alias;
        let good = rows.iter().map(|row| text(row, "alias")).filter(|alias| is_good(alias));
        let mut given = Given::reserved(good.map(ToOwned::to_owned));
        for row in rows {
            let (was, origin) = (text(row, "alias"), batch::of_alias(row));
            match text(row, "version").parse().ok().filter(|version| stages.contains_key(version)) {
                None => {
                    let why = format!("points to version {}, which is deleted or was never there", text(row, "version"));
                    found.left.push((origin, why));
                }
                Some(version) if is_good(was) => {
                    found.all.push(Pointer { alias: was.to_owned(), was: None, version, origin: Some(origin) });
                }
                Some(version) => {
                    let alias = given.give(&spelled(was), was, "-", ALIAS.longest);
                    found.changes.push(change(&origin, "alias", was, &alias, "spelling"));
                    found.all.push(Pointer { alias, was: Some(was.to_owned()), version, origin: Some(origin) });
                }
            }
        }
        found.stages(stages);
        found
    }

    /// The newest version in a stage gets its alias, unless another one has it.
    fn stages(&mut self, stages: &BTreeMap<i64, (Origin, String)>) {
        let taken: HashSet<String> = self.all.iter().map(|pointer| pointer.alias.clone()).collect();
        for (stage, alias) in STAGES.iter().filter(|(_, alias)| !taken.contains(*alias)) {
            let newest = stages.iter().rev().find(|(_, (_, of_version))| of_version == stage);
            if let Some((version, (origin, _))) = newest {
                self.changes.push(change(origin, "current_stage", stage, &format!("alias {alias}"), "stage_as_alias"));
                self.all.push(Pointer { alias: (*alias).to_owned(), was: None, version: *version, origin: None });
            }
        }
    }
}

/// The nearest alias.
fn spelled(alias: &str) -> String {
    let spelled = ALIAS.spelled(alias);
    let spelled = spelled.trim_end_matches('-');
    match spelled.starts_with(|c: char| c.is_ascii_lowercase()) && spelled != RESERVED {
        true => spelled.to_owned(),
        false if spelled.is_empty() => String::new(),
        false => format!("alias-{spelled}").chars().take(ALIAS.longest).collect::<String>().trim_end_matches('-').to_owned(),
    }
}

fn change(origin: &Origin, column: &str, from: &str, to: &str, rule: &'static str) -> Change {
    Change { origin: origin.clone(), column: column.to_owned(), from: Some(from.to_owned()), to: Some(to.to_owned()), rule }
}

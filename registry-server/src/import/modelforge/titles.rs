//! The names of the models that are made of the rows of ModelForge, where any number of rows may have one name.
//!
//! May not: give two rows one name, or another name to a row that could have kept its own.

use super::{ID, Version, text};
use crate::domain::import::Origin;
use crate::import::names::{self, Given, MODEL};
use crate::store::legacy::Row;
use std::collections::{HashMap, HashSet};

/// How much of an id stands behind a name: all of a number, and as much of a UUID as tells it from a few others.
const OF_ID: usize = 8;

/// What decides which of the rows with one name keeps it. In this order: those that are not deleted come first, then the older ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    deleted: bool,
    version: Version,
    created: String,
    /// In front of the id, so that numbers are sorted as numbers.
    digits: usize,
    id: String,
    name: String,
}

impl Run {
    pub(super) fn of(version: Version, row: &Row) -> Self {
        let (name, deleted, created) = match version {
            // Its ids grow.
            Version::First => ("model_name", false, String::new()),
            Version::Second => ("name", text(row, "is_active") == "0", text(row, "created_at").to_owned()),
        };
        let id = text(row, ID).to_owned();
        Self { deleted, version, created, digits: id.len(), id, name: text(row, name).to_owned() }
    }

    fn origin(&self) -> Origin {
        Origin::new(self.version.table(), self.id.clone())
    }
}

/// The name of each row.
pub(super) fn give(mut runs: Vec<Run>) -> HashMap<Origin, String> {
    runs.sort();
    let mut kept = HashSet::new();
    let keeps = |run: &Run| names::model(&run.name) == run.name && !run.name.is_empty() && kept.insert(run.name.clone());
    let (with_own, others): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(keeps);
    let mut given = Given::reserved(with_own.iter().map(|run| run.name.clone()));
    let mut all: HashMap<Origin, String> = with_own.into_iter().map(|run| (run.origin(), run.name)).collect();
    for run in others {
        let spelled = names::model(&run.name);
        let is_taken = kept.contains(&spelled) || !kept.insert(spelled.clone());
        let wanted = if is_taken || spelled.is_empty() { with_id(&spelled, &run.id) } else { spelled };
        let who = format!("{}/{}", run.version.table(), run.id);
        all.insert(run.origin(), given.give(&wanted, &who, "-", MODEL.longest));
    }
    all
}

fn with_id(name: &str, id: &str) -> String {
    let id: String = id.chars().take(OF_ID).collect();
    let room = MODEL.longest.saturating_sub(id.len() + 1);
    let name: String = if name.is_empty() { "unnamed" } else { name }.chars().take(room).collect();
    names::model(&format!("{name}-{id}"))
}

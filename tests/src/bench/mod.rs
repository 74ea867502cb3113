//! The benchmark: what the registry does in a second, beside something bare that does the same on the same machine at the same time.
//!
//! Both sides take turns for some rounds, so that what the machine does meanwhile happens to both; what counts is the ratio of a round.
//! The server is the built program, without the faults that tests may ask for, on a core of its own; the load comes from this process,
//! on another. May not: be a test. Nothing here asserts a time; [`report::Target`] says what is wanted, and the table says what was seen.

pub mod bare;
pub mod commits;
pub mod data;
pub mod echo;
pub mod endurance;
pub mod errands;
pub mod figures;
pub mod instructions;
pub mod load;
pub mod machine;
pub mod mixed;
pub mod mlflow;
pub mod pick;
pub mod place;
pub mod plain;
pub mod programs;
pub mod report;
pub mod rounds;
pub mod server;
pub mod slow;
pub mod streams;

pub use figures::{Figure, run};

use std::path::PathBuf;
use std::time::Duration;

/// How to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is measured.
    pub figures: Vec<Figure>,
    /// On what.
    pub databases: Vec<place::Kind>,
    /// How often both sides take turns.
    pub rounds: usize,
    /// How long a side has its turn.
    pub turn: Duration,
    /// How many releases a big registry holds.
    pub releases: u64,
    /// Up to how many releases growth is looked at.
    pub most: u64,
    /// What chance begins with.
    pub seed: u64,
    /// Where databases that took long to fill are kept for the next time.
    pub kept: PathBuf,
}

impl Plan {
    /// The same for what there is a lot of: one who asks is measured well enough in a third of the time.
    #[must_use]
    pub fn in_short_turns(&self) -> Self {
        Self { turn: self.turn / 3, ..self.clone() }
    }

    /// The same, with another number of releases.
    #[must_use]
    pub fn with_releases(&self, releases: u64) -> Self {
        Self { releases, ..self.clone() }
    }
}

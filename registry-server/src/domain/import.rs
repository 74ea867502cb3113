//! What is taken over from another system: where a row was, what had to be changed of it, and what has come of it.
//!
//! May not: know any of the systems.

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// A row of the old database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Its table.
    pub table: &'static str,
    /// What tells it from the others of its table.
    pub key: String,
}

impl Origin {
    /// A row of a table.
    #[must_use]
    pub fn new(table: &'static str, key: impl Into<String>) -> Self {
        Self { table, key: key.into() }
    }
}

/// A value that is not what it was, and by which rule. Never one of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which row.
    pub origin: Origin,
    /// Of which column.
    pub column: String,
    /// What it was there; `None` is NULL.
    pub from: Option<String>,
    /// What it is here; `None` is nothing.
    pub to: Option<String>,
    /// The name of the rule.
    pub rule: &'static str,
}

/// What is done about something of which there is another one already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Its model is not taken over at all.
    Fail,
    /// The same, and it is no failure.
    Skip,
    /// What is there stays, and what is missing is added to it.
    Merge,
}

/// What has come of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is there now.
    Created,
    /// What was there, or is another row of the old system, stands for it: which that is.
    Merged(String),
    /// It had been taken over before.
    Unchanged,
    /// It was left out, for a reason of the rules.
    Skipped(String),
    /// It was left out because of something that is in the way.
    Failed(String),
}

impl Fate {
    /// Whether it is in the registry as itself.
    #[must_use]
    pub const fn is_here(&self) -> bool {
        match self {
            Self::Created | Self::Unchanged => true,
            Self::Merged(_) | Self::Skipped(_) | Self::Failed(_) => false,
        }
    }
}

/// Why something is merged.
#[must_use]
pub fn stands_for_it(what: impl std::fmt::Display) -> String {
    format!("{what} stands for it")
}

/// The id of something that had none, or none that is unique in the world: the same whenever it is made of the same parts. It is a
/// UUID of version 8, which stands for "made as its maker likes".
#[must_use]
pub fn derived_id<T: From<Uuid>>(system: &str, parts: &[&str]) -> T {
    let mut hash = Sha256::new();
    for part in std::iter::once(&system).chain(parts) {
        // Each with its length: no two lists of parts are one text.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, of_hash)| *byte = of_hash);
    Builder::from_custom_bytes(bytes).into_uuid().into()
}

//! Taking over what other registries know: their databases are read, row by row, and become what this registry stores.
//!
//! A [`System`] is one of those: it counts what is there and gives it away in portions, always in the same order, so that what was
//! interrupted goes on when it is asked for again. Which value becomes what is written in `docs/IMPORTING.md`, rule by rule; what a
//! rule changes is told in the [`report`], and nothing is left out of it.
//!
//! May not: write to the old database, know messages, or hold queries: `store/legacy.rs` asks, and [`crate::service::families`]
//! writes.

pub mod catapult;
pub mod document;
pub mod mlflow;
pub mod modelforge;
pub mod names;
pub mod report;
pub mod run;
pub mod source;
pub mod time;
pub mod translation;

use crate::domain::import::{Change, Origin};
use crate::service::families::{Family, Member};
use crate::store::api_keys::ApiKey;
use crate::store::audit::Entry;
use crate::store::legacy::LegacyError;
use std::collections::BTreeMap;

/// Why nothing, or nothing more, is taken over: a sentence for the operator, without a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

impl From<LegacyError> for Trouble {
    fn from(error: LegacyError) -> Self {
        Self(format!("the old database failed while it was read: {error}"))
    }
}

/// What is read at a time.
#[derive(Debug)]
pub enum Portion {
    /// A model with everything of it: written as a whole.
    Family(Box<Family>),
    /// API keys: all that there are, and what was changed of them.
    ApiKeys(Vec<Member<ApiKey>>, Vec<Change>),
    /// Some entries of the audit log, and what was changed of them.
    AuditEntries(Vec<Member<Entry>>, Vec<Change>),
    /// Rows that there is no place for, and why.
    Left(Vec<(Origin, String)>),
}

/// Another system, whose database is open.
pub trait System: Send {
    /// Its name, as users of the command know it.
    const NAME: &'static str;

    /// What of it was found, for the report: its name and its era.
    fn described(&self) -> String;

    /// How many rows each of its tables has.
    fn counts(&mut self) -> impl Future<Output = Result<BTreeMap<&'static str, u64>, Trouble>> + Send;

    /// The next portion; `None` if that was all.
    fn next(&mut self) -> impl Future<Output = Result<Option<Portion>, Trouble>> + Send;
}

//! What commands print: the messages of the contract, each with a name and columns. Each kind is in a file of its own.

mod alias;
mod api_key;
mod artifact;
mod audit_entry;
mod compacted_events;
mod deployment;
mod event;
mod model;
mod release;
mod server_info;

use prost::Message;
use prost_types::Timestamp;

/// A message that can be printed in every form.
pub trait Resource: Message + Sized + 'static {
    /// Its name in the contract.
    const MESSAGE: &'static str;
    /// What a table tells of it.
    const COLUMNS: &'static [Column<Self>];

    /// What scripts know it by, and what other commands take.
    fn name(&self) -> String;
}

/// A column of a table.
pub struct Column<R> {
    /// What is above it, in upper case.
    pub header: &'static str,
    /// What is in it.
    pub value: fn(&R) -> String,
}

/// A moment, exact and sortable.
pub fn time(time: Option<&Timestamp>) -> String {
    time.map(ToString::to_string).unwrap_or_default()
}

/// What there may be none of.
pub fn text(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

/// The name of a value without that of its enumeration, as in "ACTIVE" of "RELEASE_STATE_ACTIVE".
pub fn word(name: &str, enumeration: &str) -> String {
    name.strip_prefix(enumeration).unwrap_or(name).to_owned()
}

//! Arguments that several commands have, and how their values are read.

mod release;

use std::fs;
use std::path::Path;

use clap::Args;
use prost::Message;
use prost_types::{Struct, Timestamp};
use registry_client::pb::label_selector::Condition;
use registry_client::{IntoStruct as _, LabelSelector, ModelRef, Reference};
use serde_json::Value;

pub use self::release::{Build, ReleaseArgument, belongs, described, within};
use crate::contract;
use crate::failure::Failure;
use crate::session::Session;

/// The most that is asked for at once.
const LARGEST_PAGE: u64 = 500;

/// How much of a list is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Limit {
    /// Print no more than so many, and say so if there are more. Without this, all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Limit {
    /// Whether no more than those that were printed are to be.
    pub fn is_reached(self, printed: u64) -> bool {
        self.limit.is_some_and(|limit| printed >= limit)
    }

    /// How many to ask for at once: one more than are printed, which tells whether there are more.
    pub fn page_size(self) -> i32 {
        let wanted = self.limit.map_or(LARGEST_PAGE, |limit| limit.saturating_add(1).min(LARGEST_PAGE));
        i32::try_from(wanted).unwrap_or_default()
    }
}

/// Whether a change is only tried.
#[derive(Debug, Clone, Copy, Args)]
pub struct DryRun {
    /// Only check everything and change nothing: what is printed is what would be
    #[arg(long)]
    pub dry_run: bool,
}

impl DryRun {
    /// Says that nothing has happened, if that is so.
    pub fn remind(self, session: &Session) {
        if self.dry_run {
            session.output.say("nothing was changed: this was a dry run");
        }
    }
}

/// Whether somebody has to be asked.
#[derive(Debug, Clone, Copy, Args)]
pub struct Yes {
    /// Do it without asking. Needed where there is no terminal to ask on
    #[arg(short, long)]
    pub yes: bool,
}

/// The model that is meant: a name, or `id:UUID`.
pub fn model(text: &str) -> Result<ModelRef, String> {
    text.parse::<Reference>().and_then(ModelRef::try_from).map_err(|error| error.to_string())
}

/// A time such as 2026-01-31T12:00:00Z.
pub fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "is no time such as 2026-01-31T12:00:00Z".to_owned())
}

/// `KEY=VALUE`, where the value may be empty and may hold more of `=`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("has no `=`: it is written KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A condition on a label.
#[derive(Debug, Clone)]
pub struct Label(LabelSelector);

/// `KEY`, `!KEY`, `KEY=VALUE` or `KEY!=VALUE`.
pub fn label(text: &str) -> Result<Label, String> {
    let (key, condition) = match (text.strip_prefix('!'), text.split_once('=')) {
        (Some(key), _) => (key, Condition::Exists(false)),
        (None, None) => (text, Condition::Exists(true)),
        (None, Some((key, value))) => match key.strip_suffix('!') {
            Some(key) => (key, Condition::NotEquals(value.to_owned())),
            None => (key, Condition::Equals(value.to_owned())),
        },
    };
    if key.is_empty() {
        return Err("names no label".to_owned());
    }
    Ok(Label(LabelSelector { key: key.to_owned(), condition: Some(condition) }))
}

impl From<Label> for LabelSelector {
    fn from(label: Label) -> Self {
        label.0
    }
}

/// The fields that an update writes: those that are set and those that are unset. Without any, everything that is left out would be.
pub fn mask(written: Vec<String>, cleared: Vec<String>) -> Result<Vec<String>, Failure> {
    if let Some(both) = cleared.iter().find(|field| written.contains(field)) {
        return Err(Failure::Usage(format!("{both} cannot be set and cleared at once")));
    }
    if written.is_empty() && cleared.is_empty() {
        return Err(Failure::Usage("nothing is to be changed: say at least one field".to_owned()));
    }
    Ok(written.into_iter().chain(cleared).collect())
}

/// What was given, or what the file holds whose name was given after `@`.
fn text_or_file(text: &str) -> Result<String, Failure> {
    match text.strip_prefix('@') {
        Some(path) => fs::read_to_string(path).map_err(Failure::file(Path::new(path))),
        None => Ok(text.to_owned()),
    }
}

/// A JSON object, as it is or, after `@`, as the name of a file that holds it.
pub fn structure(argument: &str, text: &str) -> Result<Struct, Failure> {
    let json: Value = serde_json::from_str(&text_or_file(text)?).map_err(Failure::argument(argument))?;
    json.into_struct().map_err(Failure::argument(argument))
}

/// The same, of a message of the contract.
pub fn message<M: Message + Default>(argument: &str, name: &str, text: &str) -> Result<M, Failure> {
    let text = text_or_file(text)?;
    let message = contract::descriptor(name).and_then(|descriptor| contract::from_json(descriptor, text.as_bytes()));
    message.map_err(Failure::argument(argument))
}

//! `registryctl alias`: a file for each verb, and one for the versions of what aliases point to.

mod delete;
mod get;
mod history;
mod list;
mod set;
mod versions;

use clap::Subcommand;
use registry_client::{Reference, ReleaseSelector};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with aliases.
#[derive(Debug, Subcommand)]
pub enum Alias {
    Set(set::Set),
    Get(get::Get),
    List(list::List),
    History(history::History),
    Delete(delete::Delete),
}

impl Alias {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Set(set) => set.run(session).await,
            Self::Get(get) => get.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::History(history) => history.run(session).await,
            Self::Delete(delete) => delete.run(session).await,
        }
    }
}

/// An alias of a model, as people write it.
#[derive(Debug, Clone)]
struct AliasName {
    model: String,
    alias: String,
}

/// `MODEL@ALIAS`.
fn alias(text: &str) -> Result<AliasName, String> {
    match text.parse().map_err(|error: registry_client::ReferenceError| error.to_string())? {
        Reference::Release { model, selector: ReleaseSelector::Alias(alias) } => Ok(AliasName { model, alias }),
        _ => Err("names no alias: it is written MODEL@ALIAS".to_owned()),
    }
}

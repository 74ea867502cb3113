//! `registryctl model`: a file for each verb.

mod create;
mod delete;
mod fields;
mod get;
mod history;
mod list;
mod rename;
mod update;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub enum Model {
    Create(create::Create),
    Get(get::Get),
    List(list::List),
    Update(update::Update),
    Rename(rename::Rename),
    Delete(delete::Delete),
    Undelete(delete::Undelete),
    Purge(delete::Purge),
    History(history::History),
}

impl Model {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(session).await,
            Self::Get(get) => get.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::Update(update) => update.run(session).await,
            Self::Rename(rename) => rename.run(session).await,
            Self::Delete(delete) => delete.run(session).await,
            Self::Undelete(undelete) => undelete.run(session).await,
            Self::Purge(purge) => purge.run(session).await,
            Self::History(history) => history.run(session).await,
        }
    }
}

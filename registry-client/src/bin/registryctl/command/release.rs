//! `registryctl release`: a file for each verb, and one for the steps from state to state.

mod create;
mod delete;
mod diff;
mod fields;
mod get;
mod list;
mod promote;
mod resolve;
mod transition;
mod update;

use clap::Subcommand;
use registry_client::ReleaseState;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with releases.
#[derive(Debug, Subcommand)]
pub enum Release {
    Create(create::Create),
    Get(get::Get),
    List(list::List),
    Latest(resolve::Latest),
    Resolve(resolve::Resolve),
    Update(update::Update),
    Promote(promote::Promote),
    /// Says that a release should not be chosen any more: it goes on to work
    ///
    /// Its state becomes DEPRECATED. `promote` takes that back.
    Deprecate(transition::Transition),
    /// Keeps a release as a record that cannot be deployed anew
    ///
    /// Its state becomes ARCHIVED, from CANDIDATE or DEPRECATED.
    Archive(transition::Transition),
    Yank(transition::Yank),
    Diff(diff::Diff),
    Delete(delete::Delete),
    Undelete(delete::Undelete),
    Purge(delete::Purge),
}

impl Release {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(session).await,
            Self::Get(get) => get.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::Latest(latest) => latest.run(session).await,
            Self::Resolve(resolve) => resolve.run(session).await,
            Self::Update(update) => update.run(session).await,
            Self::Promote(promote) => promote.run(session).await,
            Self::Deprecate(step) => step.run(session, ReleaseState::Deprecated).await,
            Self::Archive(step) => step.run(session, ReleaseState::Archived).await,
            Self::Yank(yank) => yank.run(session).await,
            Self::Diff(diff) => diff.run(session).await,
            Self::Delete(delete) => delete.run(session).await,
            Self::Undelete(undelete) => undelete.run(session).await,
            Self::Purge(purge) => purge.run(session).await,
        }
    }
}

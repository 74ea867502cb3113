//! `registryctl server`: what the server is, and how much of its history it keeps.

use clap::{Args, Subcommand};

use crate::arguments::Yes;
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with the server.
#[derive(Debug, Subcommand)]
pub enum Server {
    /// Prints what the server is, what it can do, and how much it takes
    Info,
    CompactEvents(CompactEvents),
}

/// Forgets the events up to a revision
///
/// Whoever follows the changes and has not come that far has to list everything again. The registry does it by itself for events that are old.
#[derive(Debug, Args)]
pub struct CompactEvents {
    /// The last revision whose events are forgotten
    revision: i64,

    #[command(flatten)]
    yes: Yes,
}

impl Server {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Info => session.output.one(&session.client().await?.server_info().send().await?)?,
            Self::CompactEvents(CompactEvents { revision, yes }) => {
                confirm(&format!("Forget all events up to revision {revision}?"), yes).await?;
                session.output.changed(&session.client().await?.compact_events(revision).send().await?)?;
            }
        }
        Ok(Exit::Done)
    }
}

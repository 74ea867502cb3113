//! `registryctl events`: what has changed, page by page. `watch` is the stream.

use clap::{Args, Subcommand};

use crate::arguments::Limit;
use crate::event_filter::Filter;
use crate::events;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with events.
#[derive(Debug, Subcommand)]
pub enum Events {
    List(List),
}

/// Lists what has changed, the oldest first
///
/// Events are kept for some days. `watch` goes on with those that are yet to come.
#[derive(Debug, Args)]
pub struct List {
    /// Only what came after this revision. Without it, all that is kept
    #[arg(long, value_name = "REVISION", default_value_t = 0, hide_default_value = true)]
    after: i64,

    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    limit: Limit,
}

impl Events {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::List(List { after, filter, limit }) => {
                let client = session.client().await?;
                let filter = filter.message(&client).await?;
                session.output.list(events::all(&client, filter, after, limit), limit).await?;
                Ok(Exit::Done)
            }
        }
    }
}

//! What every command has: the way to the registry, and the way to whoever has given the command.

use clap::{ArgMatches, Args};
use registry_client::Client;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::Output;

/// The flags that every command has.
#[derive(Debug, Clone, Args)]
pub struct Session {
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: Output,
}

impl Session {
    /// Decides what depends on how something was said, and not only on what.
    pub fn settle(&mut self, matches: &ArgMatches) {
        self.connection.settle(matches);
        self.output.settle_colors();
    }

    /// A client of the registry that is meant.
    pub async fn client(&self) -> Result<Client, Failure> {
        self.connection.client().await
    }
}

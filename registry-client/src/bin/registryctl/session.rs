//! What every command has: the way to the registry, and the way to whoever has given the command.

use std::ffi::OsStr;

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command};
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

/// The same command, for which a variable of the environment that is empty is one that is not set, as for the library.
pub fn without_empty_variables(command: Command) -> Command {
    command.mut_args(|argument| if argument.get_env().is_some_and(is_empty) { argument.env(Resettable::Reset) } else { argument })
}

#[expect(clippy::disallowed_methods, reason = "clap takes an empty variable for a value")]
fn is_empty(variable: &OsStr) -> bool {
    std::env::var_os(variable).is_some_and(|value| value.is_empty())
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

//! What the program can be asked to do. A command is a file here: its arguments, and a function that runs it.

mod export;
mod import;

use clap::{Parser, Subcommand};
use registry_proto::version;

use crate::connection::Connection;
use crate::failure::{Ending, Failure};

/// Works with a model registry
///
/// Ends with 0 if all is done, with 1 if it could not be done, with 2 if the arguments are wrong, and with 3 if some items of an import
/// failed and the others did not.
#[derive(Debug, Parser)]
#[command(name = "registryctl", version, long_version = version::told(env!("CARGO_PKG_VERSION")), arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Export(export::Export),
    Import(import::Import),
}

impl Arguments {
    /// Does it.
    pub async fn run(self) -> Result<Ending, Failure> {
        let Self { connection, command } = self;
        match command {
            Command::Export(export) => export.run(&connection).await,
            Command::Import(import) => import.run(&connection).await,
        }
    }
}

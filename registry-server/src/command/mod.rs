//! What the program can be asked to do: to serve, which is what it does unless it is told otherwise, and what is done to a
//! database without a server.
//!
//! May not: decide anything about the registry.

pub mod backup;
pub mod import;
pub mod migrate;
pub mod restore;

use crate::config::{Config, LogFlags};
use crate::{cores, serve, telemetry};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What the program is told.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(flatten)]
    serve: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What else there is to do.
#[derive(Subcommand)]
enum Command {
    Migrate(migrate::Migrate),
    Import(import::Import),
    Backup(backup::Backup),
    Restore(restore::Restore),
}

impl Command {
    const fn log(&self) -> &LogFlags {
        match self {
            Self::Migrate(command) => command.log(),
            Self::Import(command) => &command.log,
            Self::Backup(command) => &command.log,
            Self::Restore(command) => &command.log,
        }
    }
}

/// What a command has to tell, for people and scripts; everything else goes to standard error.
#[expect(clippy::print_stdout, reason = "the lines that are for standard output")]
fn say(line: &str) {
    println!("{line}");
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn run(self) -> Result<ExitCode, String> {
        let log = self.command.as_ref().map_or(&self.serve.log, Command::log);
        telemetry::start(log.log_format, &log.log)?;
        cores::allow(self.serve.allow_core_dumps);
        match self.command {
            None => serve::run(&self.serve).await.map(|()| ExitCode::SUCCESS).map_err(|error| error.to_string()),
            Some(Command::Migrate(command)) => command.run().await,
            Some(Command::Import(command)) => command.run().await,
            Some(Command::Backup(command)) => command.run().await,
            Some(Command::Restore(command)) => command.run().await,
        }
    }
}

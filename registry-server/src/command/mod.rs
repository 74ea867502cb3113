//! What the program can be asked to do: to serve, which is what it does unless it is told otherwise, and what is done to a
//! database without a server.
//!
//! May not: decide anything about the registry.

pub mod backup;
pub mod config;
pub mod health;
pub mod import;
pub mod migrate;
pub mod restore;

use crate::config::{self as configuration, Config, Given, LogFlags, Refused, Told};
use crate::telemetry::Traces;
use crate::{api, cores, serve, telemetry};
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::{Write, stdout};
use std::process::ExitCode;

/// A model registry: which models exist, which releases each has, and which is which, over gRPC.
// What is said here comes last, and would otherwise hide what `Config` says of itself.
#[derive(Parser)]
#[command(
    name = "registry-server",
    version,
    long_version = api::version(),
    long_about = configuration::LONG,
    after_help = configuration::EXAMPLES,
    args_conflicts_with_subcommands = true
)]
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
    Config(config::Configuration),
    Health(health::Ask),
}

impl Command {
    /// What is logged; nothing by what only says something.
    const fn log(&self) -> Option<&LogFlags> {
        Some(match self {
            Self::Migrate(command) => command.log(),
            Self::Import(command) => &command.log,
            Self::Backup(command) => &command.log,
            Self::Restore(command) => &command.log,
            Self::Config(command) => return command.log(),
            Self::Health(_) => return None,
        })
    }
}

/// What a command has to tell, for people and scripts; everything else goes to standard error.
fn say(line: &str) {
    // A reader that has gone away, such as `head`, wants no more of it.
    let _ = writeln!(stdout(), "{line}");
}

/// Does what the arguments, the environment and the file say.
///
/// # Errors
/// [`Refused`]: what to tell the operator.
pub async fn run(arguments: &[OsString]) -> Result<ExitCode, Refused> {
    let Told { arguments, given, doubts } = configuration::read::<Arguments>(arguments)?;
    Ok(arguments.run(&given, &doubts).await?)
}

impl Arguments {
    async fn run(self, given: &[Given], doubts: &[String]) -> Result<ExitCode, String> {
        let (traces, untraced) = self.traces();
        if let Some(log) = self.command.as_ref().map_or(Some(&self.serve.log), Command::log) {
            telemetry::start(log.log_format, &log.log, traces.as_ref())?;
        }
        for doubt in doubts.iter().chain(&untraced) {
            tracing::warn!("{doubt}");
        }
        cores::allow(self.serve.process.allow_core_dumps);
        match self.command {
            None => serve(&self.serve, traces.as_ref()).await,
            Some(Command::Migrate(command)) => command.run().await,
            Some(Command::Import(command)) => command.run().await,
            Some(Command::Backup(command)) => command.run().await,
            Some(Command::Restore(command)) => command.run().await,
            Some(Command::Config(command)) => command.run(given),
            Some(Command::Health(command)) => command.run().await,
        }
    }

    /// Where traces are sent, or why there are none though a collector is named: what was meant for every program of a machine
    /// keeps no server from starting. Commands are short, and somebody looks at them: there is nothing to trace.
    fn traces(&self) -> (Option<Traces>, Option<String>) {
        let (serves, checks) = match &self.command {
            None => (true, false),
            Some(Command::Config(command)) => (false, command.checks()),
            Some(Command::Migrate(_) | Command::Import(_) | Command::Backup(_) | Command::Restore(_) | Command::Health(_)) => {
                (false, false)
            }
        };
        if !serves && !checks {
            return (None, None);
        }
        match Traces::named() {
            Ok(traces) => (traces.filter(|_| serves), None),
            Err(why) => (None, Some(why)),
        }
    }
}

async fn serve(config: &Config, traces: Option<&Traces>) -> Result<ExitCode, String> {
    let served = serve::run(config, traces).await;
    served.map(|()| ExitCode::SUCCESS).map_err(|error| error.to_string())
}

//! `registryctl`: what people do with a registry from a shell. Arguments, command, exit code.
//!
//! - `command`: what can be asked for, a file for each noun and verb.
//! - `session`, `connection`, `context`: which registry, and as whom.
//! - `output`, `resource`, `text`: what is printed, and in which form.
//! - `failure`, `report`, `exit`: what is said and what the shell is told if it cannot be done.

mod arguments;
mod ask;
mod blocking;
mod checksum;
mod command;
mod connection;
mod context;
mod contract;
mod event_filter;
mod events;
mod exit;
mod failure;
mod file;
mod output;
mod progress;
#[cfg(test)]
mod reference;
mod report;
mod resource;
mod session;
mod standard_input;
mod text;
mod which;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use tokio::runtime::Runtime;

use crate::command::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;

fn main() -> ExitCode {
    let matches = session::without_empty_variables(Arguments::command()).get_matches();
    let mut arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    arguments.session.settle(&matches);
    let session = arguments.session.clone();
    let outcome = match Runtime::new() {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(arguments));
            // Whoever is still being asked does not have to answer.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::Refused(error.to_string())),
    };
    outcome.unwrap_or_else(|failure| conclude(&session.connection.explain(failure), session.output.is_json())).into()
}

/// Does it, unless somebody has had enough.
async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let interrupted = async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Err(Failure::Interrupted),
            Err(_) => std::future::pending().await, // then it ends as it would without this
        }
    };
    tokio::select! {
        // Whoever interrupts is heard from the beginning.
        biased;
        interrupted = interrupted => interrupted,
        outcome = arguments.run() => outcome,
    }
}

fn conclude(failure: &Failure, json: bool) -> Exit {
    match failure {
        // Whoever reads it has seen enough, and does not want to read of that either. Nothing was changed.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        failure if json => progress::say(&report::json(failure)),
        failure => progress::say(&report::text(failure)),
    }
    failure.into()
}

//! `registryctl`: what people do with a registry from a shell. Arguments, command, exit code; the commands are in `command`.

mod command;
mod connection;
mod failure;
mod file;
mod progress;

use std::process::ExitCode;

use clap::Parser as _;

use crate::command::Arguments;
use crate::failure::{Ending, Failure};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let interrupted = async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Err(Failure::Interrupted),
            Err(_) => std::future::pending().await, // then it ends as it would without this
        }
    };
    let outcome = tokio::select! {
        outcome = arguments.run() => outcome,
        interrupted = interrupted => interrupted,
    };
    match outcome {
        Ok(ending) => ending.into(),
        Err(failure) => {
            progress::say(&format!("registryctl: {failure}"));
            Ending::from(&failure).into()
        }
    }
}

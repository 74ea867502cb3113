//! Arguments, log, command. Decides nothing.

use clap::Parser;
use registry_server::command::Arguments;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().run().await {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

#[expect(clippy::print_stderr, reason = "there may be no log yet")]
fn failed(error: &str) -> ExitCode {
    eprintln!("registry-server: {error}");
    ExitCode::FAILURE
}

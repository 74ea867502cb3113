//! Arguments, log, serve. Decides nothing.

use clap::Parser;
use registry_server::config::Config;
use registry_server::{cores, serve, telemetry};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let started = match telemetry::start(config.log_format, &config.log) {
        Ok(()) => {
            cores::allow(config.allow_core_dumps);
            serve::run(&config).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error),
    };
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

#[expect(clippy::print_stderr, reason = "there may be no log yet")]
fn failed(error: &str) -> ExitCode {
    eprintln!("registry-server: {error}");
    ExitCode::FAILURE
}

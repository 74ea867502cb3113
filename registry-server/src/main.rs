//! Arguments, log, command. Decides nothing.

use registry_server::command;
use registry_server::config::Refused;
use std::ffi::OsString;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match command::run(&arguments).await {
        Ok(code) => code,
        Err(Refused::Usage(error)) => error.exit(),
        Err(error) => failed(&error),
    }
}

#[expect(clippy::print_stderr, reason = "there may be no log yet")]
fn failed(error: &Refused) -> ExitCode {
    eprintln!("registry-server: {error}");
    ExitCode::FAILURE
}

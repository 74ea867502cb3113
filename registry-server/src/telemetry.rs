//! The log: to standard error, for people or as JSON lines.

use crate::config::LogFormat;
use std::io::{IsTerminal, stderr};
use std::panic::PanicHookInfo;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// Starts logging, also of panics. What `object_store` says of each attempt is said once by whoever wanted something of it, so it is
/// not heard unless the filter names it.
///
/// # Errors
/// A sentence that names the flag, if the filter cannot be read.
pub fn start(format: LogFormat, filter: &str) -> Result<(), String> {
    let quiet = if filter.contains("object_store") { filter.to_owned() } else { format!("object_store=error,{filter}") };
    let filter = EnvFilter::try_new(quiet).map_err(|error| format!("--log: {error}"))?;
    let log = fmt().with_env_filter(filter).with_writer(stderr);
    // Colours are for people at a terminal; there, the default leaves them out if NO_COLOR is set.
    let log = if stderr().is_terminal() { log } else { log.with_ansi(false) };
    match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(|error| format!("cannot start logging: {error}"))?;
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// A panic is a line like any other, in the format of the log.
fn panicked(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at, error = panic.payload_as_str().unwrap_or_default(), "panicked");
}

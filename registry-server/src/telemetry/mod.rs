//! What the server says of itself as it works: the log, to standard error, for people or as JSON lines; and traces, to a collector.

mod collector;
mod conventions;
mod dropped;

pub use collector::Traces;
pub use dropped::Dropped;

use crate::config::LogFormat;
use opentelemetry::Context;
use opentelemetry::trace::FutureExt;
use std::io::{IsTerminal, stderr};
use std::panic::PanicHookInfo;
use tracing::{Instrument, Subscriber};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// The target of spans that are for traces alone: the log does not hear of them.
pub const TRACES: &str = "registry_trace";

/// What the log hears of others only if the filter names them. What `object_store` says of each attempt is said once by whoever wanted
/// something of it; a statement is a span for traces; what becomes of a connection is said by whoever wanted one.
const QUIET: [(&str, &str); 3] = [("object_store", "error"), ("sea_orm", "warn"), ("sqlx_core::pool", "off")];

/// Starts logging, also of panics, and sending traces, if there is somebody to send them to.
///
/// # Errors
/// A sentence that names the flag, if the filter cannot be read.
pub fn start(format: LogFormat, filter: &str, traces: Option<&Traces>) -> Result<(), String> {
    let directives =
        QUIET.iter().filter(|(target, _)| !filter.contains(target)).map(|(target, level)| format!("{target}={level},"));
    let directives: String = directives.collect();
    let filter = EnvFilter::try_new(format!("{directives}{filter},{TRACES}=off")).map_err(|error| format!("--log: {error}"))?;
    let log = tracing_subscriber::registry().with(lines(format).with_filter(filter));
    match traces {
        Some(traces) => log.with(traces.layer()).try_init(),
        None => log.try_init(),
    }
    .map_err(|error| format!("cannot start logging: {error}"))?;
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// Work that a call gives to another task: what that says and does is of the call.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    work.in_current_span().with_current_context()
}

/// Work that a stream gives to another task again and again, for as long as it is open: the log says that it is of the call, and its
/// trace has nothing of it, because it would never end.
pub fn untraced<F: Future>(work: F) -> impl Future<Output = F::Output> {
    work.with_context(Context::new()).in_current_span()
}

fn lines<S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync> {
    let log = fmt::layer().with_writer(stderr);
    // Colours are for people at a terminal; there, the default leaves them out if NO_COLOR is set.
    let log = if stderr().is_terminal() { log } else { log.with_ansi(false) };
    match format {
        LogFormat::Text => log.boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    }
}

/// A panic is a line like any other, in the format of the log.
fn panicked(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at, error = panic.payload_as_str().unwrap_or_default(), "panicked");
}

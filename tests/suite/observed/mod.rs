//! What a server says of itself: what it counts, what it answers over HTTP, its traces and the lines of its log.

mod answers;
mod calls;
mod client;
mod lines;
mod page;
#[cfg(feature = "promtool")]
mod promtool;
mod readings;
mod traces;

use std::time::Duration;

/// How soon something that happens behind an answer has happened.
const SOON: Duration = Duration::from_secs(20);

//! The client against a server that says what it is told to. Not here: what a real registry does with the requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod changes;
mod connect;
mod coverage;
mod deadlines;
mod documented;
mod environment;
mod errors;
mod fake;
mod keys;
mod mock;
mod moves;
mod options;
mod pages;
mod references;
mod requests;
mod resolver;
mod retries;
#[cfg(feature = "tls")]
mod tls;
mod transfers;
mod updates;
mod watch;

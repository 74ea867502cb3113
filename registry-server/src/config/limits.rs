//! What calls may take.
//!
//! May not: refuse one.

use super::words::{at_least_one, room};
use crate::api::MAX_REQUEST_BYTES;
use crate::layer::CallLimits;
use crate::store::backend::EXPORTERS;
use clap::Args;

/// How many bytes of requests there is room for at the least.
const LEAST_BYTES: usize = 2 * (MAX_REQUEST_BYTES + 5);

/// What calls may take.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// How many calls the server works on at once; one more is refused with RESOURCE_EXHAUSTED. One caller takes half of them at most
    #[arg(long, env = "REGISTRY_MAX_CALLS_IN_FLIGHT", value_name = "COUNT", default_value = "512", value_parser = at_least_one)]
    pub max_calls_in_flight: usize,

    /// How many bytes the requests of those calls have in all; one caller takes half of them at most
    ///
    /// The largest request has 524288. In memory, a request of nothing but tiny objects is 80 times as large as on the wire.
    #[arg(long, env = "REGISTRY_MAX_REQUEST_BYTES_IN_FLIGHT", value_name = "BYTES", default_value = "8388608", value_parser = bytes)]
    pub max_request_bytes_in_flight: usize,

    /// How many calls one caller makes in a second, on this server, and at once after a pause; 0 is no limit
    #[arg(long, env = "REGISTRY_MAX_CALLS_PER_SECOND", value_name = "COUNT", default_value = "1000")]
    pub max_calls_per_second: u32,

    /// How many calls from one address (of IPv6, from one /64) fail to authenticate in ten seconds; more are told to wait. 0 is no limit
    ///
    /// Whoever has valid credentials is served all the same, wherever he is.
    #[arg(long, env = "REGISTRY_MAX_FAILED_AUTHENTICATIONS", value_name = "COUNT", default_value = "10")]
    pub max_failed_authentications: u32,

    /// How many streams of events are served at once; one more is refused with RESOURCE_EXHAUSTED
    #[arg(long, env = "REGISTRY_MAX_WATCHES", value_name = "COUNT", default_value = "1000")]
    pub max_watches: usize,

    /// How many of them one caller has (an API key, the name in a client certificate, or an address where nobody is asked who he is)
    #[arg(long, env = "REGISTRY_MAX_WATCHES_PER_CALLER", value_name = "COUNT", default_value = "100")]
    pub max_watches_per_caller: usize,

    /// How many artifacts are uploaded and downloaded at once; one caller has half of them at most. One more is refused with RESOURCE_EXHAUSTED
    ///
    /// An upload can hold 10 MiB of memory, a download 4 MiB.
    #[arg(long, env = "REGISTRY_MAX_TRANSFERS", value_name = "COUNT", default_value = "128", value_parser = at_least_one)]
    pub max_transfers: usize,

    /// How many exports are served at once, each from a snapshot of the database. One more is refused with RESOURCE_EXHAUSTED
    #[arg(long, env = "REGISTRY_MAX_EXPORTS", value_name = "COUNT", default_value = "2", value_parser = exports)]
    pub max_exports: usize,

    /// How many imports are served at once. One more is refused with RESOURCE_EXHAUSTED
    #[arg(long, env = "REGISTRY_MAX_IMPORTS", value_name = "COUNT", default_value = "4", value_parser = at_least_one)]
    pub max_imports: usize,

    /// How much memory answers are kept in that are given again until something changes that they tell of; 0 is none
    ///
    /// What is kept is never out of date, also where several servers share one PostgreSQL. An answer takes half a kilobyte more than it has.
    #[arg(long, env = "REGISTRY_CACHE_SIZE", value_name = "SIZE", default_value = "64MiB", value_parser = room)]
    pub cache_size: u64,
}

impl From<&Limits> for CallLimits {
    fn from(flags: &Limits) -> Self {
        let Limits {
            max_calls_in_flight: calls_in_flight,
            max_request_bytes_in_flight: request_bytes_in_flight,
            max_calls_per_second: calls_per_second,
            max_failed_authentications: failed_authentications,
            max_watches: watches,
            max_watches_per_caller: watches_per_caller,
            max_transfers: transfers,
            max_exports: exports,
            max_imports: imports,
            cache_size: _,
        } = *flags;
        Self {
            calls_in_flight,
            request_bytes_in_flight,
            calls_per_second,
            failed_authentications,
            watches,
            watches_per_caller,
            transfers,
            exports,
            imports,
        }
    }
}

/// Each has a connection to the database of its own.
fn exports(text: &str) -> Result<usize, String> {
    match at_least_one(text) {
        Ok(count) if count <= usize::from(EXPORTERS) => Ok(count),
        Ok(_) | Err(_) => Err(format!("expected a whole number, 1 to {EXPORTERS}")),
    }
}

/// Half of them must hold the largest request, behind its prefix: that is what one caller gets.
fn bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if bytes >= LEAST_BYTES => Ok(bytes),
        _ => Err(format!("expected a whole number of bytes, {LEAST_BYTES} or more: room for two of the largest requests")),
    }
}

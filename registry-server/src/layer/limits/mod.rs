//! What calls may take from the server. One that would take more is refused at once: in a queue it would wait for its deadline,
//! and make everybody else late. No caller takes more than half of what there is for all, so that there is some for the next one.
//!
//! May not: decode anything, or ask the database.

mod failures;
mod gate;
mod message;
mod rate;
mod who;

pub use failures::Failures;
pub use gate::Gate;
pub use rate::Rate;
pub use who::Who;

use std::time::Duration;

pub(super) use gate::enforce;

/// When there may be a place again, for want of anything better to say: most calls take a few milliseconds.
const SOON: Duration = Duration::from_millis(200);

/// What calls may take from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// How many calls the server works on at once. A stream counts until it has begun.
    pub calls_in_flight: usize,
    /// How many bytes the requests of those calls have, as they came over the wire.
    pub request_bytes_in_flight: usize,
    /// How many calls one caller makes in a second, and at once after a pause; 0 is no limit.
    pub calls_per_second: u32,
    /// How many calls from one address fail to authenticate in ten seconds before they are told to wait; 0 is no limit.
    pub failed_authentications: u32,
    /// How many streams of events are served at once.
    pub watches: usize,
    /// How many of them one caller has.
    pub watches_per_caller: usize,
    /// How many artifacts are uploaded and downloaded at once.
    pub transfers: usize,
    /// How many exports are served at once.
    pub exports: usize,
    /// How many imports are served at once.
    pub imports: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            calls_in_flight: 512,
            // 80 times as much in memory, at the worst that is known, and the answer as much again: docs/adr/0016.
            request_bytes_in_flight: 8 * 1024 * 1024,
            calls_per_second: 1000,
            failed_authentications: 10,
            watches: 1000,
            watches_per_caller: 100,
            // An upload holds 10 MiB at the most, a download four.
            transfers: 128,
            // Each keeps a snapshot of the database, which cannot clean up meanwhile.
            exports: 2,
            // An import holds a message of 4 MiB at the most, and what that is decoded.
            imports: 4,
        }
    }
}

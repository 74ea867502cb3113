//! The bare writer: rows like those that the registry wrote, written into tables like its own by transactions of their own, and nothing
//! else: no calls, no callers, no rules. A process on the core of what is measured, so that it has as much of the machine as the server.
//!
//! What it writes is a copy of what the server itself wrote for one call, so both sides write the same.

mod disk;
mod rows;
mod writer;

pub use disk::{Disk, sync};
pub use rows::Rows;
pub use writer::{Writes, write};

use super::load::{Counted, Sample};
use super::place::Place;
use super::server::on_its_core;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What such a process says at its end.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    took_us: u64,
    cpu_us: u64,
    answered: u32,
    /// How often something took how many ns.
    latencies: Vec<(u64, u64)>,
}

impl Told {
    fn new(took: Duration, cpu: Duration, counted: &Counted) -> Self {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let Counted { answered, latencies } = counted;
        let latencies = latencies.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())).collect();
        Self { took_us: us(took), cpu_us: us(cpu), answered: *answered, latencies }
    }

    fn sample(self) -> Sample {
        let Self { took_us, cpu_us, answered: calls, latencies } = self;
        let mut all = super::load::empty();
        for (value, count) in latencies {
            all.saturating_record_n(value, count);
        }
        let [took, server] = [took_us, cpu_us].map(Duration::from_micros);
        Sample { calls, took, latencies: all, server, load: Duration::ZERO }
    }
}

/// Lets this program do something bare in a process of its own, with what is loaded into whoever writes to the place.
///
/// # Panics
/// If it fails.
fn ask(command: &str, library: Option<&Path>, arguments: impl FnOnce(&mut Command)) -> Sample {
    let mut process = on_its_core(&std::env::current_exe().expect("this program"));
    process.arg(command).stderr(Stdio::inherit()).envs(library.map(|library| ("LD_PRELOAD", library)));
    arguments(&mut process);
    let output = process.output().expect("taskset, of util-linux");
    assert!(output.status.success(), "{command} failed");
    let told: Told = serde_json::from_slice(&output.stdout).expect("what a bare process says");
    told.sample()
}

#[expect(clippy::print_stdout, reason = "what the parent reads")]
fn tell(told: &Told) {
    println!("{}", serde_json::to_string(told).expect("numbers"));
}

/// Rows written to a place for a turn.
///
/// # Panics
/// If the process fails.
#[must_use]
pub fn written(place: &Place, rows: Rows, writers: u32, turn: Duration, seed: u64) -> Sample {
    ask("write-rows", place.library(), |process| {
        let turn_ms = turn.as_millis().to_string();
        process.args(["--url", &place.url(), "--rows", rows.name(), "--turn-ms", &turn_ms]);
        process.args(["--writers", &writers.to_string(), "--seed", &seed.to_string()]);
    })
}

/// How long it takes until something is durable, below a directory.
///
/// # Panics
/// If the process fails.
#[must_use]
pub fn synced(directory: &Path, library: Option<&Path>) -> Sample {
    ask("sync-file", library, |process| {
        process.arg("--directory").arg(directory);
    })
}

//! Kills servers and looks for what they had promised: an acknowledged write is there afterwards, whatever happens
//! to the process that acknowledged it.
//!
//! Clients write without pause until the server is killed at a random moment. Each of them has written down what was
//! acknowledged before it sent the next request. The server is started again on the same database, and all of it is
//! read back. What was never answered may have happened or not, but not by halves.
//!
//! `cascade.rs` does the same to changes of a thousand rows, `uploads.rs` to the bytes of artifacts.

mod audit;
pub mod cascade;
mod family;
mod ledger;
mod picture;
pub mod uploads;

use crate::Database;
use crate::binary::{Binary, Running, executable};
use crate::database::url;
use audit::Audit;
use futures::future::join_all;
use ledger::Ledger;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::Error;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// When a server is killed, counted from when it says that it listens.
const KILL_AFTER: Range<u64> = 50..400;
/// Fewer acknowledged writes a second than this, and there was nothing to lose.
pub const LEAST_RATE: f64 = 100.0;

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// On which database.
    pub database: Database,
    /// How often to kill.
    pub kills: u64,
    /// How many clients write at the same time. One, whatever is said here, if it is about a cascade.
    pub clients: u64,
    /// Where the randomness comes from.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How many servers were killed.
    pub kills: u64,
    /// How many writes were acknowledged, and read back.
    pub acknowledged: u64,
    /// How many writes were cut off before their answer.
    pub unanswered: u64,
    /// How many of these had happened all the same.
    pub happened: u64,
    /// For how long clients wrote, all rounds together.
    pub load: Duration,
    /// How long the servers took from their start until they listened, the longest of all.
    pub slowest_start: Duration,
    /// What was acknowledged and is not there, or not as it was.
    pub lost: BTreeSet<String>,
    /// What else is wrong: a history with gaps, a damaged file, an answer that nobody should get.
    pub wrong: Vec<String>,
}

impl Report {
    /// Acknowledged writes a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        if self.load.is_zero() {
            0.0
        } else {
            f64::from(u32::try_from(self.acknowledged).unwrap_or(u32::MAX)) / self.load.as_secs_f64()
        }
    }
}

/// Kills as often as planned; `progress` hears of every kill.
///
/// # Panics
/// If a server does not start again, or the database cannot be reached.
pub async fn run(plan: &Plan, mut progress: impl FnMut(&Report)) -> Report {
    let _ = executable(); // built before anything is measured
    let fresh = plan.database.fresh().await;
    let url = url(&fresh.target);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut ledgers: Vec<Ledger> = (0..plan.clients).map(|client| Ledger::new(client, random.random())).collect();
    let mut barrier = Ledger::new(plan.clients, random.random());
    let mut audit = Audit::default();
    let mut report = Report::default();
    while report.kills < plan.kills && report.lost.is_empty() {
        let server = start(directory.path(), &url, &mut report.slowest_start).await;
        ledgers = round(server, ledgers, Duration::from_millis(random.random_range(KILL_AFTER)), &mut report).await;
        let server = start(directory.path(), &url, &mut report.slowest_start).await;
        let client = server.client().await;
        // PostgreSQL may still be at work on the last commit of a server that is dead. Whatever is written now comes after it.
        barrier.write_once(&client, &mut report).await;
        for ledger in &mut ledgers {
            ledger.read_back(&client, &mut report).await;
        }
        audit.go_on(plan.database, &url, &mut report.wrong).await;
        report.acknowledged = ledgers.iter().chain([&barrier]).map(Ledger::acknowledged).sum();
        drop(client);
        server.stop().await;
        progress(&report);
    }
    finish(plan, directory.path(), &url, &mut ledgers, barrier, &mut report).await;
    report
}

/// Starts a server, and remembers if it took longer than any before.
async fn start(directory: &std::path::Path, url: &str, slowest: &mut Duration) -> Running {
    let began = Instant::now();
    let started = Binary::on_free_port(directory).env("REGISTRY_DATABASE_URL", url).env("REGISTRY_LOG", "warn").start().await;
    *slowest = (*slowest).max(began.elapsed());
    started.unwrap_or_else(|exited| panic!("the server does not start again: {exited:?}"))
}

/// Whether a call failed because the server was killed meanwhile.
fn cut_off(error: &Error) -> bool {
    matches!(error, Error::Transport(_)) || (matches!(error, Error::Cancelled(_)) && error.reason().is_none())
}

/// Clients write until the server is killed under them.
async fn round(server: Running, ledgers: Vec<Ledger>, kill_after: Duration, report: &mut Report) -> Vec<Ledger> {
    let began = Instant::now();
    let endpoint = server.endpoint();
    let writing: Vec<_> = ledgers.into_iter().map(|ledger| tokio::spawn(ledger.write(endpoint.clone()))).collect();
    let mut writing = Box::pin(join_all(writing));
    let early = timeout(kill_after, &mut writing).await;
    report.load += began.elapsed();
    report.kills += 1;
    server.kill().await;
    let written = match early {
        Ok(written) => written,
        Err(_) => writing.await,
    };
    let ledgers: Vec<Ledger> = written.into_iter().map(|ledger| ledger.expect("a client that does not panic")).collect();
    report.wrong.extend(ledgers.iter().filter_map(Ledger::complaint));
    ledgers
}

/// Everything once more, from the beginning of time.
async fn finish(
    plan: &Plan,
    directory: &std::path::Path,
    url: &str,
    ledgers: &mut Vec<Ledger>,
    barrier: Ledger,
    report: &mut Report,
) {
    ledgers.push(barrier);
    let server = start(directory, url, &mut report.slowest_start).await;
    let client = server.client().await;
    for ledger in ledgers.iter() {
        ledger.read_back_all(&client, report).await;
    }
    drop(client);
    let mut audit = Audit::default();
    audit.go_on(plan.database, url, &mut report.wrong).await;
    audit.compare(url, ledgers, report).await;
    server.stop().await;
}

//! Endurance: what a server that is in use takes more of every minute, which should be nothing.

use super::data::{self, RELEASES};
use super::errands::{self, Tally};
use super::place::{Kind, Place};
use super::server::Server;
use crate::keys;
use registry_client::RetryPolicy;
use sea_orm::ConnectionTrait;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How many releases there are at the beginning.
const FILLED: u64 = 10_000;
/// What fills up at the beginning and then no more is no leak: the slopes are of what comes after this part of the time.
const SETTLED: usize = 4;
const MINUTE: Duration = Duration::from_secs(60);
/// The history is dropped while it runs, so that what grows would be seen.
const SHORT: [&str; 7] = [
    "--event-retention=5m",
    "--request-id-retention=10m",
    "--orphan-retention=5m",
    "--deleted-retention=5m",
    "--housekeeping-interval=30s",
    // So that everybody's monitoring may read what is looked at.
    "--allow-core-dumps",
    "--max-watches-per-caller=1000",
];

/// What was seen at the end of a minute, in the order of [`HEAD`].
type Seen = [f64; 8];

const HEAD: [&str; 8] =
    ["resident MiB", "descriptors", "threads", "WAL MiB", "database MiB", "calls", "events received", "errors"];

/// Runs for so many minutes and prints a line for each of them, and at the end what each quantity grew by.
///
/// # Panics
/// If the server is gone.
#[expect(clippy::print_stdout, reason = "a table that one may watch growing")]
pub async fn run(kind: Kind, minutes: usize, seed: u64) {
    let place = Place::fresh(kind).await;
    data::filled(&place, FILLED).await;
    let server = Server::registry(&place, &SHORT);
    let client = keys::admin(server.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection");
    let tally = Tally::default();
    println!("\n{}, {minutes} minutes\n\n| minute | {} |\n|{}", kind.name(), HEAD.join(" | "), "---|".repeat(HEAD.len() + 1));
    let began = Instant::now();
    let mut seen = vec![look(&place, &server, &tally).await];
    line(0, &seen[0]);
    let running = errands::begin(&client, FILLED / RELEASES, seed, &tally);
    for minute in 1..=minutes {
        sleep_until(began + MINUTE * u32::try_from(minute).unwrap_or(u32::MAX)).await;
        let now = look(&place, &server, &tally).await;
        line(minute, &now);
        seen.push(now);
    }
    drop(running);
    let settled = seen.get(minutes / SETTLED..).unwrap_or_default();
    println!("\nGrowth in an hour, by least squares over the last {} minutes:", settled.len().saturating_sub(1));
    for (number, what) in HEAD.into_iter().take(5).enumerate() {
        let values: Vec<f64> = settled.iter().map(|seen| seen[number]).collect();
        println!("- {what}: {:+.2}", slope(&values) * 60.0);
    }
    server.stop().await;
}

#[expect(clippy::print_stdout, reason = "a table that one may watch growing")]
fn line(minute: usize, seen: &Seen) {
    let mut cells = String::new();
    for (value, what) in seen.iter().zip(HEAD) {
        let digits = if what.ends_with("MiB") { 1 } else { 0 };
        // Writing to a string does not fail.
        let _ = write!(cells, " {value:.digits$} |");
    }
    println!("| {minute} |{cells}");
}

async fn look(place: &Place, server: &Server, tally: &Tally) -> Seen {
    let process = format!("/proc/{}", server.pid());
    let descriptors = std::fs::read_dir(format!("{process}/fd")).expect("the descriptors of a process of this user").count();
    let threads = std::fs::read_dir(format!("{process}/task")).expect("the threads of a process").count();
    let database = place.directory().join("registry.db");
    let stored = match place.kind() {
        Kind::Sqlite => size(&database),
        Kind::Postgres => schema_size(place).await,
    };
    let [calls, events, errors] = tally.now().map(|count| u32::try_from(count).map_or(f64::INFINITY, f64::from));
    let wal = size(&place.directory().join("registry.db-wal"));
    [server.memory(), whole(descriptors), whole(threads), wal, stored, calls, events, errors]
}

fn whole(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// In MiB; nothing, if there is no such file.
fn size(path: &Path) -> f64 {
    let kibibytes = std::fs::metadata(path).map_or(0, |file| file.len() / 1024);
    u32::try_from(kibibytes).map_or(f64::INFINITY, f64::from) / 1024.0
}

/// The tables and indexes of the schema, in MiB.
async fn schema_size(place: &Place) -> f64 {
    let db = place.connect().await;
    let sql = "SELECT (coalesce(sum(pg_total_relation_size(c.oid)), 0) / 1024)::bigint FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";
    let size = sea_orm::Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(size).await.expect("a catalogue").expect("a row");
    let kibibytes = row.try_get_by_index::<i64>(0).ok().and_then(|size| u32::try_from(size).ok());
    db.close().await.expect("a connection that closes");
    kibibytes.map_or(f64::NAN, f64::from) / 1024.0
}

/// Of the line through these values, one a minute, that is the least wrong.
fn slope(values: &[f64]) -> f64 {
    let count = whole(values.len());
    let middle = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / count;
    let (mut above, mut below) = (0.0, 0.0);
    for (value, minute) in values.iter().zip(0_u32..) {
        let minute = f64::from(minute) - middle;
        above += minute * (value - mean);
        below += minute * minute;
    }
    above / below
}

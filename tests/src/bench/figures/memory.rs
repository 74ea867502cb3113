//! F10: resident memory of a server that does nothing, and of one that has answered a million calls; and how large the program is.

use super::starts::bare;
use crate::bench::load;
use crate::bench::mixed;
use crate::bench::place::{Kind, Place};
use crate::bench::programs;
use crate::bench::report::{Row, Target, number};
use crate::bench::rounds::Spread;
use crate::bench::server::Server;
use crate::bench::streams::{self, News};
use crate::bench::{Plan, data};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long it does nothing before its memory is looked at.
const IDLE: Duration = Duration::from_secs(3);
/// How many calls there are.
const CALLS: u64 = 1_000_000;
/// By how many callers.
const CALLERS: u64 = 64;
/// How many watch meanwhile, over how many connections.
const WATCHERS: usize = 20;
const CONNECTIONS: usize = 4;
/// How many releases there are at the beginning.
const RELEASES: u64 = 100_000;
/// How long until the calls are counted again.
const TURN: Duration = Duration::from_secs(10);

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = vec![program()];
    for kind in &plan.databases {
        rows.push(idle(plan, *kind).await);
    }
    for kind in &plan.databases {
        rows.push(used(plan, *kind).await);
    }
    rows
}

/// Servers that have started, and nobody has called.
async fn idle(plan: &Plan, kind: Kind) -> Row {
    let (mut ours, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let place = Place::fresh(kind).await;
        let (registry, bare) = (Server::registry(&place, &[]), bare(&place));
        tokio::time::sleep_until(tokio::time::Instant::now() + IDLE).await;
        ours.push(registry.memory());
        beside.push(bare.memory());
        registry.stop().await;
        bare.stop().await;
        place.remove().await;
    }
    let work = format!("resident memory after {} s of nothing, {}", IDLE.as_secs(), kind.name());
    Row {
        beside: Some(("bare server".to_owned(), Spread::of(beside))),
        ..Row::alone("F10", work, "MiB", Spread::of(ours), Target::AtMost(20.0))
    }
}

/// A server after a million calls.
async fn used(plan: &Plan, kind: Kind) -> Row {
    let place = Place::fresh(kind).await;
    let releases = plan.releases.min(RELEASES);
    data::filled(&place, releases).await;
    let registry = Server::registry(&place, &[]);
    let before = registry.memory();
    let news = News::default();
    let watching = streams::open(&registry, WATCHERS, CONNECTIONS, &news).await;
    let (mut calls, mut seed, mut last) = (0, plan.seed, None);
    while calls < CALLS {
        let sample = load::run(&registry, mixed::callers(CALLERS, releases, seed), TURN).await;
        (calls, seed) = (calls + u64::from(sample.calls), seed + 1);
        last = Some(sample);
    }
    let (after, most) = (registry.memory(), mebibytes(crate::memory::most(registry.pid())));
    drop(watching);
    registry.stop().await;
    place.remove().await;
    let work = format!("resident memory after {calls} calls by {CALLERS} callers with {WATCHERS} watchers, {}", kind.name());
    Row::alone("F10", work, "MiB", Spread::of([after]), Target::AtMost(150.0))
        .saw("mix", mixed::TEXT)
        .saw("before MiB", number(before))
        .saw("the most MiB", number(most))
        .saw("events received", news.received().to_string())
        .saw(
            "the last turn",
            last.map_or_else(String::new, |sample| format!("{} calls/s, {}", number(sample.rate()), sample.text())),
        )
}

/// The program as it is released, and without the names of its functions.
fn program() -> Row {
    let released = programs::server();
    let stripped = tempfile::NamedTempFile::new().expect("a temporary file");
    let done = Command::new("strip").arg("--strip-all").arg("-o").arg(stripped.path()).arg(released).status();
    assert!(done.is_ok_and(|status| status.success()), "strip, of binutils, does not work");
    Row::alone("F10", "the program, stripped", "MiB", Spread::of([size(stripped.path())]), Target::AtMost(20.0))
        .saw("as it is released, with the names of functions, MiB", number(size(released)))
}

fn size(path: &Path) -> f64 {
    mebibytes(std::fs::metadata(path).expect("a file").len() / 1024)
}

fn mebibytes(kibibytes: u64) -> f64 {
    u32::try_from(kibibytes).map_or(f64::NAN, f64::from) / 1024.0
}

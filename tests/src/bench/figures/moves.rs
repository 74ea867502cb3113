//! F13: moving a registry by `registryctl`: exporting a big one, importing a smaller one into an empty registry.
//!
//! What is counted are releases; their models, aliases and histories come along. The program and its file are part of it: reading and
//! verifying, compressing and digests.

use crate::bench::Plan;
use crate::bench::data;
use crate::bench::place::{Kind, Place};
use crate::bench::programs;
use crate::bench::report::{Row, Target, number};
use crate::bench::rounds::Spread;
use crate::bench::server::Server;
use crate::{keys, memory};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many releases are imported.
const IMPORTED: u64 = 100_000;

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in &plan.databases {
        rows.push(imports(plan, *kind).await);
        rows.push(exports(plan, *kind).await);
    }
    rows
}

/// What one command took: of time, of the server's processor, and of its memory at the most.
struct Moved {
    took: Duration,
    cpu: Duration,
    /// In KiB.
    memory: u64,
}

async fn exports(plan: &Plan, kind: Kind) -> Row {
    let place = Place::kept(kind, &plan.kept, &format!("r{}", plan.releases)).await;
    data::filled(&place, plan.releases).await;
    let registry = Server::registry(&place, &[]);
    let directory = tempfile::tempdir_in(&plan.kept).expect("a directory for a file");
    let file = directory.path().join("everything.jsonl.zst");
    let moved: Vec<_> = (0..plan.rounds).map(|_| by_registryctl(&registry, "export", &file)).collect();
    row(format!("exporting {} releases, {}", plan.releases, kind.name()), plan.releases, &moved, Target::AtLeast(50_000.0))
}

async fn imports(plan: &Plan, kind: Kind) -> Row {
    let releases = plan.releases.min(IMPORTED);
    let directory = tempfile::tempdir_in(&plan.kept).expect("a directory for a file");
    let file = directory.path().join("everything.jsonl.zst");
    let source = Place::kept(Kind::Sqlite, &plan.kept, &format!("r{releases}")).await;
    data::filled(&source, releases).await;
    by_registryctl(&Server::registry(&source, &[]), "export", &file);
    let mut moved = Vec::new();
    for _ in 0..plan.rounds {
        let place = Place::fresh_below(kind, &plan.kept, None).await;
        let registry = Server::registry(&place, &[]);
        moved.push(by_registryctl(&registry, "import", &file));
        registry.stop().await;
        place.remove().await;
    }
    row(format!("importing {releases} releases, {}", kind.name()), releases, &moved, Target::AtLeast(10_000.0))
}

fn by_registryctl(registry: &Server, command: &str, file: &Path) -> Moved {
    memory::forget(registry.pid());
    let (cpu, began) = (registry.cpu(), Instant::now());
    let mut program = Command::new(programs::registryctl());
    program.env_clear().env("REGISTRY_ENDPOINT", registry.endpoint()).env("REGISTRY_API_KEY", keys::ADMIN);
    // Not what whoever measures has remembered.
    program.env("REGISTRYCTL_CONFIG", "/nowhere/config.toml").arg(command).arg(file).stdin(Stdio::null());
    let output = program.output().expect("registryctl");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    Moved { took: began.elapsed(), cpu: registry.cpu().saturating_sub(cpu), memory: memory::most(registry.pid()) }
}

fn row(work: String, releases: u64, moved: &[Moved], target: Target) -> Row {
    let releases = u32::try_from(releases).map_or(f64::NAN, f64::from);
    let of = |value: fn(&Moved) -> f64| Spread::of(moved.iter().map(value)).median;
    let rates = Spread::of(moved.iter().map(|moved| releases / moved.took.as_secs_f64()));
    let cpu = of(|moved| moved.cpu.as_secs_f64()) * 1e6 / releases;
    let memory = of(|moved| u32::try_from(moved.memory).map_or(f64::NAN, f64::from) / 1024.0);
    Row::alone("F13", work, "releases/s", rates, target)
        .saw("the server's CPU", format!("{} µs a release", number(cpu)))
        .saw("the server's memory", format!("{} MiB at the most", number(memory)))
}

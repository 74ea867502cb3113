//! F3, F4: CreateRelease, durable, beside a bare writer of the same rows; on this disk and on a slow one.
//!
//! Each call has a `request_id`, so that its answer is kept, and is of one of a thousand models. The bare writer of F3 writes the release
//! only, each by a transaction of its own: what the server writes beside it (event, answer, entry of the audit log) it has to make up for
//! by sharing commits. That of F4 writes all of it.

use super::reads::CALLERS;
use crate::bench::commits::{self, Rows};
use crate::bench::data::{self, Names, RELEASES};
use crate::bench::load::{self, Call, Caller, Sample};
use crate::bench::pick::{Pick, Picker};
use crate::bench::place::{Kind, Place};
use crate::bench::report::{Row, Target, number};
use crate::bench::rounds::{Spread, middle, row, turns};
use crate::bench::server::Server;
use crate::bench::slow::{DELAY, SlowDisk};
use crate::bench::{Plan, place};
use crate::{given, keys};
use registry_client::RetryPolicy;
use registry_proto::v1 as pb;

/// How many models there are to begin with.
const MODELS: u64 = 1000;

/// F3.
pub(super) async fn by_many(plan: &Plan) -> Vec<Row> {
    let mut rows = vec![disk(plan, None)];
    for kind in &plan.databases {
        rows.push(many(plan, *kind, None, Target::AtLeast(1.0)).await);
    }
    for kind in &plan.databases {
        let slow = SlowDisk::of(*kind);
        if *kind == Kind::Sqlite {
            rows.push(disk(plan, Some(&slow)));
        }
        let wanted = match kind {
            Kind::Sqlite => 20.0,
            Kind::Postgres => 1.0,
        };
        rows.push(many(plan, *kind, Some(&slow), Target::AtLeast(wanted)).await);
    }
    rows
}

/// F4.
pub(super) async fn by_one(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in &plan.databases {
        let samples = sides(plan, *kind, None, 1, Rows::All).await;
        let times = |samples: &[Sample]| samples.iter().map(|sample| sample.percentile(0.5)).collect::<Vec<_>>();
        let [ours, beside] = [times(&samples[0]), times(&samples[1])];
        let work = format!("CreateRelease, 1 caller, {}", kind.name());
        let row = Row {
            ratio: Some(Spread::of_ratios(&ours, &beside)),
            beside: Some(("bare commit of the same rows".to_owned(), Spread::of(beside))),
            ..Row::alone("F4", work, "µs", Spread::of(ours), Target::AtMost(1.3))
        };
        rows.push(row.saw("registry", middle(&samples[0]).text()).saw("bare", middle(&samples[1]).text()));
    }
    rows
}

/// How long it takes until something is durable here: to be known with every other number.
fn disk(plan: &Plan, slow: Option<&SlowDisk>) -> Row {
    std::fs::create_dir_all(&plan.kept).expect("a directory for databases");
    let samples: Vec<_> = (0..plan.rounds).map(|_| commits::synced(&plan.kept, slow.map(SlowDisk::library))).collect();
    let at = |part| Spread::of(samples.iter().map(move |sample| sample.percentile(part)));
    let which = slow.map(|_| format!(", {DELAY} slower")).unwrap_or_default();
    let work = format!("fdatasync of 4 KiB more{which}");
    Row::alone("F3", work, "µs", at(0.5), Target::None).saw("p99", number(at(0.99).median))
}

async fn many(plan: &Plan, kind: Kind, slow: Option<&SlowDisk>, target: Target) -> Row {
    let samples = sides(plan, kind, slow, CALLERS, Rows::Release).await;
    let disk = slow.map(|_| format!(", fsync {DELAY} slower")).unwrap_or_default();
    let work = format!("CreateRelease, {CALLERS} callers, {}{disk}", kind.name());
    row("F3", work, "bare writer of the release", &samples, target)
}

/// Both sides in turns, each on a database of its own.
async fn sides(plan: &Plan, kind: Kind, slow: Option<&SlowDisk>, callers: u64, rows: Rows) -> [Vec<Sample>; 2] {
    let [ours, beside] = [stocked(plan, kind, slow).await, stocked(plan, kind, slow).await];
    let registry = Server::registry(&ours, &[]);
    let writers = u32::try_from(callers).expect("not so many");
    let samples = turns(
        plan,
        async |seed| load::run(&registry, creates(callers, seed), plan.turn).await,
        async |seed| commits::written(&beside, rows, writers, plan.turn, seed),
    )
    .await;
    registry.stop().await;
    ours.remove().await;
    beside.remove().await;
    samples.into()
}

/// A registry with some models, in which the last thing that happened was a call as it is measured.
async fn stocked(plan: &Plan, kind: Kind, slow: Option<&SlowDisk>) -> place::Place {
    let place = Place::fresh_below(kind, &plan.kept, slow).await;
    data::filled(&place, MODELS * RELEASES).await;
    let registry = Server::registry(&place, &[]);
    let client = keys::admin(registry.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection");
    client.call(request(0, "b0.0.0".to_owned())).send().await.expect("a release");
    registry.stop().await;
    place
}

/// Callers who create releases that nobody else creates.
fn creates(callers: u64, seed: u64) -> Vec<Caller> {
    let caller = |caller: u64| {
        let mut picker = Picker::new(Pick::Alike, MODELS, seed.wrapping_mul(1000).wrapping_add(caller));
        let mut count: u64 = 0;
        Box::new(move || {
            count += 1;
            let request = request(picker.next(), format!("b{seed}.{caller}.{count}"));
            Call::new("/modelregistry.v1.ReleaseService/CreateRelease", &request)
        }) as Caller
    };
    (0..callers).map(caller).collect()
}

fn request(model: u64, version: String) -> pb::CreateReleaseRequest {
    let name = pb::model_ref::Value::Name(Names.model_name(model));
    let release = pb::Release {
        version,
        digest: Some(given::digest(model)),
        size_bytes: Some(4_000_000_000),
        release_notes: Some("Trained on the conversations of last month, evaluated against the one before it.".to_owned()),
        storage_path: Some(format!("s3://models/{}/", Names.model_name(model))),
        ..Default::default()
    };
    pb::CreateReleaseRequest {
        model_ref: Some(pb::ModelRef { value: Some(name) }),
        release: Some(release),
        request_id: given::request_id(),
        ..Default::default()
    }
}

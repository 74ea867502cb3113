//! F7: many references at once, beside one after the other.

use super::reads::{CALLERS, Read};
use crate::bench::Plan;
use crate::bench::data::{self, Names, RELEASES};
use crate::bench::load::{Call, Caller};
use crate::bench::pick::{Pick, Picker};
use crate::bench::place::Place;
use crate::bench::report::{Row, Target};
use crate::bench::rounds::{Side, Spread, compare, middle};
use crate::bench::server::Server;
use registry_proto::v1 as pb;
use registry_proto::v1::resolve_release_request::Selector;

/// How many references a call has.
const BATCH: u32 = 250;

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in &plan.databases {
        let place = Place::kept(*kind, &plan.kept, &format!("r{}", plan.releases)).await;
        data::filled(&place, plan.releases).await;
        // A single answer may be in memory, one of many never is: without a cache both ask the database.
        for (arguments, which) in [(&["--cache-size", "0"][..], ", no cache"), (&[], "")] {
            let registry = Server::registry(&place, arguments);
            for callers in [1, CALLERS] {
                rows.push(batches(plan, &registry, callers, &format!("{}{which}", kind.name())).await);
            }
        }
    }
    rows
}

async fn batches(plan: &Plan, registry: &Server, callers: u64, database: &str) -> Row {
    let many = |seed| (0..callers).map(|number| batch(plan.releases, seed * 1000 + number)).collect::<Vec<Caller>>();
    let single = |seed| Read::Alias.callers(callers, Pick::Alike, plan.releases, seed);
    let many = Side { name: "batches", server: registry, callers: &many };
    let single = Side { name: "single calls", server: registry, callers: &single };
    let [many, single] = compare(plan, &many, &single).await;
    let ours: Vec<_> = many.iter().map(|sample| sample.rate() * f64::from(BATCH)).collect();
    let beside: Vec<_> = single.iter().map(crate::bench::load::Sample::rate).collect();
    let work = format!("BatchResolveReleases of {BATCH} aliases, {callers} callers, {database}");
    Row {
        ratio: Some(Spread::of_ratios(&ours, &beside)),
        beside: Some(("single calls".to_owned(), Spread::of(beside))),
        ..Row::alone("F7", work, "references/s", Spread::of(ours), Target::AtLeast(20.0))
    }
    .saw("batches", middle(&many).text())
}

fn batch(releases: u64, seed: u64) -> Caller {
    let mut picker = Picker::new(Pick::Alike, releases, seed);
    Box::new(move || {
        let reference = |number: u64| pb::ResolveReleaseRequest {
            model_ref: Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name(Names.model_name(number / RELEASES))) }),
            selector: Some(Selector::Alias("production".to_owned())),
            ..Default::default()
        };
        let requests = (0..BATCH).map(|_| reference(picker.next())).collect();
        Call::new("/modelregistry.v1.ReleaseService/BatchResolveReleases", &pb::BatchResolveReleasesRequest { requests })
    })
}

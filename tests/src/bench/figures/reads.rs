//! F1: single reads beside a bare echo.

use crate::bench::Plan;
use crate::bench::data::{self, Names, RELEASES};
use crate::bench::load::{self, Call, Caller};
use crate::bench::pick::{Pick, Picker};
use crate::bench::place::{Kind, Place};
use crate::bench::report::{Row, Target};
use crate::bench::rounds::{Side, Spread, compare, row};
use crate::bench::server::Server;
use registry_proto::v1 as pb;
use registry_proto::v1::resolve_release_request::{Latest, Selector};
use std::ffi::OsString;

/// How many callers there are.
pub const CALLERS: u64 = 64;

/// A way to read one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// GetModel by its name.
    ModelByName,
    /// GetModel by its id.
    ModelById,
    /// GetRelease by its id.
    ReleaseById,
    /// GetRelease by model and version.
    ReleaseByName,
    /// ResolveRelease of an alias.
    Alias,
    /// ResolveRelease of the latest.
    Latest,
}

impl Read {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::ModelByName, Self::ModelById, Self::ReleaseById, Self::ReleaseByName, Self::Alias, Self::Latest];

    /// What it is called in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ModelByName => "GetModel by name",
            Self::ModelById => "GetModel by id",
            Self::ReleaseById => "GetRelease by id",
            Self::ReleaseByName => "GetRelease by model and version",
            Self::Alias => "ResolveRelease, alias",
            Self::Latest => "ResolveRelease, latest",
        }
    }

    /// The call that reads a release, or its model, by the number of the release.
    #[must_use]
    pub fn call(self, number: u64) -> Call {
        let (model, nth) = (number / RELEASES, number % RELEASES);
        let by_name = || Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name(Names.model_name(model))) });
        let get_model =
            |model_ref| Call::new("/modelregistry.v1.ModelService/GetModel", &pb::GetModelRequest { model_ref, view: 0 });
        let get_release = |value| {
            let request =
                pb::GetReleaseRequest { release_ref: Some(pb::ReleaseRef { value: Some(value) }), ..Default::default() };
            Call::new("/modelregistry.v1.ReleaseService/GetRelease", &request)
        };
        let resolve = |selector| {
            let request = pb::ResolveReleaseRequest { model_ref: by_name(), selector: Some(selector), ..Default::default() };
            Call::new("/modelregistry.v1.ReleaseService/ResolveRelease", &request)
        };
        match self {
            Self::ModelByName => get_model(by_name()),
            Self::ModelById => get_model(Some(pb::ModelRef { value: Some(pb::model_ref::Value::Id(Names.model_id(model))) })),
            Self::ReleaseById => get_release(pb::release_ref::Value::Id(Names.release_id(model, nth))),
            Self::ReleaseByName => {
                let name =
                    pb::release_ref::Name { model: Names.model_name(model), version: Names.version(nth), ..Default::default() };
                get_release(pb::release_ref::Value::Name(name))
            }
            Self::Alias => resolve(Selector::Alias("production".to_owned())),
            Self::Latest => resolve(Selector::Latest(Latest {})),
        }
    }

    /// Callers who read so, among so many releases.
    pub fn callers(self, callers: u64, pick: Pick, releases: u64, seed: u64) -> Vec<Caller> {
        let caller = |number: u64| {
            let mut picker = Picker::new(pick, releases, seed.wrapping_mul(1000).wrapping_add(number));
            Box::new(move || self.call(picker.next())) as Caller
        };
        (0..callers).map(caller).collect()
    }
}

/// Somebody who answers from a constant.
#[must_use]
pub fn echo(place: &Place) -> Server {
    Server::bare(&[OsString::from("serve-echo")], place.directory())
}

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let place = Place::kept(Kind::Sqlite, &plan.kept, &format!("r{}", plan.releases)).await;
    data::filled(&place, plan.releases).await;
    let (registry, echo) = (Server::registry(&place, &[]), echo(&place));
    let mut rows = Vec::new();
    for read in Read::ALL {
        rows.extend(against(plan, read, Pick::Few, &registry, &echo).await);
    }
    // More than is kept in memory.
    for pick in [Pick::Popular, Pick::Alike] {
        for read in [Read::ReleaseById, Read::Alias] {
            rows.extend(against(plan, read, pick, &registry, &echo).await);
        }
    }
    rows
}

async fn against(plan: &Plan, read: Read, pick: Pick, registry: &Server, echo: &Server) -> [Row; 2] {
    let callers = |seed| read.callers(CALLERS, pick, plan.releases, seed);
    let constant = |seed| Read::ModelByName.callers(CALLERS, pick, plan.releases, seed);
    let ours = Side { name: "registry", server: registry, callers: &callers };
    let beside = Side { name: "echo", server: echo, callers: &constant };
    // What a few ask for is in memory soon; what this measures is how it goes on.
    load::run(registry, callers(plan.seed), plan.turn).await;
    let samples = compare(plan, &ours, &beside).await;
    let which = match pick {
        Pick::Few => "of 5,000 releases",
        Pick::Popular => "popular ones more often",
        Pick::Alike => "all alike",
    };
    let work = format!("{}, {CALLERS} callers, {which}, SQLite", read.name());
    let [ours, beside] =
        [&samples[0], &samples[1]].map(|samples| samples.iter().map(|sample| sample.percentile(0.99)).collect::<Vec<_>>());
    let p99 = Row {
        ratio: Some(Spread::of_ratios(&ours, &beside)),
        beside: Some(("echo".to_owned(), Spread::of(beside))),
        ..Row::alone("F1", format!("{work}: p99"), "µs", Spread::of(ours), Target::AtMost(2.0))
    };
    [row("F1", &work, "echo", &samples, Target::AtLeast(0.7)), p99]
}

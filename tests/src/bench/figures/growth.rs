//! F6: how single reads and lists grow with what is there. Nothing is kept in memory: what grows is the work of the database.

use super::lists::List;
use super::reads::Read;
use crate::bench::Plan;
use crate::bench::data;
use crate::bench::pick::Pick;
use crate::bench::place::Place;
use crate::bench::report::{Row, Target};
use crate::bench::rounds::{Side, Spread, compare};
use crate::bench::server::Server;
use crate::keys;

/// How many releases a small registry has.
const FEW: u64 = 10_000;

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let plan = &plan.in_short_turns();
    let mut rows = Vec::new();
    for kind in &plan.databases {
        let (few, many) = (FEW, plan.most);
        let [small, big] = [few, many].map(|releases| format!("r{releases}"));
        let (small, big) = (Place::kept(*kind, &plan.kept, &small).await, Place::kept(*kind, &plan.kept, &big).await);
        data::filled(&small, few).await;
        data::filled(&big, many).await;
        let [small, big] = [&small, &big].map(|place| Server::registry(place, &["--cache-size", "0"]));
        for read in Read::ALL {
            let work = format!("{}, 1 caller, {many} releases, {}", read.name(), kind.name());
            let callers = |releases| move |seed| read.callers(1, Pick::Alike, releases, seed);
            rows.push(beside_small(plan, work, (&big, &callers(many)), (&small, &callers(few))).await);
        }
        let client = keys::admin(small.endpoint()).connect().await.expect("a connection");
        for list in List::all() {
            // Where the small one has no full page, the large one would answer with more.
            if list.depths(&client).await.is_none() {
                continue;
            }
            let work = format!("{}, first page of 50, {many} releases, {}", list.name, kind.name());
            let callers = |_| list.callers("");
            rows.push(beside_small(plan, work, (&big, &callers), (&small, &callers)).await);
        }
    }
    rows
}

type Callers<'a> = (&'a Server, &'a dyn Fn(u64) -> Vec<crate::bench::load::Caller>);

async fn beside_small(plan: &Plan, work: String, big: Callers<'_>, small: Callers<'_>) -> Row {
    let big = Side { name: "big", server: big.0, callers: big.1 };
    let small = Side { name: "small", server: small.0, callers: small.1 };
    let [big, small] = compare(plan, &big, &small).await;
    let times = |samples: &[crate::bench::load::Sample]| samples.iter().map(|sample| sample.percentile(0.5)).collect::<Vec<_>>();
    let (ours, beside) = (times(&big), times(&small));
    Row {
        ratio: Some(Spread::of_ratios(&ours, &beside)),
        beside: Some((format!("with {FEW}"), Spread::of(beside))),
        ..Row::alone("F6", work, "µs", Spread::of(ours), Target::AtMost(1.3))
    }
}

//! F2: single reads on PostgreSQL, from one of three servers that may keep in memory only what stays linearizable, beside one that keeps
//! nothing.

use super::reads::{CALLERS, Read};
use crate::bench::Plan;
use crate::bench::data::{self, Names, RELEASES};
use crate::bench::load;
use crate::bench::pick::{Pick, ranked};
use crate::bench::place::{Kind, Place};
use crate::bench::report::{Row, Target};
use crate::bench::rounds::{Side, compare, row};
use crate::bench::server::Server;
use crate::keys;
use registry_client::{Client, ReleaseRef, RetryPolicy};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often an alias is moved while it is read, in a second.
const MOVES: u32 = 50;
/// How many aliases are moved: the most popular ones.
const MOVED: u64 = 64;

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let place = Place::kept(Kind::Postgres, &plan.kept, &format!("r{}", plan.releases)).await;
    data::filled(&place, plan.releases).await;
    let replicas: Vec<_> = (0..3).map(|_| Server::registry(&place, &[])).collect();
    let without = Server::registry(&place, &["--cache-size", "0"]);
    let mut rows = Vec::new();
    for read in [Read::ModelByName, Read::ReleaseById, Read::Alias, Read::Latest] {
        let callers = |seed| read.callers(CALLERS, Pick::Few, plan.releases, seed);
        let ours = Side { name: "registry", server: &replicas[0], callers: &callers };
        let beside = Side { name: "without its cache", server: &without, callers: &callers };
        load::run(&replicas[0], callers(plan.seed), plan.turn).await; // into its memory
        let samples = compare(plan, &ours, &beside).await;
        let work = format!("{}, {CALLERS} callers, three replicas, PostgreSQL", read.name());
        rows.push(row("F2", work, "without its cache", &samples, Target::AtLeast(5.0)));
    }
    rows.push(while_moving(plan, &replicas, &without).await);
    rows
}

/// The same while another replica moves aliases, each of which is then resolved here: it must be where it was moved.
async fn while_moving(plan: &Plan, replicas: &[Server], without: &Server) -> Row {
    let callers = |seed| Read::Alias.callers(CALLERS, Pick::Few, plan.releases, seed);
    let ours = Side { name: "registry", server: &replicas[0], callers: &callers };
    let beside = Side { name: "without its cache", server: without, callers: &callers };
    let ended = CancellationToken::new();
    let moving = tokio::spawn(moves(replicas[1].endpoint(), replicas[0].endpoint(), plan.releases, ended.clone()));
    let samples = compare(plan, &ours, &beside).await;
    ended.cancel();
    let moved = moving.await.expect("moves that are looked up at once, and none of them stale");
    let work = format!("ResolveRelease, alias, {CALLERS} callers, {MOVES} moves a second elsewhere, PostgreSQL");
    row("F2", work, "without its cache", &samples, Target::AtLeast(5.0))
        .saw("moves, each looked up at once", moved.to_string())
        .saw("stale answers", "0")
}

/// Until it is ended; how many there were.
///
/// # Panics
/// If an answer is stale.
async fn moves(writes: String, reads: String, releases: u64, ended: CancellationToken) -> u64 {
    let client = async |endpoint| keys::admin(endpoint).retry(RetryPolicy::none()).connect().await.expect("a connection");
    let (writer, reader): (Client, Client) = (client(writes).await, client(reads).await);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / MOVES);
    let mut turn = 0;
    while !ended.is_cancelled() {
        tick.tick().await;
        let (model, nth) = (ranked(turn % MOVED, releases) / RELEASES, 5 + turn / MOVED % 4);
        let (name, version) = (Names.model_name(model), Names.version(nth));
        let release = ReleaseRef::key(name.as_str(), version.as_str());
        let moved = writer.set_release_alias(release, "production").send().await.expect("an alias").release_id;
        let found = reader.resolve_release(name.as_str()).alias("production").send().await.expect("a release").id;
        assert_eq!(moved, found, "{name} was moved and found where it was before");
        turn += 1;
    }
    turn
}

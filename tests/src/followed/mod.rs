//! Many events to many watchers that lose their streams all the time: each event comes to each watcher whose filter lets
//! it through, once, in the order of revisions.
//!
//! Half of the watchers hold the raw stream, drop it at random and open another one, on any server, behind the last
//! revision they have seen as a whole. The other half are the client's own, whose connections are cut under them. What
//! should have come is what ListEvents says afterwards.

mod watchers;
mod writers;

use crate::watching::listed;
use crate::{Database, Harness};
use futures::future::join_all;
use prost::Message;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Client, Event, EventFilter, EventType, Model, ResourceKind, RetryPolicy};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use watchers::Followed;

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// On which database. There are two servers on PostgreSQL.
    pub database: Database,
    /// How many events to write at least.
    pub events: usize,
    /// How many watchers follow them.
    pub watchers: usize,
    /// Where the randomness comes from.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How many events were written.
    pub events: usize,
    /// At how many revisions.
    pub revisions: i64,
    /// How many events the watchers were to be given, all together.
    pub expected: usize,
    /// How often a watcher dropped its stream.
    pub dropped: usize,
    /// How often a connection was cut under a watcher.
    pub cut: usize,
    /// How long the writes took.
    pub writing: Duration,
    /// How long it took until every watcher had everything.
    pub all: Duration,
    /// What is wrong.
    pub wrong: Vec<String>,
}

/// An event, as small as it can be and still be told from every other: where it is, and a hash of all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    revision: i64,
    index: i32,
    last: bool,
    hash: u64,
}

impl Seen {
    fn of(event: &Event) -> Self {
        let mut hash = DefaultHasher::new();
        event.encode_to_vec().hash(&mut hash);
        Self { revision: event.revision, index: event.index, last: event.last_in_revision, hash: hash.finish() }
    }
}

/// A client that mends nothing.
async fn plain(server: &Harness) -> Client {
    crate::keys::admin(server.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection")
}

/// Filters of every kind, from the one that lets everything through to the one that lets almost nothing through.
fn filter(number: usize, models: &[Model]) -> EventFilter {
    let id = |number: usize| models[number % models.len()].id.clone();
    let (kinds, types, ids): (&[ResourceKind], &[EventType], Vec<String>) = match number % 7 {
        0 => (&[], &[], vec![]),
        1 => (&[ResourceKind::Release], &[], vec![]),
        2 => (&[], &[], vec![id(number)]),
        3 => (&[ResourceKind::Model, ResourceKind::ReleaseAlias], &[], vec![]),
        4 => (&[], &[EventType::Created], vec![id(number), id(number + 1)]),
        5 => (&[ResourceKind::ReleaseAlias], &[EventType::Updated, EventType::Deleted], vec![]),
        _ => (&[ResourceKind::Release], &[EventType::Updated, EventType::Deleted, EventType::Undeleted], vec![]),
    };
    EventFilter {
        resource_kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
        event_types: types.iter().map(|kind| i32::from(*kind)).collect(),
        model_ids: ids,
    }
}

/// Writes, follows and compares.
///
/// # Panics
/// If a call fails that should not.
pub async fn run(plan: &Plan) -> Report {
    let mut servers = vec![Harness::start(plan.database).await];
    if plan.database == Database::Postgres {
        let replica = servers[0].replica().await;
        servers.push(replica);
    }
    let mut random = StdRng::seed_from_u64(plan.seed);
    let models = writers::models(&servers[0].client).await;
    let began = Instant::now();
    let (done, end) = watch::channel(None);
    let mut watchers = Vec::new();
    for number in 0..plan.watchers {
        let (filter, random) = (filter(number, &models), StdRng::seed_from_u64(random.random()));
        let clients = join_all(servers.iter().map(plain)).await;
        let server = servers[number % servers.len()].address();
        let task = match number % 2 {
            0 => tokio::spawn(watchers::dropping(clients, filter.clone(), random, end.clone())),
            _ => tokio::spawn(watchers::cut(server, filter.clone(), random, end.clone())),
        };
        watchers.push((filter, task));
    }
    let revisions = writers::write(&servers, &models, plan.events, &mut random).await;
    let mut report = Report { revisions, writing: began.elapsed(), ..Report::default() };
    done.send_replace(Some(revisions));
    let mut followed = Vec::new();
    for (filter, task) in watchers {
        followed.push((filter, task.await.expect("a watcher that does not panic")));
    }
    report.all = began.elapsed();
    report.events = listed(&servers[0].client, 0, &EventFilter::default()).await.len();
    for (number, (filter, followed)) in followed.into_iter().enumerate() {
        compare(&mut report, number, &servers[0].client, &filter, followed).await;
    }
    for server in servers {
        server.stop().await;
    }
    report
}

async fn compare(report: &mut Report, number: usize, client: &Client, filter: &EventFilter, followed: Followed) {
    let expected: Vec<Seen> = listed(client, 0, filter).await.iter().map(Seen::of).collect();
    report.expected += expected.len();
    report.dropped += followed.dropped;
    report.cut += followed.cut;
    if followed.seen != expected {
        let at = followed.seen.iter().zip(&expected).position(|(seen, expected)| seen != expected);
        let at = at.unwrap_or(followed.seen.len().min(expected.len()));
        let (seen, wanted) = (followed.seen.get(at), expected.get(at));
        report.wrong.push(format!(
            "watcher {number} ({filter:?}): {} events instead of {}; event {at} is {seen:?} instead of {wanted:?}",
            followed.seen.len(),
            expected.len()
        ));
    }
}

//! Several servers on one PostgreSQL behind a balancer, restarted one at a time under load: what becomes of the calls of clients with
//! default settings.
//!
//! The servers are built programs, the balancer knows TCP only, and the clients are those of the library, with the retries that
//! everybody gets. Nothing may fail, nothing may happen twice, and whoever follows misses nothing.

mod balancer;
mod load;
mod server;

use crate::{Database, Fresh, wait, watching};
use futures::future::join_all;
use load::{Done, Load};
use registry_client::{EventFilter, RetryPolicy};
use server::{Place, Replica};
use std::time::{Duration, Instant};

pub use balancer::Balancer;

/// How long anything may take that has to happen, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// How the balancer finds out where nobody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balancing {
    /// Not at all: the connection of the client that is placed there is closed, and the next one goes to the next server. So do a Kubernetes
    /// Service that has not noticed yet, and HAProxy without redispatch.
    Blind,
    /// Connections are refused there, and it tries the next server for the same client.
    Refusals,
    /// Its health says so, which is asked ten times a second.
    Health,
}

/// How a server is brought to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// SIGTERM: it drains.
    Stop,
    /// SIGKILL: it does not.
    Kill,
}

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many servers there are.
    pub replicas: usize,
    /// How often one of them is restarted.
    pub restarts: usize,
    /// How each of them ends.
    pub end: End,
    /// How the balancer finds out.
    pub balancing: Balancing,
    /// How long each goes on when it was told to stop (`--shutdown-delay`).
    pub delay: Duration,
    /// How many clients write.
    pub writers: usize,
    /// How many clients read.
    pub readers: usize,
    /// The retries of the clients: those that everybody gets, or none, to see that they are needed.
    pub retry: RetryPolicy,
    /// How many writes are made between a restart and the next one, at least.
    pub between: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How many servers were restarted.
    pub restarts: usize,
    /// How many writes were acknowledged.
    pub writes: usize,
    /// How many of these were the answer to an earlier attempt, which had got lost.
    pub replayed: usize,
    /// How many reads were answered.
    pub reads: usize,
    /// How many events the watch has told, and how often its stream broke.
    pub events: usize,
    /// See `events`.
    pub disconnected: usize,
    /// How many answers the resolver gave.
    pub resolved: usize,
    /// How many connections the balancer took.
    pub connections: usize,
    /// How many servers refused it one.
    pub refused: usize,
    /// The longest that a call took.
    pub slowest: Duration,
    /// How long all of it took.
    pub took: Duration,
    /// What is wrong: calls that failed, changes that are missing or double, events that were not told.
    pub wrong: Vec<String>,
}

/// Restarts servers under load, and looks what became of it.
///
/// # Panics
/// If a server does not start or stop, or the load comes to a standstill.
pub async fn run(plan: &Plan) -> Report {
    let began = Instant::now();
    let database = Database::Postgres.fresh().await;
    let mut replicas = start(plan, &database).await;
    let balancer = Balancer::start(replicas.iter().map(Replica::addresses), plan.balancing).await;
    let load = Load::begin(&balancer.endpoint(), plan).await;
    let mut report = Report::default();
    for number in 0..plan.restarts {
        load.goes_on(plan.between).await;
        let place = number % plan.replicas;
        let replica = replicas.remove(place).ended(plan.end).await.start(&database, plan.delay).await;
        balancer.serves(replica.addresses()).await;
        replicas.insert(place, replica);
        report.restarts += 1;
    }
    load.goes_on(plan.between).await;
    judge(&mut report, load.end().await, &replicas).await;
    (report.connections, report.refused) = balancer.counts();
    drop(balancer);
    join_all(replicas.into_iter().map(Replica::stop)).await;
    report.took = began.elapsed();
    report
}

async fn start(plan: &Plan, database: &Fresh) -> Vec<Replica> {
    let mut replicas = Vec::new();
    for _ in 0..plan.replicas {
        replicas.push(Place::new().start(database, plan.delay).await);
    }
    replicas
}

/// Compares what the clients were told with what a server says when it is quiet.
async fn judge(report: &mut Report, done: Done, replicas: &[Replica]) {
    let Done { writers, readers, watch, resolver } = done;
    let client = replicas[0].client().await;
    for writer in writers {
        writer.judge(&client, &mut report.wrong).await;
        report.writes += writer.writes;
        report.replayed += writer.replayed;
        report.slowest = report.slowest.max(writer.slowest);
    }
    for reader in readers {
        report.reads += reader.reads;
        report.slowest = report.slowest.max(reader.slowest);
        report.wrong.extend(reader.wrong);
    }
    let expected = watching::places(&watching::listed(&client, 0, &EventFilter::default()).await);
    if watch.told != expected {
        report.wrong.push(format!("the watch told {} events, and there are {}", watch.told.len(), expected.len()));
    }
    (report.events, report.disconnected) = (watch.told.len(), watch.disconnected);
    report.resolved = resolver.resolved;
    report.wrong.extend(resolver.wrong);
}

/// Waits for something that has to come.
async fn soon<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    wait::until(what, PATIENCE, look).await
}

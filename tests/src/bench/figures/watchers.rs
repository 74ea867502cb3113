//! F8: a thousand who watch, while events happen at a steady rate.
//!
//! Events are made by BatchCreateModels, fifty times a second; each model has one event. A delay is counted from the moment its call was
//! due until a watcher has the event: the change itself is in it, and the time for which it could not be sent because the one before it was
//! not answered. An event that somebody missed, or had out of turn, took for ever. All clocks are this process's.

use crate::bench::Plan;
use crate::bench::load::{self, Call};
use crate::bench::place::{Kind, Place};
use crate::bench::report::{Row, Target, number};
use crate::bench::rounds::Spread;
use crate::bench::server::Server;
use crate::bench::streams::{self, News};
use registry_proto::v1 as pb;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

/// How many watch, and over how many connections.
const WATCHERS: usize = 1000;
const CONNECTIONS: usize = 20;
/// How many events happen in a second.
const RATES: [usize; 3] = [50, 200, 1000];
/// For how many seconds.
const SECONDS: usize = 10;
/// How often some are made, in a second.
const TICKS: usize = 50;
/// How long the last event may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing happens before memory is looked at.
const QUIET: Duration = Duration::from_secs(1);

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in &plan.databases {
        for rate in RATES {
            rows.extend(watched(*kind, rate).await);
        }
    }
    rows
}

async fn watched(kind: Kind, rate: usize) -> [Row; 2] {
    let place = Place::fresh(kind).await;
    let registry = Server::registry(&place, &["--max-watches", "2000", "--max-watches-per-caller", "2000"]);
    sleep_until((Instant::now() + QUIET).into()).await;
    let (before, events) = (registry.memory(), rate * SECONDS);
    let news = News::of(events);
    let watching = streams::open(&registry, WATCHERS, CONNECTIONS, &news).await;
    let (cpu, load, began) = (registry.cpu(), crate::bench::server::cpu(std::process::id()), Instant::now());
    make(&registry, &news, rate, events).await;
    let made = began.elapsed();
    let (cpu, load) = (registry.cpu().saturating_sub(cpu), crate::bench::server::cpu(std::process::id()).saturating_sub(load));
    let expected = u64::try_from(WATCHERS * events).unwrap_or(u64::MAX);
    let late = Instant::now() + PATIENCE;
    let mut tick = interval(Duration::from_millis(10));
    while news.received() < expected && Instant::now() < late {
        tick.tick().await;
    }
    let after = registry.memory();
    drop(watching);
    registry.stop().await;
    place.remove().await;
    let whole = news.received() == expected && news.astray() == 0;
    let delay = if whole { news.percentile(0.99) } else { f64::INFINITY };
    let work = format!("{WATCHERS} watchers, {rate} events/s for {SECONDS} s, {}", kind.name());
    let delays = Row::alone("F8", format!("{work}: delay, p99"), "ms", Spread::of([delay]), Target::AtMost(50.0))
        .saw("p50 ms", number(news.percentile(0.5)))
        .saw("p999 ms", number(news.percentile(0.999)))
        .saw("received", format!("{} of {expected}", news.received()))
        .saw("out of turn", news.astray().to_string())
        .saw("messages", news.messages().to_string())
        .saw("events made for s", number(made.as_secs_f64()))
        .saw("server", busy(cpu, made))
        .saw("load", busy(load, made));
    let each = (after - before) * 1024.0 / f64::from(u32::try_from(WATCHERS).unwrap_or(1));
    let memory = Row::alone("F8", format!("{work}: memory for each"), "KiB", Spread::of([each]), Target::AtMost(100.0))
        .saw("MiB without them", number(before));
    [delays, memory]
}

/// Makes events at a steady rate. A server that cannot follow is waited for.
async fn make(registry: &Server, news: &News, rate: usize, events: usize) {
    let mut tick = interval(Duration::from_secs(1) / u32::try_from(TICKS).unwrap_or(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sender = load::connect(registry.address()).await.expect("a connection");
    let numbers: Vec<usize> = (0..events).collect();
    for some in numbers.chunks(rate / TICKS) {
        let due = tick.tick().await.into_std();
        let requests = some.iter().map(|number| new_model(&news.ask(*number, due))).collect();
        let call = Call::new(
            "/modelregistry.v1.ModelService/BatchCreateModels",
            &pb::BatchCreateModelsRequest { requests, ..Default::default() },
        );
        sender = load::answered(sender, registry.address(), call).await.expect("models");
    }
}

fn new_model(name: &str) -> pb::CreateModelRequest {
    let model = pb::Model { name: name.to_owned(), storage_path: format!("s3://models/{name}/"), ..Default::default() };
    pb::CreateModelRequest { model: Some(model), ..Default::default() }
}

fn busy(cpu: Duration, took: Duration) -> String {
    format!("{:.0} %", cpu.as_secs_f64() / took.as_secs_f64() * 100.0)
}

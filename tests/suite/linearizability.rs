//! Aliases behave as if there was one server and one client, although there are three servers and many: a checker looks
//! for an order of the calls that explains every answer.

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use registry_client::{Client, Error, ErrorReason, Release, ReleaseId, RetryPolicy};
use registry_server::sabotage::Sabotage;
use registry_tests::linearizable::{Call, History, Outcome, Verdict};
use registry_tests::{Database, Harness, given};
use std::sync::Arc;

/// How many histories are checked unless `REGISTRY_TEST_HISTORIES` says otherwise.
const HISTORIES: u64 = 5;
const OPERATIONS: usize = 2000;
const CLIENTS: usize = 24;
const ALIASES: [&str; 5] = ["production", "staging", "canary", "shadow", "next"];

/// One model with its aliases, and what is known of each.
struct World {
    model: String,
    releases: Vec<Release>,
    histories: Vec<History>,
}

async fn world(registry: &Harness, number: u64) -> Arc<World> {
    let model = format!("m{number}");
    given::model(registry, &model).await;
    let version =
        |version: u32| registry.client.create_release(model.as_str(), format!("{version}.0.0")).digest(given::digest(1));
    let releases = registry.client.batch_create_releases((0..100).map(version)).send().await.expect("releases");
    Arc::new(World { model, releases, histories: ALIASES.iter().map(|_| History::default()).collect() })
}

/// One client: asks for this and that, and writes down what it is told.
async fn use_aliases(world: Arc<World>, client: Client, number: usize, mut random: StdRng) {
    let mut seen: Vec<Option<String>> = vec![None; ALIASES.len()];
    for _ in 0..OPERATIONS / CLIENTS {
        let which = random.random_range(0..ALIASES.len());
        let to = world.releases.choose(&mut random).expect("releases").id.clone();
        let call = match random.random_range(0..100) {
            0..50 => Call::Get,
            50..68 => Call::Set { to },
            68..92 => Call::CompareAndSet { expected: seen[which].clone(), to },
            92..96 => Call::Delete { expected: None },
            _ => Call::Delete { expected: seen[which].clone() },
        };
        let history = &world.histories[which];
        let asked = history.ask(number, call.clone());
        let outcome = ask(&client, &world.model, ALIASES[which], &call).await;
        seen[which] = match (&call, &outcome) {
            (Call::Set { to } | Call::CompareAndSet { to, .. }, Outcome::Ok) => Some(to.clone()),
            (_, Outcome::Seen(value)) => Some(value.clone()),
            (_, Outcome::Moved { current }) => current.clone(),
            _ => None,
        };
        history.answer(asked, outcome);
    }
}

async fn ask(client: &Client, model: &str, alias: &str, call: &Call) -> Outcome {
    let id = |value: &String| ReleaseId::new(value.clone());
    let answer = match call {
        Call::Get => client.resolve_release(model).alias(alias).send().await.map(|release| Outcome::Seen(release.id)),
        Call::Set { to } => client.set_release_alias(id(to), alias).send().await.map(|_| Outcome::Ok),
        Call::CompareAndSet { expected: Some(expected), to } => {
            client.set_release_alias(id(to), alias).expected_release(id(expected)).send().await.map(|_| Outcome::Ok)
        }
        Call::CompareAndSet { expected: None, to } => {
            client.set_release_alias(id(to), alias).expected_absent().send().await.map(|_| Outcome::Ok)
        }
        Call::Delete { expected } => {
            let delete = client.delete_release_alias(model, alias);
            let delete = expected.iter().fold(delete, |delete, expected| delete.expected_release(id(expected)));
            delete.send().await.map(|_| Outcome::Ok)
        }
    };
    answer.unwrap_or_else(|error| refused(&error))
}

fn refused(error: &Error) -> Outcome {
    match error.reason() {
        Some(ErrorReason::AliasNotFound) => Outcome::Absent,
        Some(ErrorReason::AliasMoved) => {
            let current = error.metadata().get("currentReleaseId").expect("where it is");
            Outcome::Moved { current: Some(current.clone()).filter(|current| !current.is_empty()) }
        }
        _ if error.outcome_unknown() => Outcome::Unknown,
        _ => panic!("{error}"),
    }
}

/// What the checker says of every alias of one world, used through all of the servers.
async fn verdicts(servers: &[Harness], number: u64, seed: u64) -> Vec<Verdict> {
    let world = world(&servers[0], number).await;
    let connect = |number: usize| {
        let server = &servers[number % servers.len()];
        registry_tests::keys::admin(server.endpoint()).retry(RetryPolicy::none()).connect()
    };
    let clients = join_all((0..CLIENTS).map(connect)).await.into_iter().map(|client| client.expect("a connection"));
    let tasks = clients.enumerate().map(|(client_number, client)| {
        let random = StdRng::seed_from_u64(seed.wrapping_add(u64::try_from(client_number).expect("a small number")));
        tokio::spawn(use_aliases(Arc::clone(&world), client, client_number, random))
    });
    join_all(tasks).await.into_iter().for_each(|task| task.expect("a client that does not panic"));
    world.histories.iter().map(History::verdict).collect()
}

async fn three_servers(sabotage: Sabotage) -> Vec<Harness> {
    let first = Harness::with(Database::Postgres, |settings| settings.sabotage = sabotage.clone()).await;
    let second = first.replica_with(|settings| settings.sabotage = sabotage.clone()).await;
    let third = first.replica_with(|settings| settings.sabotage = sabotage.clone()).await;
    vec![first, second, third]
}

async fn stop(servers: Vec<Harness>) {
    for server in servers.into_iter().rev() {
        server.stop().await;
    }
}

fn histories() -> u64 {
    std::env::var("REGISTRY_TEST_HISTORIES").map_or(HISTORIES, |number| number.parse().expect("a number of histories"))
}

/// Every history can be explained by one order of the calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aliases_are_linearizable_across_servers() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let servers = three_servers(Sabotage::default()).await;
    for number in 0..histories() {
        for (alias, verdict) in ALIASES.iter().zip(verdicts(&servers, number, seed.wrapping_add(number * 1000)).await) {
            assert_eq!(verdict, Verdict::Linearizable, "history {number}, {alias}, seed {seed}: {verdict}");
        }
    }
    stop(servers).await;
}

/// A server that keeps answers and does not look whether they hold is found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_cache_is_found_out() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let servers = three_servers(Sabotage::stale_answers()).await;
    let verdicts = verdicts(&servers, 0, seed).await;
    assert!(verdicts.iter().any(|verdict| matches!(verdict, Verdict::Violation(_))), "seed {seed}: {verdicts:?}");
    stop(servers).await;
}

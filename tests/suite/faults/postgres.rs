//! A PostgreSQL that crashes and comes back, under a server that does not.

use futures::future::join_all;
use registry_client::{Code, RetryPolicy};
use registry_tests::binary::{Binary, Running};
use registry_tests::cluster::Cluster;
use registry_tests::wait;
use sea_orm::{ConnectionTrait, Database};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const PATIENCE: Duration = Duration::from_secs(2);
/// How soon health follows, and how soon calls succeed again.
const SOON: Duration = Duration::from_secs(8);

/// What the callers saw.
#[derive(Debug, Default)]
struct Seen {
    acknowledged: Vec<String>,
    codes: BTreeMap<String, usize>,
    slowest: Duration,
}

/// Writes and reads without pause until it is told to stop.
fn load(server: &Running, number: usize, stop: Arc<AtomicBool>) -> JoinHandle<Seen> {
    let client =
        registry_tests::keys::admin(server.endpoint()).retry(RetryPolicy::none()).timeout(PATIENCE).connect_lazy().unwrap();
    tokio::spawn(async move {
        let mut seen = Seen::default();
        let mut next = 0;
        while !stop.load(Ordering::SeqCst) {
            next += 1;
            let name = format!("client-{number}/model-{next}");
            let began = Instant::now();
            let code = match client.create_model(name.as_str(), "s3://models/").send().await {
                Ok(_) => {
                    seen.acknowledged.push(name);
                    Code::Ok
                }
                Err(error) => error.code(),
            };
            let read = client.list_models().page_size(1).send().await.map_or_else(|error| error.code(), |_| Code::Ok);
            seen.slowest = seen.slowest.max(began.elapsed());
            *seen.codes.entry(format!("{code:?}")).or_default() += 1;
            *seen.codes.entry(format!("{read:?}")).or_default() += 1;
        }
        seen
    })
}

async fn health(server: &Running, expected: ServingStatus) {
    let client = server.client().await;
    wait::until(format!("health says {expected:?}"), SOON, async || {
        let status = HealthClient::new(client.raw_channel()).check(HealthCheckRequest { service: String::new() }).await;
        (status.unwrap().into_inner().status() == expected).then_some(())
    })
    .await;
}

async fn works_again(server: &Running, name: &str) {
    let client = server.client().await;
    wait::until("a write succeeds", SOON, async || client.create_model(name, "s3://models/").timeout(PATIENCE).send().await.ok())
        .await;
}

/// The outage lasts until a caller has been told of it.
async fn is_told(server: &Running) {
    let client = server.client().await;
    let told = async || {
        // Longer than the server waits for a connection: who is less patient sees only the own deadline.
        let answer = client.create_model("during", "s3://models/").timeout(SOON).send().await;
        answer.is_err_and(|error| error.code() == Code::Unavailable).then_some(())
    };
    wait::until("a write is told that the database is away", SOON, told).await;
}

/// The callers of a database that went away and came back: honest codes within their deadlines, and nothing lost.
async fn end(server: &Running, stop: &AtomicBool, callers: Vec<JoinHandle<Seen>>) {
    stop.store(true, Ordering::SeqCst);
    let seen: Vec<Seen> = join_all(callers).await.into_iter().map(Result::unwrap).collect();
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for (code, count) in seen.iter().flat_map(|seen| &seen.codes) {
        *codes.entry(code.clone()).or_default() += count;
    }
    println!("{codes:?}");
    let honest = ["Ok", "Unavailable", "DeadlineExceeded"];
    assert!(codes.keys().all(|code| honest.contains(&code.as_str())), "{codes:?}");
    assert!(codes.keys().any(|code| code != "Ok"), "nobody noticed: {codes:?}");
    assert!(seen.iter().all(|seen| seen.slowest < 2 * PATIENCE + Duration::from_secs(2)), "{seen:?}");
    let client = server.client().await;
    for name in seen.iter().flat_map(|seen| &seen.acknowledged) {
        client.get_model(name.as_str()).send().await.unwrap_or_else(|error| panic!("{name} was acknowledged: {error:?}"));
    }
}

/// A crash of the database shows as UNAVAILABLE and as NOT_SERVING, and heals without a restart of the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_heals() {
    let cluster = Cluster::create();
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", cluster.url()).env("REGISTRY_LOG", "error");
    let server = server.start().await.unwrap();
    health(&server, ServingStatus::Serving).await;
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8).map(|number| load(&server, number, Arc::clone(&stop))).collect();
    works_again(&server, "before").await;
    cluster.crash();
    health(&server, ServingStatus::NotServing).await;
    is_told(&server).await;
    cluster.start();
    works_again(&server, "after").await;
    health(&server, ServingStatus::Serving).await;
    end(&server, &stop, callers).await;
    let log = server.stop().await.log;
    assert!(!log.contains("ERROR"), "{log}");
}

/// Connections that are cut, by an administrator or by what is in between, are replaced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_are_replaced() {
    let cluster = Cluster::create();
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", cluster.url()).env("REGISTRY_LOG", "error");
    let server = server.start().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8).map(|number| load(&server, number, Arc::clone(&stop))).collect();
    let administrator = Database::connect(cluster.url()).await.unwrap();
    for round in 0..5 {
        works_again(&server, &format!("round-{round}")).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'model-registry'";
        administrator.execute_unprepared(cut).await.unwrap();
    }
    works_again(&server, "after").await;
    end(&server, &stop, callers).await;
    let log = server.stop().await.log;
    assert!(!log.contains("ERROR"), "{log}");
}

//! Stopping under load, again and again: every call that the server has taken is answered, nobody is left in the dark, and
//! what was acknowledged, and nothing else, is there afterwards.

use futures::StreamExt;
use futures::future::join_all;
use registry_client::{Builder, Client, Code, Error, ErrorReason, RetryPolicy, Tls};
use registry_tests::binary::{Binary, ProcessSignal, Running};
use registry_tests::frames::PREFACE;
use registry_tests::tls::Authority;
use registry_tests::watching::{self, Watcher, facts};
use registry_tests::{Database, Fresh, wait};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::Status;

const DELAY: Duration = Duration::from_millis(200);
const GRACE: Duration = Duration::from_secs(2);
/// For noticing and for leaving, beyond the delay and the grace period.
const SLACK: Duration = Duration::from_secs(1);
/// Connections that write, and how many calls each of them has under way at once.
const WRITERS: usize = 4;
const AT_ONCE: usize = 3;
/// Longer than any call takes: none may end by it.
const DEADLINE: Duration = Duration::from_secs(20);

/// A registry that is stopped and started again.
struct Place {
    directory: TempDir,
    database: Fresh,
    authority: Authority,
}

impl Place {
    async fn on(database: Database) -> Self {
        let (directory, authority) = (tempdir().unwrap(), Authority::new());
        let server = authority.server(&["localhost"]);
        std::fs::write(directory.path().join("server.pem"), server.certificate).unwrap();
        std::fs::write(directory.path().join("server.key"), server.key).unwrap();
        Self { directory, database: database.fresh().await, authority }
    }

    async fn start(&self, secure: bool) -> Server {
        let binary = Binary::on_free_port(self.directory.path())
            .env("REGISTRY_DATABASE_URL", &self.database.url())
            .env("REGISTRY_LOG", "info,h2::codec::framed_read=debug")
            .env("REGISTRY_SHUTDOWN_DELAY", &format!("{}ms", DELAY.as_millis()))
            .env("REGISTRY_SHUTDOWN_GRACE", &GRACE.as_secs().to_string());
        let binary = if secure { binary.args(["--tls-certificate", "server.pem", "--tls-key", "server.key"]) } else { binary };
        let running = binary.start().await.unwrap();
        let client = self.builder(&running, secure);
        Server { running, secure, client }
    }

    /// A client that retries nothing.
    fn builder(&self, server: &Running, secure: bool) -> Builder {
        let endpoint = if secure { format!("https://localhost:{}", server.address().port()) } else { server.endpoint() };
        let builder = registry_tests::keys::admin(endpoint).retry(RetryPolicy::none()).timeout(DEADLINE);
        if secure { builder.tls(Tls::new().ca_certificate(self.authority.pem())) } else { builder }
    }
}

struct Server {
    running: Running,
    secure: bool,
    client: Builder,
}

/// What became of the calls of one caller.
#[derive(Default)]
struct Calls {
    acknowledged: Vec<String>,
    refused: Vec<(String, Error)>,
}

impl Calls {
    /// Whether there can be another.
    async fn create(&mut self, client: &Client, name: String, count: &AtomicUsize) -> bool {
        match client.create_model(name.as_str(), "s3://models/").send().await {
            Ok(_) => {
                self.acknowledged.push(name);
                count.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.refused.push((name, error)),
        }
        self.refused.is_empty()
    }
}

/// Writes on a connection of its own until it is refused.
async fn writer(client: Client, name: String, count: Arc<AtomicUsize>) -> Calls {
    let mut calls = Calls::default();
    let mut number = 0;
    while calls.create(&client, format!("{name}-{number}"), &count).await {
        number += 1;
    }
    calls
}

/// Every request that has come to the server was answered, but those that it has named as not looked at: nobody is left to guess.
///
/// A call that the client says it does not know the outcome of is none of them. Its HTTP/2 can close a connection that is
/// going away under a call that was not sent yet, and does not say that it was not.
fn all_were_answered(log: &str, refused: &[(String, Error)]) {
    let arrived = log.matches("received frame=Headers {").count();
    let answered = log.matches(": call code=").count();
    let named = refused.iter().filter(|(_, error)| error.to_string().contains("not a result of an error")).count();
    assert!(
        answered > 0 && arrived <= answered + named,
        "of {arrived} {answered} were answered, {named} named: {refused:#?}\n{log}"
    );
    for (name, error) in refused.iter().filter(|(_, error)| error.outcome_unknown()) {
        assert!(error.to_string().contains("stream closed because of a broken pipe"), "{name}: {error:?}\n{log}");
    }
}

/// Connects anew for every call, until nobody listens any more.
async fn newcomer(client: Builder, name: String, count: Arc<AtomicUsize>) -> Calls {
    let mut calls = Calls::default();
    let mut number = 0;
    while let Ok(client) = client.clone().connect().await {
        calls.create(&client, format!("{name}-{number}"), &count).await;
        number += 1;
    }
    calls
}

/// Everything that is connected and is no reason to stay.
async fn loiter(server: &Server) -> Vec<TcpStream> {
    let hello: &[u8] = if server.secure { b"\x16\x03\x01\x02\x00\x01" } else { &PREFACE[..1] };
    let mut streams = Vec::new();
    for begins in [&[] as &[u8], &PREFACE[..10], hello] {
        let mut stream = TcpStream::connect(server.running.address()).await.unwrap();
        // Not the beginning of a connection with TLS: such a one is closed, which is no reason to stay either.
        let _ = stream.write_all(begins).await;
        streams.push(stream);
    }
    streams
}

async fn watch(server: &Server) -> (Client, Watcher) {
    let client = server.client.clone().connect().await.unwrap();
    let watcher = watching::watch(&client, watching::from_now()).await;
    (client, watcher)
}

/// The stream says what the contract promises of a server that stops, and what it has shown is before the place to go on from.
async fn ended_with_a_place(watch: JoinHandle<(i64, Status)>) -> i64 {
    let (seen, status) = watch.await.unwrap();
    let facts = facts(&status, Code::Unavailable, ErrorReason::BackendUnavailable);
    let resume: i64 = facts["resumeRevision"].parse().unwrap();
    assert!(resume >= seen, "events up to {seen} were sent, and {resume} is where to go on: {status:?}");
    resume
}

/// What it shows to its end: through which revision, and what it ends with.
async fn follow((client, mut watcher): (Client, Watcher)) -> (i64, Status) {
    let mut seen = 0;
    loop {
        match watcher.next().await {
            Ok(registry_client::pb::watch_response::Message::Events(message)) => {
                seen =
                    message.events.iter().filter(|event| event.last_in_revision).map(|event| event.revision).fold(seen, i64::max);
            }
            Ok(_) => {}
            Err(status) => {
                drop(client);
                return (seen, status);
            }
        }
    }
}

/// One round: load, SIGTERM, and what became of everything. The names that were acknowledged.
async fn round(server: Server, number: usize) -> Vec<String> {
    let count = Arc::new(AtomicUsize::new(0));
    let mut load = Vec::new();
    for connection in 0..WRITERS {
        let client = server.client.clone().connect().await.unwrap();
        for one in 0..AT_ONCE {
            let name = format!("round-{number}/writer-{connection}-{one}");
            load.push(tokio::spawn(writer(client.clone(), name, Arc::clone(&count))));
        }
    }
    load.push(tokio::spawn(newcomer(server.client.clone(), format!("round-{number}/newcomer"), Arc::clone(&count))));
    let watches = [tokio::spawn(follow(watch(&server).await)), tokio::spawn(follow(watch(&server).await))];
    let _loitering = loiter(&server).await;
    let before = number % 5 * 7 + 20;
    wait::until("calls are answered", DEADLINE, async || (count.load(Ordering::Relaxed) >= before).then_some(())).await;
    let began = Instant::now();
    server.running.signal(ProcessSignal::TERM);
    let exited = server.running.exited(Duration::from_secs(20)).await;
    let took = began.elapsed();
    assert_eq!(exited.status.code(), Some(0), "round {number}: {}", exited.log);
    assert!(took <= DELAY + GRACE + SLACK, "round {number} took {took:?}: {}", exited.log);
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for calls in join_all(load).await.into_iter().map(Result::unwrap) {
        acknowledged.extend(calls.acknowledged);
        refused.extend(calls.refused);
    }
    all_were_answered(&exited.log, &refused);
    for watch in watches {
        ended_with_a_place(watch).await;
    }
    acknowledged
}

async fn models(client: &Client) -> BTreeSet<String> {
    client.list_models().page_size(1000).items().map(|model| model.unwrap().name).collect().await
}

async fn drains(database: Database, rounds: usize) {
    let place = Place::on(database).await;
    let mut acknowledged = BTreeSet::new();
    for number in 0..rounds {
        let server = place.start(number % 4 == 3).await;
        acknowledged.extend(round(server, number).await);
        let server = place.start(false).await;
        let there = models(&server.client.clone().connect().await.unwrap()).await;
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        let unasked: Vec<_> = there.difference(&acknowledged).collect();
        assert!(lost.is_empty() && unasked.is_empty(), "round {number}: lost {lost:?}, taken and not answered {unasked:?}");
        server.running.stop().await;
    }
    assert!(acknowledged.len() >= rounds * 20, "{}", acknowledged.len());
}

/// Twenty of twenty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_when_the_server_stops() {
    drains(Database::Sqlite, 20).await;
}

/// The same on PostgreSQL.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_when_the_server_stops_on_postgres() {
    drains(Database::Postgres, 4).await;
}

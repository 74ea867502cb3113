//! Stopping: on time whatever is connected, and without losing a call that has begun.

use futures::future::join_all;
use registry_client::{Client, Error, RetryPolicy};
use registry_tests::binary::{Binary, ProcessSignal, Running};
use registry_tests::frames::{Frames, PREFACE};
use registry_tests::wait;
use std::any::Any;
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;

const GRACE: Duration = Duration::from_secs(1);
/// For noticing and for leaving, beyond the grace period.
const SLACK: Duration = Duration::from_secs(1);

async fn server() -> (TempDir, Running) {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_SHUTDOWN_GRACE", &GRACE.as_secs().to_string());
    let server = server.start().await.unwrap();
    (directory, server)
}

async fn silent(server: &Running) -> Box<dyn Any> {
    Box::new(TcpStream::connect(server.address()).await.unwrap())
}

async fn half_a_preface(server: &Running) -> Box<dyn Any> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(&PREFACE[..10]).await.unwrap();
    Box::new(stream)
}

async fn no_request(server: &Running) -> Box<dyn Any> {
    Box::new(Frames::connect(server.address()).await)
}

async fn a_watch(server: &Running) -> Box<dyn Any> {
    let mut health = HealthClient::new(server.client().await.raw_channel());
    let mut watch = health.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    watch.message().await.unwrap().expect("a first status");
    Box::new(watch)
}

/// A call that goes on for as long as its caller likes, which is what the grace period is for.
async fn an_open_stream(server: &Running) -> Box<dyn Any> {
    let mut reflection = ServerReflectionClient::new(server.client().await.connection());
    let answers = reflection.server_reflection_info(futures::stream::pending::<ServerReflectionRequest>()).await.unwrap();
    Box::new((reflection, answers))
}

async fn stops_in_time(signal: ProcessSignal) {
    let (_directory, server) = server().await;
    let _open = [silent(&server).await, half_a_preface(&server).await, no_request(&server).await, a_watch(&server).await];
    let client = server.client().await;
    client.create_model("iris", "s3://models/iris/").send().await.unwrap();
    let began = Instant::now();
    server.signal(signal);
    let exited = server.exited(Duration::from_secs(20)).await;
    assert_eq!(exited.status.code(), Some(0), "{}", exited.log);
    assert!(began.elapsed() <= GRACE + SLACK, "it took {:?}", began.elapsed());
}

/// SIGTERM, with everything open that has ever kept a server from leaving.
#[tokio::test]
async fn sigterm_is_obeyed_in_time() {
    stops_in_time(ProcessSignal::TERM).await;
}

/// SIGINT likewise.
#[tokio::test]
async fn sigint_is_obeyed_in_time() {
    stops_in_time(ProcessSignal::INT).await;
}

/// Connections that carry no call are no reason to wait.
#[tokio::test]
async fn idle_connections_do_not_hold_it_up() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_SHUTDOWN_GRACE", "60").start().await.unwrap();
    let _open = [silent(&server).await, half_a_preface(&server).await];
    let client = server.client().await;
    client.create_model("iris", "s3://models/iris/").send().await.unwrap();
    server.signal(ProcessSignal::TERM);
    let exited = server.exited(Duration::from_secs(10)).await;
    assert_eq!(exited.status.code(), Some(0), "{}", exited.log);
}

/// Who does not want to wait for the grace period sends the signal once more.
#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_SHUTDOWN_GRACE", "60").start().await.unwrap();
    let _open = an_open_stream(&server).await;
    server.signal(ProcessSignal::TERM);
    let address = server.address();
    wait::until("new connections are refused", Duration::from_secs(10), async || TcpStream::connect(address).await.err()).await;
    server.signal(ProcessSignal::TERM);
    let exited = server.exited(Duration::from_secs(5)).await;
    assert!(exited.log.contains("a second signal"), "{}", exited.log);
}

/// Balancers are told first: health says NOT_SERVING, and for as long as they may need to notice, everything is served as before.
#[tokio::test]
async fn callers_are_sent_elsewhere_first() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_SHUTDOWN_DELAY", "1m").start().await.unwrap();
    let client = server.client().await;
    let mut health = HealthClient::new(client.raw_channel());
    let mut watch = health.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().map(|first| first.status()), Some(ServingStatus::Serving));
    server.signal(ProcessSignal::TERM);
    assert_eq!(watch.message().await.unwrap().map(|next| next.status()), Some(ServingStatus::NotServing));
    let late = server.client().await;
    for (client, name) in [(&client, "iris"), (&late, "lotus")] {
        client.create_model(name, "s3://models/").send().await.unwrap();
    }
    let mut health = HealthClient::new(late.raw_channel());
    for service in ["", "modelregistry.v1.ModelService"] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::NotServing, "{service:?}");
    }
    server.signal(ProcessSignal::TERM);
    let exited = server.exited(Duration::from_secs(10)).await;
    assert!(exited.log.contains("a second signal"), "{}", exited.log);
}

/// Unless told otherwise it gives them a second.
#[tokio::test]
async fn the_delay_is_a_second_by_default() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).without_env("REGISTRY_SHUTDOWN_DELAY").start().await.unwrap();
    let began = Instant::now();
    let exited = server.stop().await;
    assert_eq!(exited.status.code(), Some(0), "{}", exited.log);
    assert!(began.elapsed() >= Duration::from_secs(1), "it took {:?}", began.elapsed());
}

/// Writes without pause until the server goes; how many were acknowledged, and what the last one came to.
async fn write(client: Client, number: usize) -> (usize, Error) {
    let mut acknowledged = 0;
    loop {
        let name = format!("writer-{number}/model-{acknowledged}");
        match client.create_model(name, "s3://models/").send().await {
            Ok(_) => acknowledged += 1,
            Err(error) => return (acknowledged, error),
        }
    }
}

/// Every call that the server has taken is answered before it leaves, and what was acknowledged is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_have_begun_are_answered() {
    let (directory, server) = server().await;
    let mut writers = Vec::new();
    for number in 0..8 {
        let client = registry_tests::keys::admin(server.endpoint()).retry(RetryPolicy::none()).connect().await.unwrap();
        writers.push(tokio::spawn(write(client, number)));
    }
    let watching = server.client().await;
    wait::until("the writers have begun", Duration::from_secs(20), async || {
        watching.get_model("writer-7/model-3").send().await.ok()
    })
    .await;
    let exited = server.stop().await;
    assert_eq!(exited.status.code(), Some(0), "{}", exited.log);
    let written: Vec<(usize, Error)> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let models = server.client().await.list_models().page_size(1).include_total_size().send().await.unwrap().total_size;
    let acknowledged: usize = written.iter().map(|(acknowledged, _)| acknowledged).sum();
    // More would be calls that were taken and not answered; fewer, answers that were not true.
    assert_eq!(models, Some(i64::try_from(acknowledged).unwrap()), "{written:?}");
    server.stop().await;
}

//! Traces, as a collector receives them from the built server.

use super::SOON;
use opentelemetry_proto::tonic::trace::v1::Span;
use registry_client::{Connection, pb};
use registry_proto::v1::model_service_client::ModelServiceClient;
use registry_proto::v1::watch_service_client::WatchServiceClient;
use registry_tests::binary::{Binary, ProcessSignal, Running};
use registry_tests::collector::{Collector, attribute};
use registry_tests::scraped::scrape;
use registry_tests::{Database, on_every_database, wait};
use std::net::SocketAddr;
use tonic::Request;

const CANARY: &str = "c4n4ry";
/// The span of the caller.
const PARENT: [u8; 8] = [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

fn trace_id(number: u8) -> Vec<u8> {
    vec![number; 16]
}

/// A message with the key of an admin, in a trace of this number.
fn traced<M>(message: M, number: u8) -> Request<M> {
    let mut request = Request::new(message);
    let (trace, parent) = (hex::encode(trace_id(number)), hex::encode(PARENT));
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", format!("00-{trace}-{parent}-01").parse().unwrap());
    metadata.insert("authorization", format!("Bearer {}", registry_tests::keys::ADMIN).parse().unwrap());
    request
}

fn sending_to(collector: &Collector, directory: &std::path::Path) -> Binary {
    let binary = Binary::on_free_port(directory).env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint());
    binary.env("OTEL_BSP_SCHEDULE_DELAY", "50").env("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-key=c4n4ry-of-the-collector")
}

async fn models(server: &Running) -> ModelServiceClient<Connection> {
    ModelServiceClient::new(server.client().await.raw_channel())
}

/// A span from its parent up to the caller's, by their names.
fn ancestors(spans: &[Span], span: &Span) -> Vec<String> {
    let (mut names, mut parent) = (Vec::new(), &span.parent_span_id);
    while let Some(above) = spans.iter().find(|span| span.span_id == *parent) {
        names.push(above.name.clone());
        parent = &above.parent_span_id;
    }
    assert_eq!(*parent, PARENT, "{} does not lead to the caller: {names:?}", span.name);
    names
}

fn statement<'a>(spans: &'a [Span], name: &str, text: &str) -> &'a Span {
    let is_it =
        |span: &&Span| span.name == name && attribute(span, "db.query.text").is_some_and(|statement| statement.contains(text));
    spans.iter().find(is_it).unwrap_or_else(|| panic!("{name} {text}: {spans:#?}"))
}

fn assert_well_named(spans: &[Span], method: &str, system: &str) {
    let server = spans.iter().find(|span| span.kind == SERVER).expect("the call");
    assert_eq!((server.name.as_str(), server.parent_span_id.as_slice()), (method, PARENT.as_slice()));
    let told = ["rpc.system", "rpc.service", "rpc.grpc.status_code"].map(|name| attribute(server, name).unwrap_or_default());
    assert_eq!(told, ["grpc", "modelregistry.v1.ModelService", "0"]);
    for statement in spans.iter().filter(|span| attribute(span, "db.query.text").is_some()) {
        assert_eq!(attribute(statement, "db.system.name").as_deref(), Some(system));
        assert_eq!(statement.kind, CLIENT);
    }
}

on_every_database! {
    /// From the caller's span down to the statements, for a read and for a write, which is done by another task; and nothing of what
    /// was sent is in any of it.
    async fn a_trace_goes_from_the_caller_to_the_statements(database: Database) {
        let (collector, directory, fresh) = (Collector::start().await, tempfile::tempdir().unwrap(), database.fresh().await);
        let server = sending_to(&collector, directory.path()).env("REGISTRY_DATABASE_URL", &fresh.url()).start().await.unwrap();
        let mut models = models(&server).await;
        let model = pb::Model {
            name: CANARY.into(),
            storage_path: format!("s3://{CANARY}"),
            tags: vec![CANARY.into()],
            labels: [(CANARY.to_owned(), CANARY.to_owned())].into(),
            description: Some(CANARY.into()),
            ..pb::Model::default()
        };
        let create = pb::CreateModelRequest { model: Some(model), ..pb::CreateModelRequest::default() };
        models.create_model(traced(create, 1)).await.unwrap();
        let model_ref = Some(registry_client::ModelRef::by_name(CANARY).into());
        models.get_model(traced(pb::GetModelRequest { model_ref, ..pb::GetModelRequest::default() }, 2)).await.unwrap();
        let ended = |spans: &[Span]| spans.iter().any(|span| span.kind == SERVER);
        let write = collector.until(&trace_id(1), "the write", ended).await;
        let read = collector.until(&trace_id(2), "the read", ended).await;
        let system = match database {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgresql",
        };
        assert_well_named(&write, "modelregistry.v1.ModelService/CreateModel", system);
        assert_well_named(&read, "modelregistry.v1.ModelService/GetModel", system);
        assert_eq!(ancestors(&read, statement(&read, "SELECT", "models")), ["modelregistry.v1.ModelService/GetModel"]);
        let above = ["write", "modelregistry.v1.ModelService/CreateModel"];
        assert_eq!(ancestors(&write, statement(&write, "INSERT", "models"))[..], above);
        let in_batch: Vec<&str> = ["batch"].into_iter().chain(above).collect();
        assert_eq!(ancestors(&write, statement(&write, "INSERT", "events"))[..], in_batch);
        let commit = write.iter().find(|span| span.name == "commit").expect("the commit");
        assert_eq!(ancestors(&write, commit)[..], in_batch);
        let everything = format!("{:?}", collector.requests().iter().map(|(_, request)| request).collect::<Vec<_>>());
        assert!(everything.contains("registry-server") && !everything.to_lowercase().contains(CANARY), "{everything}");
        let (metadata, _) = &collector.requests()[0];
        assert_eq!(metadata.get("x-collector-key").unwrap(), "c4n4ry-of-the-collector");
        let log = server.stop().await.log;
        assert!(!log.contains("c4n4ry-of-the-collector") && !log.contains(&collector.endpoint()), "{log}");
    }
}

/// What a server that stops has not sent yet, it sends then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_is_sent_at_the_end() {
    let (collector, directory) = (Collector::start().await, tempfile::tempdir().unwrap());
    let server = sending_to(&collector, directory.path()).env("OTEL_BSP_SCHEDULE_DELAY", "3600000").start().await.unwrap();
    models(&server).await.list_models(traced(pb::ListModelsRequest::default(), 3)).await.unwrap();
    assert!(collector.requests().is_empty());
    assert!(server.stop().await.status.success());
    assert!(collector.spans(&trace_id(3)).iter().any(|span| span.kind == SERVER));
}

/// A collector that is not there costs one line of the log, in which it is not named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_costs_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let binary = Binary::on_free_port(directory.path()).env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("http://{nobody}"));
    let server = binary.env("OTEL_BSP_SCHEDULE_DELAY", "20").start().await.unwrap();
    models(&server).await.list_models(traced(pb::ListModelsRequest::default(), 4)).await.unwrap();
    let said = async || server.log_so_far().contains("could not be delivered to the collector").then_some(());
    wait::until("it is said", SOON, said).await;
    models(&server).await.list_models(traced(pb::ListModelsRequest::default(), 4)).await.unwrap();
    let log = server.stop().await.log;
    assert!(!log.contains(&nobody.to_string()), "{log}");
    assert_eq!(log.matches("could not be delivered to the collector: they are dropped").count(), 1, "{log}");
}

/// Traces are off unless there is an endpoint, and can be switched off; what cannot be spoken leaves the server without traces, and is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standard_variables_say_whether_and_how() {
    let (collector, directory) = (Collector::start().await, tempfile::tempdir().unwrap());
    let off = sending_to(&collector, directory.path()).env("OTEL_SDK_DISABLED", "true").start().await.unwrap();
    models(&off).await.list_models(traced(pb::ListModelsRequest::default(), 5)).await.unwrap();
    off.stop().await;
    let unsampled = sending_to(&collector, directory.path()).env("OTEL_TRACES_SAMPLER", "always_off").start().await.unwrap();
    models(&unsampled).await.list_models(traced(pb::ListModelsRequest::default(), 6)).await.unwrap();
    unsampled.stop().await;
    assert!(collector.requests().is_empty());
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "c4n4ry:4317"),
    ] {
        let untraced = sending_to(&collector, directory.path()).env(variable, value).start().await.unwrap();
        models(&untraced).await.list_models(traced(pb::ListModelsRequest::default(), 7)).await.unwrap();
        let log = untraced.stop().await.log;
        assert!(log.contains(&format!("{variable}: there are no traces")) && !log.contains(CANARY), "{log}");
    }
    assert!(collector.requests().is_empty());
}

/// Where the server tells of its metrics, as soon as the log has arrived.
async fn admin_of(server: &Running) -> SocketAddr {
    let named = async || {
        let log = server.log_so_far();
        log.split_once("admin=")?.1.split_once(' ')?.0.parse().ok()
    };
    wait::until("the log names the address", SOON, named).await
}

/// Spans that find no place in the queue are counted, and told once, as soon as the queue moves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_that_find_no_place_are_told() {
    let directory = tempfile::tempdir().unwrap();
    // It takes connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let binary = Binary::on_free_port(directory.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", silent.local_addr().unwrap()))
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "2");
    let server = binary.start().await.unwrap();
    let admin = admin_of(&server).await;
    // The server may have written something by itself.
    let before = scrape(admin).await.value("registry_trace_spans_dropped_total");
    let mut models = models(&server).await;
    for _ in 0..10 {
        models.list_models(traced(pb::ListModelsRequest::default(), 8)).await.unwrap();
    }
    assert!(scrape(admin).await.value("registry_trace_spans_dropped_total") - before >= 10.0);
    let said = async || server.log_so_far().contains("more spans end than the collector takes").then_some(());
    wait::until("it is said", SOON, said).await;
    assert!(server.stop().await.status.success());
}

/// A stream has the trace of its call, and nothing of what wakes it: that has no end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_wakes_a_stream_is_not_in_its_trace() {
    let (collector, directory) = (Collector::start().await, tempfile::tempdir().unwrap());
    let server = sending_to(&collector, directory.path()).start().await.unwrap();
    let client = server.client().await;
    let mut watching = WatchServiceClient::new(client.raw_channel());
    let mut stream = watching.watch(traced(pb::WatchRequest::default(), 9)).await.unwrap().into_inner();
    stream.message().await.unwrap().expect("where it begins");
    for number in 0..20 {
        client.create_model(format!("m-{number}"), "s3://m").send().await.unwrap();
        let told = stream.message().await.unwrap().expect("news").message;
        assert!(matches!(told, Some(pb::watch_response::Message::Events(_))), "{told:?}");
    }
    drop(stream);
    let ended = |spans: &[Span]| spans.iter().any(|span| span.kind == SERVER);
    collector.until(&trace_id(9), "the call", ended).await;
    server.stop().await;
    // What its beginning reads, and the call itself: each of the twenty would have had two of its own.
    let spans = collector.spans(&trace_id(9));
    assert!((2..20).contains(&spans.len()), "{}: {spans:#?}", spans.len());
}

/// A second signal ends a server that is delivering its last traces.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_waits_for_no_traces() {
    let directory = tempfile::tempdir().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let binary = Binary::on_free_port(directory.path()).env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
    let server = binary.env("OTEL_BSP_SCHEDULE_DELAY", "3600000").start().await.unwrap();
    models(&server).await.list_models(traced(pb::ListModelsRequest::default(), 10)).await.unwrap();
    server.signal(ProcessSignal::TERM);
    wait::until("it stops", SOON, async || server.log_so_far().contains("stopping").then_some(())).await;
    let log = server.stop().await.log;
    assert!(log.contains("a second signal: stopping at once") && !log.contains("the last traces"), "{log}");
}

//! Requests that are larger in memory than on the wire: without a key they cost nothing, and with one no more than there is
//! room for.

use bytes::Bytes;
use futures::future::join_all;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use registry_client::pb::{BatchCreateReleasesRequest, CreateModelRequest, CreateReleaseRequest, Model, Release};
use registry_client::{Code, ModelRef};
use registry_tests::binary::{Binary, Running};
use registry_tests::keys::ADMIN;
use registry_tests::{given, memory, raw};
use std::collections::BTreeMap;
use tempfile::tempdir;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

const MIB: u64 = 1024;
const CREATE: &str = "/modelregistry.v1.ModelService/CreateModel";
const RELEASES: &str = "/modelregistry.v1.ReleaseService/BatchCreateReleases";
/// How many connections.
const CONNECTIONS: usize = 4;
/// How many calls on each: without a key, and with one. These are more than there is room for, and not so many that a server
/// with all its checks built in needs longer for them than a call may take.
const STREAMS: usize = 50;
const DECODED: usize = 12;

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

/// A document that is a list of one thing, again and again, as often as it fits into these many bytes.
fn full_of(thing: &Value, bytes: usize) -> Struct {
    let count = bytes / (prost::Message::encoded_len(thing) + 2);
    let list = ListValue { values: vec![thing.clone(); count] };
    Struct { fields: [("k".to_owned(), value(Kind::ListValue(list)))].into() }
}

/// Four bytes on the wire, and 32 in memory.
fn empty_list() -> Value {
    value(Kind::ListValue(ListValue::default()))
}

/// Six bytes on the wire, and more than 600 in memory: a map has room for eleven from the start.
fn object(member: Value) -> Value {
    value(Kind::StructValue(Struct { fields: [(String::new(), member)].into() }))
}

/// A request with a document, as large as a request may be.
fn create(thing: &Value) -> Bytes {
    let model = Model {
        name: "m".into(),
        storage_path: "/m".into(),
        metadata: Some(full_of(thing, 512 * 1024 - 64)),
        ..Model::default()
    };
    let request = raw::framed(&CreateModelRequest { model: Some(model), ..Default::default() });
    assert!((500 * 1024..=512 * 1024).contains(&request.len()), "{}", request.len());
    request
}

/// Everything at once; how often which code was answered.
async fn flood(server: &Running, path: &str, key: Option<&str>, body: &Bytes) -> BTreeMap<String, usize> {
    let calls = join_all((0..CONNECTIONS).map(|_| connection(server, path, key, body))).await;
    let mut told = BTreeMap::new();
    for code in calls.into_iter().flatten() {
        *told.entry(format!("{code:?}")).or_default() += 1;
    }
    told
}

async fn connection(server: &Running, path: &str, key: Option<&str>, body: &Bytes) -> Vec<Code> {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let calls = (0..key.map_or(STREAMS, |_| DECODED)).map(|_| {
        let request = Request::post(format!("{}{path}", server.endpoint())).header("content-type", "application/grpc");
        let request = key.into_iter().fold(request, |request, key| request.header("x-api-key", key));
        let (mut sender, request) = (sender.clone(), request.body(Full::new(body.clone())).unwrap());
        async move {
            let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
            let trailers = body.collect().await.ok().and_then(|body| body.trailers().cloned()).unwrap_or_default();
            Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&parts.headers)).unwrap().code()
        }
    });
    join_all(calls).await
}

/// A server with the limits that people get who say nothing.
async fn server(directory: &std::path::Path) -> Running {
    let args = ["--max-failed-authentications=10", "--max-calls-per-second=1000"];
    let server = Binary::on_free_port(directory).args(args).start().await.unwrap();
    let client = server.client().await;
    client.create_model("iris", "/iris").send().await.unwrap();
    for number in 0..20 {
        client.create_release("iris", number.to_string()).digest(given::digest(1)).send().await.unwrap();
    }
    server
}

/// By how much memory grew at the most while something was done, in KiB.
async fn growth<T>(server: &Running, doing: impl Future<Output = T>) -> (u64, T) {
    memory::forget(server.pid());
    let before = memory::now(server.pid());
    let done = doing.await;
    (memory::most(server.pid()).saturating_sub(before), done)
}

/// Two hundred of them, without a key: each is refused, and nothing of its message is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_a_message_costs_nothing() {
    let directory = tempdir().unwrap();
    let server = server(directory.path()).await;
    for thing in [empty_list(), object(Value::default())] {
        let body = create(&thing);
        let (grew, told) = growth(&server, flood(&server, CREATE, None, &body)).await;
        println!("without a key: {grew} KiB, {told:?}");
        assert_eq!(
            told.get("Unauthenticated").copied().unwrap_or(0) + told.get("ResourceExhausted").copied().unwrap_or(0),
            CONNECTIONS * STREAMS
        );
        assert!(told.contains_key("ResourceExhausted"), "{told:?}");
        assert!(grew <= 16 * MIB, "{grew} KiB");
    }
    server.stop().await;
}

/// With a key: what has come of them has room for 4 MiB, in buffers that may be twice as large, besides what HTTP/2 has in its
/// hands, 1 MiB for each connection, and 16 MiB for whatever else. Those that are refused are decoded, looked at and thrown
/// away without a pause: there are no more of them in memory than the server has threads, and 87,000 objects of one member,
/// of 640 bytes and 32 in the list, are 60 MB. Those that are not wait for the writer, 80 times as large as
/// on the wire, and have an answer of the same size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_key_a_message_costs_what_there_is_room_for() {
    let threads = std::thread::available_parallelism().unwrap().get() as u64;
    let others = 2 * 4 + 4 + 16;
    let (most, most_waiting) = ((others + threads * 64) * MIB, (others + 2 * 4 * 80) * MIB);
    let directory = tempdir().unwrap();
    let server = server(directory.path()).await;
    for thing in [empty_list(), object(Value::default())] {
        let body = create(&thing);
        let (grew, told) = growth(&server, flood(&server, CREATE, Some(ADMIN), &body)).await;
        println!("with a key: {grew} KiB of {most}, {told:?}");
        assert!(told.keys().all(|code| ["InvalidArgument", "ResourceExhausted"].contains(&code.as_str())), "{told:?}");
        assert!(told.contains_key("InvalidArgument"), "{told:?}");
        assert!(grew <= most, "{grew} KiB are more than {most}");
    }
    // And documents that are as they must be, seven of them in a request.
    let metadata = full_of(&object(value(Kind::NullValue(0))), 64 * 1024 - 64);
    let release = |number: usize| CreateReleaseRequest {
        model_ref: Some(ModelRef::by_name("iris").into()),
        release: Some(Release {
            version: format!("9.{number}"),
            digest: Some(given::digest(1)),
            metadata: Some(metadata.clone()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let batch = BatchCreateReleasesRequest { validate_only: true, requests: (0..7).map(release).collect(), ..Default::default() };
    let (grew, told) = growth(&server, flood(&server, RELEASES, Some(ADMIN), &raw::framed(&batch))).await;
    println!("as they must be: {grew} KiB of {most_waiting}, {told:?}");
    assert!(told.contains_key("Ok"), "{told:?}");
    assert!(grew <= most_waiting, "{grew} KiB are more than {most_waiting}");
    server.stop().await;
}

//! Watchers that never read: they cost the server no memory, and nobody else any time.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use registry_client::pb::WatchRequest;
use registry_client::{Client, EventFilter};
use registry_tests::binary::{Binary, Running};
use registry_tests::raw::framed;
use registry_tests::watching::{Watcher, after, listed, places, watch};
use registry_tests::{given, on_every_database};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// How many events there are to read.
const EVENTS: usize = 20_000;
/// How many batches of 250 those are.
const BATCHES: usize = EVENTS / 250;
/// How much memory the server may need for the unread streams and for the writes of the meantime. One message of 256
/// events has 80 kB, and with what HTTP/2 has in its hands each stream may hold two of them: 8 MB for fifty. All events
/// have 6 MB, so that fifty streams that kept them would hold 300 MB.
const MOST: u64 = 64 * 1024;

/// The memory of a process that is in use, in KiB.
fn memory(server: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the status of the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A stream on a connection of its own, whose window is shut: not a byte of an answer may be sent.
struct Shut {
    _answer: Incoming,
    _sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Shut {
    async fn open(server: &Running) -> Self {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let mut http2 = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let (mut sender, connection) = http2.initial_stream_window_size(0).handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::post(format!("{}/modelregistry.v1.WatchService/Watch", server.endpoint()))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", format!("Bearer {}", registry_tests::keys::ADMIN))
            .body(Full::new(framed(&after(0))))
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert!(answer.status().is_success() && answer.headers().get("grpc-status").is_none(), "{answer:?}");
        Self { _answer: answer.into_body(), _sender: sender, connection }
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// A stream of a client that reads the first message and no other.
async fn idle(server: &Running) -> Watcher {
    let client = registry_tests::keys::admin(server.endpoint()).connect().await.unwrap();
    watch(&client, WatchRequest { include_resource: true, ..after(0) }).await
}

async fn write(client: &Client, prefix: &str, batches: usize) {
    for number in 0..batches {
        let release = |one| client.create_release("iris", format!("{prefix}.{number}.{one}")).digest(given::digest(1));
        client.batch_create_releases((0..250).map(release)).send().await.unwrap();
    }
}

on_every_database! {
    /// Fifty of them, and one that reads: it gets everything, and the server grows by no more than a little.
    async fn who_never_reads_costs_nothing(database: Database) {
        let fresh = database.fresh().await;
        let directory = tempfile::tempdir().unwrap();
        let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &fresh.url());
        let server = server.start().await.unwrap();
        let client = server.client().await;
        client.create_model("iris", "s3://models/iris/").send().await.unwrap();
        // What the server needs in any case, it has taken by then.
        write(&client, "warm", 8).await;
        let mut reader = watch(&client, after(0)).await;
        let before = memory(&server);
        let (mut shut, mut unread) = (Vec::new(), Vec::new());
        for _ in 0..25 {
            shut.push(Shut::open(&server).await);
            unread.push(idle(&server).await);
        }
        write(&client, "more", BATCHES).await;
        let current = client.server_info().send().await.unwrap().current_revision;
        let seen = reader.through(current).await;
        let now = memory(&server);
        println!("{before} KiB before, {now} KiB after, {} events read", seen.len());
        assert_eq!(seen.len(), 1 + 8 * 250 + EVENTS);
        assert_eq!(places(&seen), places(&listed(&client, 0, &EventFilter::default()).await));
        assert!(now < before + MOST, "from {before} to {now} KiB");
        // They were not given up: who reads in the end gets everything.
        let late = unread.pop().unwrap().through(current).await;
        assert_eq!(places(&late), places(&seen));
        assert!(shut.iter().all(|shut| !shut.connection.is_finished()), "a stream was given up");
        drop((shut, unread));
        let exited = server.stop().await;
        assert!(exited.status.success(), "{exited:?}");
    }
}

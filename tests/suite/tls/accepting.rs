//! Connections that come to nothing: given up in time, and dropped at once when the server stops.

use super::{PATIENCE, Secure, until_closed};
use registry_server::serve::Settings;
use registry_tests::frames::PREFACE;
use registry_tests::tls::VERSIONS;
use registry_tests::{Database, Harness};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};

/// How long a handshake may take here; far less than the 10 s that it may otherwise.
const HANDSHAKE: Duration = Duration::from_millis(500);
/// How much later than that a slow machine may be.
const SLACK: Duration = Duration::from_secs(5);

/// The first bytes of a TLS hello that promises 256.
const HALF_A_HELLO: &[u8] = &[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3];

fn impatient(settings: &mut Settings) {
    settings.limits.handshake = HANDSHAKE;
}

async fn saying(bytes: &[u8], address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Closed by the server when its patience ends, and not before.
async fn given_up(what: &str, began: Instant, stream: &mut (impl AsyncRead + Unpin)) {
    drop(until_closed(stream).await);
    let took = began.elapsed();
    assert!(took >= HANDSHAKE && took < HANDSHAKE + SLACK, "{what}: {took:?}");
}

/// Silence, half a preface, half a hello: all are given up in time, with TLS and without.
#[tokio::test]
async fn a_connection_that_does_not_begin_is_given_up() {
    let plain = Harness::with(Database::Sqlite, impatient).await;
    let secure = Secure::with(|_, settings| impatient(settings)).await;
    for (what, bytes, address) in [
        ("silence", b"".as_slice(), plain.address()),
        ("half a preface", &PREFACE[..10], plain.address()),
        ("silence with TLS", b"", secure.address()),
        ("half a hello", HALF_A_HELLO, secure.address()),
    ] {
        let began = Instant::now();
        let mut stream = saying(bytes, address).await;
        given_up(what, began, &mut stream).await;
    }
    plain.stop().await;
    secure.server.stop().await;
}

/// Sends a byte now and then until the server has had enough.
async fn trickle(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    let mut now = interval(HANDSHAKE / 10);
    for byte in bytes {
        now.tick().await;
        if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// It is one time for all of it: neither another byte nor a finished TLS handshake begins it anew.
#[tokio::test]
async fn progress_does_not_buy_time() {
    let plain = Harness::with(Database::Sqlite, impatient).await;
    let secure = Secure::with(|_, settings| impatient(settings)).await;
    for (bytes, address) in [(PREFACE.as_slice(), plain.address()), (&[HALF_A_HELLO, &[0; 20]].concat(), secure.address())] {
        let began = Instant::now();
        let (mut from, mut to) = saying(b"", address).await.into_split();
        let slowly = bytes.to_vec();
        let trickling = tokio::spawn(async move { trickle(&mut to, &slowly).await });
        given_up("a trickle", began, &mut from).await;
        trickling.abort();
    }
    for version in VERSIONS {
        let mut hello = secure.hello();
        hello.version = version;
        let began = Instant::now();
        let mut stream = hello.connect(secure.address()).await.unwrap();
        stream.write_all(&PREFACE[..10]).await.unwrap();
        given_up("half a preface after the handshake", began, &mut stream).await;
    }
    plain.stop().await;
    secure.server.stop().await;
}

/// When the server stops, nobody waits for a connection that has not begun, however long the grace period is.
#[tokio::test]
async fn what_has_not_begun_does_not_hold_up_the_end() {
    let patient = |settings: &mut Settings| {
        settings.limits.handshake = Duration::from_secs(600);
        settings.grace = Duration::from_secs(600);
    };
    let secure = Secure::with(|_, settings| patient(settings)).await;
    let client = secure.client(secure.tls()).await.unwrap();
    client.server_info().send().await.unwrap();
    let _open = (
        saying(b"", secure.address()).await,
        saying(HALF_A_HELLO, secure.address()).await,
        secure.hello().connect(secure.address()).await.unwrap(),
    );
    timeout(PATIENCE, secure.server.stop()).await.expect("a server that stops");
    client.server_info().send().await.expect_err("the server is gone");
}

/// A call over TLS that has begun gets the grace period, like any other.
#[tokio::test]
async fn a_call_over_tls_is_answered_before_the_end() {
    let secure = Secure::start().await;
    let client = secure.client(secure.tls()).await.unwrap();
    let address = secure.address();
    let writing = tokio::spawn(async move {
        let mut written = 0_usize;
        loop {
            match client.create_model(format!("model-{written}"), "s3://models/").send().await {
                Ok(_) => written += 1,
                Err(error) => return (written, error),
            }
        }
    });
    let watching = secure.client(secure.tls()).await.unwrap();
    registry_tests::wait::until("calls", PATIENCE, async || watching.get_model("model-3").send().await.ok()).await;
    timeout(PATIENCE, secure.server.stop()).await.expect("a server that stops");
    let (written, error) = writing.await.unwrap();
    assert!(written > 3 && !error.outcome_unknown(), "{address}: {written} were answered, then: {error}");
}

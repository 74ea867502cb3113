//! How many connections there may be: one more is closed at once, is no harm to the others, and is no line in the log.

use super::{GREETING, PATIENCE, Secure, until_closed};
use clap::Parser;
use registry_client::RetryPolicy;
use registry_server::config::Config;
use registry_server::listener::{Limits, network};
use registry_tests::binary::Binary;
use registry_tests::frames::Frames;
use registry_tests::{Database, Harness, wait};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tempfile::tempdir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// A connection from this address of the machine.
async fn from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::from(address), 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

async fn works(registry: &Harness) -> Option<()> {
    let client = registry_tests::keys::admin(registry.endpoint()).retry(RetryPolicy::none()).connect_lazy().unwrap();
    client.server_info().send().await.ok().map(drop)
}

/// Whether a connection is refused: closed without a word.
async fn is_closed(mut stream: TcpStream) {
    assert_eq!(until_closed(&mut stream).await.0, b"", "it is closed before anything is said");
}

/// Whether a connection is served: the server answers with settings of its own.
async fn is_greeted(mut stream: TcpStream) {
    stream.write_all(GREETING).await.unwrap();
    let mut head = [0; 9];
    timeout(PATIENCE, stream.read_exact(&mut head)).await.expect("a frame in time").expect("a connection that is open");
    assert_eq!(head[3], 4, "settings come first: {head:?}");
}

/// Over the limit in all, a new connection is closed; the others go on, and a place that is left can be taken.
#[tokio::test]
async fn connections_are_limited() {
    let registry = Harness::with(Database::Sqlite, |settings| settings.limits.connections = 3).await; // its client has one
    let to = registry.address();
    let (one, two) = (from([127, 0, 0, 1], to).await, from([127, 0, 0, 2], to).await);
    for address in [[127, 0, 0, 1], [127, 0, 0, 3]] {
        is_closed(from(address, to).await).await;
    }
    assert_eq!(works(&registry).await, None);
    registry.client.server_info().send().await.unwrap();
    drop(one);
    wait::until("a place", PATIENCE, || works(&registry)).await;
    drop(two);
    registry.stop().await;
}

/// One address does not take the places of the others.
#[tokio::test]
async fn connections_from_one_address_are_limited() {
    let registry = Harness::with(Database::Sqlite, |settings| settings.limits.connections_per_address = 2).await;
    let to = registry.address();
    let held = from([127, 0, 0, 1], to).await; // and the client of the test is the other one
    let elsewhere = [from([127, 0, 0, 2], to).await, from([127, 0, 0, 2], to).await];
    for address in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        is_closed(from(address, to).await).await;
    }
    is_greeted(from([127, 0, 0, 3], to).await).await;
    registry.client.server_info().send().await.unwrap();
    drop(held);
    wait::until("a place", PATIENCE, || works(&registry)).await;
    drop(elsewhere);
    registry.stop().await;
}

/// The place of a connection that came to nothing is free again: a handshake that fails, a preface that is none.
#[tokio::test]
async fn a_failed_connection_leaves_its_place() {
    let secure = Secure::with(|_, settings| settings.limits.connections = 1).await;
    for _ in 0..5 {
        let mut hello = secure.hello();
        hello.protocols = vec![b"http/1.1"];
        wait::until("a place for a handshake", PATIENCE, async || {
            let error = hello.connect(secure.address()).await.unwrap_err();
            error.to_string().contains("NoApplicationProtocol").then_some(())
        })
        .await;
    }
    wait::until("a place for a client", PATIENCE, async || {
        secure.client(secure.tls()).await.ok()?.server_info().send().await.ok()
    })
    .await;
    secure.server.stop().await;
}

/// A flood becomes two lines: that it has begun, and ten seconds later how much it was.
#[tokio::test]
async fn refusals_are_counted_in_the_log() {
    const REFUSED: u64 = 50;
    let directory = tempdir().unwrap();
    let args = ["--log-format", "json", "--max-connections-per-address", "1"];
    let server = Binary::on_free_port(directory.path()).args(args).start().await.unwrap();
    let held = TcpStream::connect(server.address()).await.unwrap();
    for _ in 0..REFUSED {
        is_closed(TcpStream::connect(server.address()).await.unwrap()).await;
    }
    let counted = |log: &str| {
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let lines = lines.filter(|line| line["limit"] == "--max-connections-per-address");
        lines.map(|line| line["times"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let lines = wait::until("all are counted", PATIENCE, async || {
        Some(counted(&server.log_so_far())).filter(|lines| lines.iter().sum::<u64>() == REFUSED)
    });
    assert!(lines.await.len() <= 3);
    drop(held);
    server.stop().await;
}

/// Out of descriptors, the server neither spins nor floods its log, and goes on when there are some again.
#[tokio::test]
async fn no_descriptors_are_no_reason_to_spin() {
    let directory = tempdir().unwrap();
    let args = ["--log-format", "json", "--max-connections-per-address", "1000"];
    let server = Binary::with_descriptors(directory.path(), 100).args(args).start().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..120 {
        held.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let failed = |log: &str| {
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines.filter(|line| line["message"] == "connections could not be accepted").collect::<Vec<_>>()
    };
    let lines =
        wait::until("a second line", PATIENCE, async || Some(failed(&server.log_so_far())).filter(|lines| lines.len() == 2))
            .await;
    let times = lines[1]["times"].as_u64().unwrap();
    assert!((2..=10_000 / 50 + 1).contains(&times), "in ten seconds it was tried {times} times");
    held.clear();
    wait::until("a descriptor", PATIENCE, async || {
        let client = registry_tests::keys::admin(server.endpoint()).retry(RetryPolicy::none()).connect_lazy().unwrap();
        client.create_model("iris", "s3://models/").timeout(Duration::from_secs(2)).send().await.ok()
    })
    .await;
    assert_eq!(failed(&server.stop().await.log).len(), 2);
}

/// What is one caller: an IPv4 address however it is written, and a whole network of IPv6.
#[test]
fn ipv6_is_counted_by_network() {
    for (address, counted) in [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
        ("2001:db8:1:3::", "2001:db8:1:3::"),
        ("::1", "::"),
    ] {
        assert_eq!(network(address.parse().unwrap()), counted.parse::<IpAddr>().unwrap(), "{address}");
    }
}

/// The limits that people get who say nothing, and who say something.
#[test]
fn the_limits_are_told_by_flags() {
    let limits = |args: &[&str]| Config::parse_from(["registry-server"].iter().chain(args)).settings().unwrap().limits;
    let usual = Limits { connections: 1000, connections_per_address: 100, handshake: Duration::from_secs(10), streams: 100 };
    assert_eq!(limits(&[]), usual);
    let told = limits(&["--max-connections", "7", "--max-connections-per-address", "3"]);
    assert_eq!(told, Limits { connections: 7, connections_per_address: 3, ..usual });
    for flag in ["--max-connections", "--max-connections-per-address"] {
        for wrong in ["0", "-1", "many"] {
            assert!(Config::try_parse_from(["registry-server", &format!("{flag}={wrong}")]).is_err(), "{flag} {wrong}");
        }
    }
}

/// More calls at once than a connection carries wait at the client, and all are answered.
#[tokio::test]
async fn streams_are_limited() {
    let registry = Harness::with(Database::Sqlite, |settings| settings.limits.streams = 2).await;
    let settings = Frames::connect(registry.address()).await.settings().await;
    assert_eq!(settings.get(&3), Some(&2), "MAX_CONCURRENT_STREAMS: {settings:?}");
    let calls = (0..20).map(|_| registry.client.server_info().send());
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    registry.stop().await;
}

//! The log: one line for each event, which nobody else can write into.

use registry_client::pb;
use registry_tests::binary::{Binary, Running};
use registry_tests::frames::{Frames, Outcome};
use serde_json::Value;
use std::path::Path;
use tempfile::tempdir;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

async fn server(directory: &Path, format: &str, level: &str) -> Running {
    Binary::on_free_port(directory).args(["--log-format", format, "--log", level]).start().await.unwrap()
}

fn parsed(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    lines.collect()
}

/// What callers write into names, headers and paths does not break a line of the log.
#[tokio::test]
async fn every_line_of_a_json_log_is_json() {
    let directory = tempdir().unwrap();
    let server = server(directory.path(), "json", "debug,registry_server=trace").await;
    let client = server.client().await;
    for name in ["iris", "a\nb", "a\"}\n{\"level\":\"ERROR\"}", "\u{1b}[31mred", "\u{2028}"] {
        let _ = client.create_model(name, "s3://models/\r\n{}").send().await; // some are refused, all are logged
    }
    for path in [b"/x\"}\n{\"level\":\"ERROR\"}/y".as_slice(), b"/\x1b[31m/red", b"\xff\xfe"] {
        Frames::connect(server.address()).await.request(path, &[(b"user-agent", b"a\r\nlevel=ERROR")], b"").await;
    }
    drop(client);
    let log = server.stop().await.log;
    let lines = parsed(&log);
    assert!(
        lines.iter().any(|line| line["level"] == "DEBUG") && lines.iter().any(|line| line["code"] == "InvalidArgument"),
        "{log}"
    );
    assert!(!lines.iter().any(|line| line["level"] == "ERROR"), "{log}");
}

/// A request id that could forge a line of the log, or flood it, is replaced; any other is kept.
#[tokio::test]
async fn request_ids_cannot_forge_the_log() {
    let directory = tempdir().unwrap();
    let server = server(directory.path(), "json", "info").await;
    let (body, method) = ([0; 5], b"/modelregistry.v1.SystemService/GetServerInfo");
    let bad: [&[u8]; 7] =
        [b"forged\nline", b"forged\r\n", b"forged\x1b[31m", b"forged id", &[b'x'; 65], b"", "forged-ü".as_bytes()];
    let mut answered = 0;
    for id in bad {
        let outcome = Frames::connect(server.address()).await.request(method, &[(b"x-request-id", id)], &body).await;
        answered += usize::from(outcome == Outcome::Answered); // HTTP/2 itself refuses some
    }
    assert!(answered >= 3, "only {answered} of these requests came through");
    let good = [b'x'; 64];
    assert_eq!(
        Frames::connect(server.address()).await.request(method, &[(b"x-request-id", &good)], &body).await,
        Outcome::Answered
    );
    let client = server.client().await;
    let answer = client.call(pb::GetServerInfoRequest {}).correlation_id("My.own_id-1").send_with_meta().await.unwrap();
    assert_eq!(answer.request_id.as_deref(), Some("My.own_id-1"));
    let answer = client.call(pb::GetServerInfoRequest {}).correlation_id("not mine").send_with_meta().await.unwrap();
    let replaced = answer.request_id.expect("every answer has a request id");
    assert_eq!(uuid::Uuid::parse_str(&replaced).unwrap().get_version_num(), 7);
    drop(client);
    let log = server.stop().await.log;
    let ids: Vec<String> =
        parsed(&log).iter().filter_map(|line| line["span"]["request_id"].as_str().map(str::to_owned)).collect();
    assert_eq!(ids.len(), answered + 3, "{log}");
    assert!(ids.contains(&"My.own_id-1".to_owned()) && ids.contains(&replaced) && ids.contains(&"x".repeat(64)), "{ids:?}");
    for id in ids.iter().filter(|id| !["My.own_id-1", &"x".repeat(64)].contains(&id.as_str())) {
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{id} is not one that the server made");
    }
}

/// Nobody who reads a file or a collector wants escape sequences.
#[tokio::test]
async fn a_log_that_is_no_terminal_has_no_colours() {
    let directory = tempdir().unwrap();
    for format in ["text", "json"] {
        let log = server(directory.path(), format, "debug").await.stop().await.log;
        assert!(log.contains("serving") && !log.contains('\u{1b}'), "{log:?}");
    }
}

/// Probes call every few seconds; what they do is logged at DEBUG, under their own name.
#[tokio::test]
async fn probes_do_not_bury_the_calls() {
    let directory = tempdir().unwrap();
    for (level, expected) in [("info", 0), ("debug", 1)] {
        let server = server(directory.path(), "json", level).await;
        let client = server.client().await;
        HealthClient::new(client.raw_channel()).check(HealthCheckRequest { service: String::new() }).await.unwrap();
        client.call(pb::GetServerInfoRequest {}).send().await.unwrap();
        drop(client);
        let lines = parsed(&server.stop().await.log);
        let calls =
            |method: &str| lines.iter().filter(|line| line["message"] == "call" && line["span"]["method"] == method).count();
        assert_eq!(calls("grpc.health.v1.Health"), expected);
        assert_eq!(calls("/modelregistry.v1.SystemService/GetServerInfo"), 1);
    }
}

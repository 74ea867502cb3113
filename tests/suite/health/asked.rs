//! What is answered over HTTP, and how little it takes to ask.

use super::{SOON, WELL, document};
use registry_tests::http::ask;
use registry_tests::{Harness, conformance, wait};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many connections there are, and how long one may take for its request.
const CONNECTIONS: usize = 32;
const HEAD: Duration = Duration::from_secs(5);

conformance! {
    /// The document is the documented one; nothing else is there, and nothing else can be done.
    async fn health_is_a_document(registry: &Harness) {
        let admin = registry.admin_address();
        let answer = ask(admin, "GET", "/health", "").await.unwrap();
        assert_eq!((answer.status, serde_json::from_str(&answer.body).unwrap()), WELL.document());
        assert!(answer.head.contains("content-type: application/json") && answer.head.contains("no-store"), "{answer:?}");
        let head = ask(admin, "HEAD", "/health", "").await.unwrap();
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(ask(admin, "GET", "/health?verbose=1", "").await.unwrap().status, 200);
        for path in ["/", "/healthz", "/health/", "/health/..", "/Health", "//health"] {
            assert_eq!(ask(admin, "GET", path, "").await.unwrap().status, 404, "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            assert_eq!(ask(admin, method, "/health", "{}").await.unwrap().status, 405, "{method}");
        }
        assert_eq!(ask(registry.address(), "GET", "/health", "").await.map(|answer| answer.status), None, "only there");
    }
}

/// As soon as the server is about to leave, health says so, while everything else is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_unhealthy() {
    let registry = Harness::start(registry_tests::Database::Sqlite).await;
    assert_eq!(document(registry.admin_address()).await.unwrap(), WELL.document());
    registry.leave().await;
    let (status, document) = wait::until("it leaves", SOON, async || {
        let told = document(registry.admin_address()).await?;
        (told.0 != 200).then_some(told)
    })
    .await;
    assert_eq!((status, document["status"].as_str()), (503, Some("unhealthy")));
    assert_eq!(document["components"]["database"], "healthy");
    registry.client.list_models().send().await.unwrap();
}

/// Who asks slowly has his connection closed; so many of them are all that fit, and when they are gone others are answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_slowly_is_not_waited_for() {
    let registry = Harness::start(registry_tests::Database::Sqlite).await;
    let admin = registry.admin_address();
    let mut slow = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(admin).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nx-slow: ").await.unwrap();
        slow.push(stream);
    }
    wait::until("there is no place", SOON, async || document(admin).await.is_none().then_some(())).await;
    wait::until("there is a place again", HEAD + SOON, async || document(admin).await).await;
    for mut stream in slow {
        let mut rest = Vec::new();
        tokio::time::timeout(HEAD, stream.read_to_end(&mut rest)).await.expect("it is closed").ok();
    }
    let long = format!("/health?{}", "x".repeat(20_000));
    assert_ne!(ask(admin, "GET", &long, "").await.map(|answer| answer.status), Some(200));
    assert_eq!(document(admin).await.unwrap(), WELL.document());
}

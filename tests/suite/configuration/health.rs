//! `registry-server health`: one line and an exit code, from the same settings as the server's.

use super::{quiet, refused, succeeded};
use registry_tests::binary::{Binary, ProcessSignal, Running};
use registry_tests::wait;
use std::net::TcpListener;
use std::time::Duration;
use tempfile::tempdir;

/// How soon a server tells what it does.
const SOON: Duration = Duration::from_secs(20);

/// Where the server says that it tells of its health, as soon as the log has arrived.
async fn admin_of(server: &Running) -> String {
    wait::until("the log names the address", SOON, async || {
        let log = server.log_so_far();
        let (address, _) = log.split_once("admin=")?.1.split_once(' ')?;
        Some(address.to_owned())
    })
    .await
}

/// Healthy, leaving, and gone.
#[tokio::test]
async fn health_is_asked_for() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_SHUTDOWN_DELAY", "1m").start().await.unwrap();
    let admin = admin_of(&server).await;
    std::fs::write(directory.path().join("r.toml"), format!("admin_listen = \"{admin}\"\n")).unwrap();
    let ask = || quiet(directory.path()).args(["health"]);
    let url = format!("http://{admin}/readyz");
    for ask in [
        ask().args(["--admin-listen", &admin]),
        ask().env("REGISTRY_ADMIN_LISTEN", &admin),
        ask().args(["--config", "r.toml"]),
        ask().args(["--url", &url]),
        ask().args(["--url", &url]).env("REGISTRY_ADMIN_LISTEN", "off"),
    ] {
        let exited = ask.run().await;
        succeeded(&exited);
        assert_eq!((exited.output.as_str(), exited.log.as_str()), (format!("healthy: {url} answers 200 OK\n").as_str(), ""));
    }
    refused(&ask().args(["--url", &format!("http://{admin}/nothing")]).run().await, "/nothing answers 404");
    server.signal(ProcessSignal::TERM);
    wait::until("it leaves", SOON, async || {
        let exited = ask().args(["--admin-listen", &admin]).run().await;
        (exited.status.code() == Some(1))
            .then(|| refused(&exited, &format!("unhealthy: {url} answers 503 Service Unavailable: ")))
    })
    .await;
    server.kill().await;
    let gone = ask().args(["--admin-listen", &admin]).run().await;
    refused(&gone, &format!("unhealthy: {url}: "));
    assert_eq!(gone.log.lines().count(), 1, "{}", gone.log);
}

/// Where nobody can be asked, it is said what to do; who does not answer is not waited for.
#[tokio::test]
async fn who_cannot_be_asked_is_told() {
    let directory = tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    for (arguments, sentence) in [
        (vec!["--admin-listen", "off"], "--admin-listen is off: there is nobody to ask"),
        (vec!["--admin-listen", "127.0.0.1:0"], "say with --url which one it was"),
        (vec!["--url", "https://127.0.0.1:1/health"], "expected http://HOST:PORT/PATH"),
        (vec!["--admin-listen", &address, "--timeout", "1"], "no answer within 1 s"),
    ] {
        refused(&quiet(directory.path()).args(["health"]).args(arguments).run().await, sentence);
    }
}

//! New files while the server runs: SIGHUP, for the connections to come.

use super::{Files, Secure, connect};
use futures::StreamExt;
use registry_client::{Client, Tls, WatchItem};
use registry_tests::binary::{Binary, ProcessSignal, Running};
use registry_tests::tls::Authority;
use registry_tests::wait;
use std::time::Duration;
use tempfile::tempdir;

const SOON: Duration = Duration::from_secs(10);

fn trusting(authority: &Authority) -> Tls {
    Tls::new().ca_certificate(authority.pem())
}

async fn server(directory: &std::path::Path, files: &Files) -> Running {
    let args = ["--tls-certificate".into(), files.path("server.pem"), "--tls-key".into(), files.path("server.key")];
    Binary::on_free_port(directory).args(args).start().await.unwrap()
}

/// Waits for what a signal leads to.
async fn logged(server: &Running, line: &str) {
    wait::until(line, SOON, async || server.log_so_far().contains(line).then_some(())).await;
}

/// The next event of a stream.
async fn next_event(stream: &mut registry_client::Watching) -> registry_client::Event {
    loop {
        match stream.next().await.expect("a stream that goes on").expect("a stream without failures") {
            WatchItem::Event(event) => return *event,
            WatchItem::Progress(_) => {}
            item => panic!("the stream did not go on undisturbed: {item:?}"),
        }
    }
}

/// After a SIGHUP, new connections get the new certificate, and those that are open go on: their calls and their streams.
#[tokio::test]
async fn sighup_changes_the_certificate_of_new_connections_only() {
    let (directory, old, new) = (tempdir().unwrap(), Authority::new(), Authority::new());
    let files = Files::new(&old.server(&["localhost"]));
    let server = server(directory.path(), &files).await;
    let before = connect(server.address(), trusting(&old)).await.unwrap();
    let mut stream = before.watch().progress_interval(Duration::from_secs(1)).stream();
    assert!(matches!(stream.next().await, Some(Ok(WatchItem::Connected { .. }))));

    files.put(&new.server(&["localhost"]));
    server.signal(ProcessSignal::HUP);
    let after: Client =
        wait::until("the new certificate", SOON, async || connect(server.address(), trusting(&new)).await.ok()).await;
    assert!(connect(server.address(), trusting(&old)).await.is_err(), "the old certificate is gone");

    before.create_model("by-the-old-connection", "s3://models/").send().await.unwrap();
    after.create_model("by-the-new-connection", "s3://models/").send().await.unwrap();
    let events = [next_event(&mut stream).await, next_event(&mut stream).await];
    assert!(events[0].revision < events[1].revision, "{events:?}");
    server.stop().await;
}

/// Files that cannot be used change nothing, whatever is wrong with them, and the log says so once and without a key.
#[tokio::test]
async fn unusable_files_change_nothing() {
    let (directory, authority, next) = (tempdir().unwrap(), Authority::new(), Authority::new());
    let good = authority.server(&["localhost"]);
    let files = Files::new(&good);
    let server = server(directory.path(), &files).await;
    let other = authority.server(&["localhost"]);
    let secret = other.key.lines().nth(1).unwrap();
    for (attempt, (certificate, key)) in [
        ("", good.key.as_str()),
        ("no PEM", &good.key),
        (&good.certificate, "c4n4ry"),
        (&good.certificate, &other.key),
        (&other.key, &other.key),
    ]
    .into_iter()
    .enumerate()
    {
        super::write(&files.path("server.pem"), certificate);
        super::write(&files.path("server.key"), key);
        server.signal(ProcessSignal::HUP);
        let said = |log: String| log.matches("the ones read before stay in use").count();
        wait::until("a line in the log", SOON, async || (said(server.log_so_far()) == attempt + 1).then_some(())).await;
        connect(server.address(), trusting(&authority)).await.unwrap().server_info().send().await.unwrap();
    }
    // And they are not stuck with: the next good ones are taken.
    files.put(&next.server(&["localhost"]));
    server.signal(ProcessSignal::HUP);
    wait::until("the new certificate", SOON, async || connect(server.address(), trusting(&next)).await.ok()).await;
    let log = server.stop().await.log;
    for told in ["--tls-certificate", "--tls-key", "server.pem", "does not belong to the certificate"] {
        assert!(log.contains(told), "{told}: {log}");
    }
    assert!(!log.contains(secret) && !log.contains("c4n4ry"), "{log}");
}

/// Without TLS there is nothing to read, and a SIGHUP does not end the server.
#[tokio::test]
async fn sighup_does_not_end_a_server_without_tls() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let client = server.client().await;
    server.signal(ProcessSignal::HUP);
    logged(&server, "without TLS").await;
    client.server_info().send().await.unwrap();
    assert_eq!(server.stop().await.status.code(), Some(0));
}

/// The authority of clients is read again as well: whom it no longer vouches for does not get in again.
#[tokio::test]
async fn the_authority_of_clients_is_read_again() {
    let (old, new) = (Authority::new(), Authority::new());
    let secure = Secure::with(|files, _| files.put_client_ca(&old.pem())).await;
    let mut hello = secure.hello();
    hello.version = &tokio_rustls::rustls::version::TLS12; // whose handshake ends when both have agreed
    let shows = [Some(old.client(|_| ())), Some(new.client(|_| ()))];
    for (round, authority) in [&old, &new].into_iter().enumerate() {
        secure.files.put_client_ca(&authority.pem());
        secure.server.reload();
        for (place, shown) in shows.iter().enumerate() {
            hello.shows = shown.clone();
            assert_eq!(hello.connect(secure.address()).await.is_ok(), round == place, "round {round}, certificate {place}");
        }
    }
    secure.server.stop().await;
}

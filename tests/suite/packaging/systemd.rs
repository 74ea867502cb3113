//! What the server tells systemd, heard through a socket as systemd hears it.

use registry_tests::binary::{Binary, ProcessSignal};
use registry_tests::scraped::scrape;
use registry_tests::tls::Authority;
use registry_tests::wait;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::{TempDir, tempdir};
use tokio::net::UnixDatagram;
use tokio::time::timeout;

/// How long it may take until something is said.
const SOON: Duration = Duration::from_secs(30);

/// Whoever has started the server.
struct Supervisor {
    socket: UnixDatagram,
    path: PathBuf,
    directory: TempDir,
}

impl Supervisor {
    fn new() -> Self {
        let directory = tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self { socket, path, directory }
    }

    fn server(&self) -> Binary {
        Binary::on_free_port(self.directory.path()).env("NOTIFY_SOCKET", self.path.to_str().unwrap())
    }

    /// What is said next, line by line.
    async fn hears(&self) -> Vec<String> {
        let mut message = [0; 4096];
        let length = timeout(SOON, self.socket.recv(&mut message)).await.expect("something in time").unwrap();
        String::from_utf8_lossy(&message[..length]).lines().map(str::to_owned).collect()
    }

    /// That nothing (more) was said up to now.
    fn hears_nothing(&self) {
        let said = self.socket.try_recv(&mut [0; 4096]).unwrap_err();
        assert_eq!(said.kind(), ErrorKind::WouldBlock);
    }
}

/// READY when the port answers, RELOADING with the time and READY again around a reload, STOPPING when it begins to leave: what
/// `Type=notify-reload` asks for.
#[tokio::test]
async fn systemd_is_told_of_start_reload_and_stop() {
    let supervisor = Supervisor::new();
    let server = supervisor.server().start().await.unwrap();
    let status = format!("STATUS=serving on {} (sqlite ./registry-data/registry.db)", server.address());
    assert_eq!(supervisor.hears().await, ["READY=1", status.as_str()]);
    server.signal(ProcessSignal::HUP);
    let reloading = supervisor.hears().await;
    let [word, at] = reloading.as_slice() else { panic!("{reloading:?}") };
    assert_eq!(word, "RELOADING=1");
    let at: u64 = at.strip_prefix("MONOTONIC_USEC=").expect("the time").parse().expect("a number");
    assert!(at > 0);
    assert_eq!(supervisor.hears().await, ["READY=1", status.as_str()]);
    supervisor.hears_nothing();
    let exited = server.stop().await;
    assert_eq!(exited.status.code(), Some(0), "{}", exited.log);
    assert_eq!(supervisor.hears().await[0], "STOPPING=1");
    supervisor.hears_nothing();
}

/// A reload in vain is in the status, which is what `systemctl status` shows: the server goes on with what it has. The metric counts it.
#[tokio::test]
async fn a_reload_in_vain_is_in_the_status() {
    let supervisor = Supervisor::new();
    let certified = Authority::new().server(&["localhost"]);
    let (certificate, key) = (supervisor.directory.path().join("server.pem"), supervisor.directory.path().join("server.key"));
    std::fs::write(&certificate, &certified.certificate).unwrap();
    std::fs::write(&key, &certified.key).unwrap();
    let server = supervisor.server().args(["--tls-certificate", "server.pem", "--tls-key", "server.key"]);
    let server = server.start().await.unwrap();
    let serving = supervisor.hears().await[1].clone();
    let named = async || server.log_so_far().split_once("admin=")?.1.split_once(' ')?.0.parse().ok();
    let admin = wait::until("the log names the address", SOON, named).await;
    assert_eq!(scrape(admin).await.value("registry_tls_reload_failures_total"), 0.0);
    std::fs::write(&key, "s3cr3t-c4n4ry").unwrap();
    server.signal(ProcessSignal::HUP);
    assert_eq!(supervisor.hears().await[0], "RELOADING=1");
    let [ready, status] = supervisor.hears().await.try_into().unwrap();
    assert_eq!(ready, "READY=1");
    assert!(
        status.starts_with(&format!("{serving}; the files of TLS could not be read again: --tls-key server.key: ")),
        "{status}"
    );
    assert!(!status.contains("c4n4ry"), "{status}");
    assert_eq!(scrape(admin).await.value("registry_tls_reload_failures_total"), 1.0);
    std::fs::write(&key, &certified.key).unwrap();
    server.signal(ProcessSignal::HUP);
    supervisor.hears().await;
    assert_eq!(supervisor.hears().await, ["READY=1", serving.as_str()]);
    server.stop().await;
}

/// A server that cannot serve does not say that it does.
#[tokio::test]
async fn a_server_that_does_not_start_says_nothing() {
    let supervisor = Supervisor::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = supervisor.server().args(["--admin-listen", &taken.local_addr().unwrap().to_string()]).run().await;
    assert_eq!(refused.status.code(), Some(1), "{}", refused.log);
    supervisor.hears_nothing();
}

/// Nobody at the other end is a line in the log, and the server serves.
#[tokio::test]
async fn nobody_who_hears_keeps_it_from_nothing() {
    let directory = tempdir().unwrap();
    let nowhere = directory.path().join("nowhere");
    let server = Binary::on_free_port(directory.path()).env("NOTIFY_SOCKET", nowhere.to_str().unwrap()).start().await.unwrap();
    server.client().await.list_models().send().await.unwrap();
    let exited = server.stop().await;
    assert!(exited.log.contains("systemd cannot be told"), "{}", exited.log);
    assert_eq!(exited.status.code(), Some(0), "{}", exited.log);
}

//! A server with an address that it keeps.

use super::{End, PATIENCE};
use crate::Fresh;
use crate::binary::{Binary, Running};
use registry_client::Client;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tempfile::TempDir;

/// The ports, as everywhere.
const GRPC: u16 = 50051;
const ADMIN: u16 = 50052;

/// A server that is to be started. Nobody else is on its address, also while it is away: Linux has sixteen million of them for itself.
#[derive(Debug)]
pub(super) struct Place {
    address: Ipv4Addr,
    directory: TempDir,
}

/// One that runs.
#[derive(Debug)]
pub(super) struct Replica {
    place: Place,
    running: Running,
}

impl Place {
    /// One with an address of its own.
    pub(super) fn new() -> Self {
        let [high, middle, low]: [u8; 3] = rand::random();
        Self {
            address: Ipv4Addr::new(127, high.max(1), middle, low.clamp(1, 254)),
            directory: tempfile::tempdir().expect("a directory"),
        }
    }

    /// Starts it, with what everybody gets but a delay of this test.
    pub(super) async fn start(self, database: &Fresh, delay: Duration) -> Replica {
        let running = Binary::in_directory(self.directory.path())
            .env("REGISTRY_LISTEN", &format!("{}:{GRPC}", self.address))
            .env("REGISTRY_ADMIN_LISTEN", &format!("{}:{ADMIN}", self.address))
            .env("REGISTRY_DATABASE_URL", &database.url())
            .env("REGISTRY_SHUTDOWN_DELAY", &format!("{}ms", delay.as_millis()))
            .start()
            .await;
        Replica { place: self, running: running.unwrap_or_else(|exited| panic!("a server did not start: {}", exited.log)) }
    }
}

impl Replica {
    /// Where it serves, and where it tells of its health.
    pub(super) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.running.address(), SocketAddr::from((self.place.address, ADMIN)))
    }

    /// A client of this server alone.
    pub(super) async fn client(&self) -> Client {
        self.running.client().await
    }

    /// Ends it.
    pub(super) async fn ended(self, how: End) -> Place {
        let Self { place, running } = self;
        match how {
            End::Stop => stopped(running).await,
            End::Kill => running.kill().await,
        }
        place
    }

    /// Ends it for good.
    pub(super) async fn stop(self) {
        stopped(self.running).await;
    }
}

async fn stopped(running: Running) {
    running.signal(crate::binary::ProcessSignal::TERM);
    let exited = running.exited(PATIENCE).await;
    assert_eq!(exited.status.code(), Some(0), "a server did not stop well: {}", exited.log);
}

//! Connections, and the bytes of artifacts.

use super::book::Book;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// What comes and goes.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    connections: Gauge,
    received: Counter,
    sent: Counter,
}

/// Something that is counted for as long as this is there.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Traffic {
    pub(super) fn new(book: &mut Book) -> Self {
        let traffic = Self::default();
        book.add(
            "registry_connections_open",
            &[],
            "Open connections, those in their handshake included",
            traffic.connections.clone(),
        );
        book.add(
            "registry_artifact_bytes_received",
            &[],
            "Bytes of artifacts that were uploaded, also of uploads that failed later",
            traffic.received.clone(),
        );
        book.add("registry_artifact_bytes_sent", &[], "Bytes of artifacts that were downloaded", traffic.sent.clone());
        traffic
    }

    /// One more connection, until that is dropped.
    #[must_use]
    pub fn connected(&self) -> Counted {
        self.connections.inc();
        Counted(self.connections.clone())
    }

    /// Bytes of an artifact have come.
    pub fn received(&self, bytes: usize) {
        self.received.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Bytes of an artifact are on their way.
    pub fn sent(&self, bytes: usize) {
        self.sent.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

//! What is not counted as it happens but read when somebody scrapes.

use super::book::Book;
use super::calls::Labels;
use super::chores::{Moment, set};
use super::database::Pool;
use crate::domain::{Limit, Revision, Timestamp};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::Ordering;

const POOL: [&str; 1] = ["pool"];

/// What the database is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    /// How far the registry has come, and where its history begins.
    Revision,
    /// When the oldest event happened.
    OldestEvent,
    /// How many bytes of artifacts there are.
    StoredBytes,
}

impl Figure {
    const ALL: [Self; 3] = [Self::Revision, Self::OldestEvent, Self::StoredBytes];

    const fn label(self) -> Labels<1> {
        let figure = match self {
            Self::Revision => "revision",
            Self::OldestEvent => "oldest_event",
            Self::StoredBytes => "stored_bytes",
        };
        [("figure", figure)]
    }
}

/// The values that were read last.
#[derive(Debug, Clone, Default)]
pub(super) struct Readings {
    pub(super) ready: Gauge,
    pub(super) queue: Gauge,
    pub(super) watchers: Gauge,
    pub(super) watch_lag: Gauge,
    pub(super) transfers: Gauge,
    pub(super) exports: Gauge,
    pub(super) imports: Gauge,
    stored: Gauge,
    pub(super) stored_most: Gauge,
    revision: Gauge,
    compacted: Gauge,
    oldest_event: Moment,
    healthy: Family<Labels<1>, Gauge>,
    open: Family<Labels<1>, Gauge>,
    in_use: Family<Labels<1>, Gauge>,
    most: Family<Labels<1>, Gauge>,
    refused: Family<Labels<1>, Counter>,
    certificate: Family<Labels<1>, Moment>,
    failed: Family<Labels<1>, Counter>,
    spans_dropped: Counter,
    reload_failures: Counter,
}

impl Readings {
    pub(super) fn new(book: &mut Book) -> Self {
        let readings = Self::default();
        readings.describe_server(book);
        readings.describe_registry(book);
        readings
    }

    fn describe_server(&self, book: &mut Book) {
        book.add("registry_ready", &[], "1 if the server can be sent calls, else 0: the answer of /readyz", self.ready.clone());
        book.add(
            "registry_component_healthy",
            &["component"],
            "1 if what the server depends on did what it is for, else 0",
            self.healthy.clone(),
        );
        book.add("registry_writer_queue_length", &[], "Writes that wait for the writer, 1024 at the most", self.queue.clone());
        book.add("registry_pool_connections", &POOL, "Open connections to the database, by what they are for", self.open.clone());
        book.add("registry_pool_connections_in_use", &POOL, "Those of them that are in use", self.in_use.clone());
        book.add("registry_pool_connections_max", &POOL, "How many there can be", self.most.clone());
        book.add(
            "registry_refused",
            &["limit"],
            "What was refused because of a limit, by the flag that sets it; max-failed-authentications counts every failure",
            self.refused.clone(),
        );
        book.add(
            "registry_tls_certificate_expiry_timestamp_seconds",
            &["certificate"],
            "When the certificate expires that the server shows; absent without TLS",
            self.certificate.clone(),
        );
        book.add(
            "registry_tls_reload_failures",
            &[],
            "Times the files of TLS could not be used when they were read again: the ones read before stay in use",
            self.reload_failures.clone(),
        );
        book.add(
            "registry_trace_spans_dropped",
            &[],
            "Spans that were not sent: the collector did not take them, or more ended than there is room for",
            self.spans_dropped.clone(),
        );
        for figure in Figure::ALL {
            drop(self.failed.get_or_create(&figure.label()));
        }
        book.add(
            "registry_scrape_errors",
            &["figure"],
            "Times the database was asked for a figure in vain: what is scraped of it is the value before",
            self.failed.clone(),
        );
    }

    fn describe_registry(&self, book: &mut Book) {
        book.add("registry_watchers", &[], "Open streams of events", self.watchers.clone());
        book.add(
            "registry_watch_lag_revisions",
            &[],
            "How many revisions the stream is behind that is behind most",
            self.watch_lag.clone(),
        );
        book.add("registry_transfers_running", &[], "Uploads and downloads under way", self.transfers.clone());
        book.add("registry_exports_running", &[], "Exports under way", self.exports.clone());
        book.add("registry_imports_running", &[], "Imports under way", self.imports.clone());
        book.add("registry_revision", &[], "The newest revision", self.revision.clone());
        book.add("registry_compacted_revision", &[], "The revision that history begins after", self.compacted.clone());
        book.add(
            "registry_oldest_event_timestamp_seconds",
            &[],
            "When the oldest event happened that is kept; 0 if there is none",
            self.oldest_event.clone(),
        );
        book.add("registry_stored_bytes", &[], "Bytes of artifacts that are stored", self.stored.clone());
        book.add("registry_stored_bytes_max", &[], "How many there may be; 0 if there is no limit", self.stored_most.clone());
    }

    /// How far the registry has come.
    pub(super) fn history(&self, revision: Revision, compacted: Revision) {
        self.revision.set(revision.number());
        self.compacted.set(compacted.number());
    }

    /// When the oldest event happened, if there is one.
    pub(super) fn oldest_event(&self, time: Option<Timestamp>) {
        match time {
            Some(time) => set(&self.oldest_event, time),
            None => drop(self.oldest_event.set(0.0)),
        }
    }

    /// How many bytes of artifacts there are.
    pub(super) fn stored(&self, bytes: i64) {
        self.stored.set(bytes);
    }

    /// A figure was asked for in vain.
    pub(super) fn failed(&self, figure: Figure) {
        self.failed.get_or_create(&figure.label()).inc();
    }

    /// What others have counted.
    pub(super) fn counted(&self, spans_dropped: u64, reload_failures: u64) {
        self.spans_dropped.inner().store(spans_dropped, Ordering::Relaxed);
        self.reload_failures.inner().store(reload_failures, Ordering::Relaxed);
    }

    pub(super) fn healthy(&self, component: &'static str, healthy: bool) {
        self.healthy.get_or_create(&[("component", component)]).set(i64::from(healthy));
    }

    pub(super) fn pool(&self, pool: Pool) {
        let Pool { name, open, in_use, most } = pool;
        for (gauges, count) in [(&self.open, open), (&self.in_use, in_use), (&self.most, most)] {
            gauges.get_or_create(&[("pool", name)]).set(i64::from(count));
        }
    }

    pub(super) fn refused(&self, limit: Limit, times: u64) {
        let name = limit.flag().trim_start_matches("--");
        self.refused.get_or_create(&[("limit", name)]).inner().store(times, Ordering::Relaxed);
    }

    pub(super) fn certificate(&self, not_after: Option<Timestamp>) {
        if let Some(not_after) = not_after {
            set(&self.certificate.get_or_create(&[("certificate", "server")]), not_after);
        }
    }
}

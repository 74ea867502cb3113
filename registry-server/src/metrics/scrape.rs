//! An answer to a scrape: what was counted, and what is read for it.
//!
//! A scrape may not be a way to load the database: that is asked by one scrape at a time, for a moment, and seldom. Each figure is asked
//! for apart from the others. In between, and when there is no answer, its last value stands; `registry_scrape_errors_total` says that
//! there was none.

use super::readings::Figure;
use super::{Format, Metrics};
use crate::api::Running;
use crate::domain::{Error, Limit};
use crate::health::{Component, Health};
use crate::refusals::Refusals;
use crate::service::{Info, Registry};
use crate::telemetry::Dropped;
use crate::tls::Acceptor;
use prometheus_client::encoding::text::encode;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::join;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How old what the database says may be.
const FRESH: Duration = Duration::from_secs(10);
/// The same for what it must look at every artifact for.
const FRESH_SUM: Duration = Duration::from_secs(300);
/// How long it may take to say it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the values come from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// What was counted.
    pub metrics: Metrics,
    /// Whether what the server depends on works.
    pub health: Health,
    /// What was refused.
    pub refusals: Refusals,
    /// The certificate, if there is one.
    pub tls: Option<Acceptor>,
    /// What is under way.
    pub running: Running,
    /// Spans that were not sent.
    pub dropped: Dropped,
}

/// Answers scrapes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scrape {
    sources: Arc<Sources>,
    /// `None` when the server ends: the database is open for as long as somebody has it.
    registry: Arc<RwLock<Option<Registry>>>,
    asked: Arc<Mutex<Asked>>,
}

/// When the database was asked last, whether or not it has answered.
#[derive(Debug, Default)]
struct Asked {
    figures: Option<Instant>,
    sum: Option<Instant>,
}

impl Scrape {
    /// Of a registry and what is around it.
    #[must_use]
    pub fn of(registry: Registry, sources: Sources) -> Self {
        Self { sources: Arc::new(sources), registry: Arc::new(RwLock::new(Some(registry))), asked: Arc::default() }
    }

    /// Lets the registry go: from here on, what is scraped of it stays as it was.
    pub fn end(&self) {
        self.registry.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Everything, as text; empty if it cannot be written.
    pub async fn text(&self, format: Format) -> String {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(registry) = registry {
            self.ask_database(&registry).await;
            self.sources.read_registry(&registry);
        }
        self.sources.read_server();
        let mut text = String::new();
        match encode(&mut text, self.sources.metrics.book.registry()) {
            Ok(()) => format.write(text),
            Err(_) => String::new(),
        }
    }

    async fn ask_database(&self, registry: &Registry) {
        let mut asked = self.asked.lock().await;
        let readings = &self.sources.metrics.readings;
        let figures = async {
            let history = self.ask(Figure::Revision, registry.info(), |info| {
                let Info { registry_id: _, revision, compacted_revision } = info;
                readings.history(revision, compacted_revision);
            });
            join!(history, self.ask(Figure::OldestEvent, registry.oldest_event(), |time| readings.oldest_event(time)));
        };
        let sum = self.ask(Figure::StoredBytes, registry.stored_bytes(), |bytes| readings.stored(bytes));
        match (is_due(&mut asked.figures, FRESH), is_due(&mut asked.sum, FRESH_SUM)) {
            (true, true) => {
                join!(figures, sum);
            }
            (true, false) => figures.await,
            (false, true) => sum.await,
            (false, false) => {}
        }
    }

    async fn ask<T>(&self, figure: Figure, answer: impl Future<Output = Result<T, Error>>, set: impl FnOnce(T)) {
        match timeout(PATIENCE, answer).await {
            Ok(Ok(value)) => set(value),
            Ok(Err(_)) | Err(_) => self.sources.metrics.readings.failed(figure),
        }
    }
}

impl Sources {
    fn read_registry(&self, registry: &Registry) {
        let (readings, store) = (&self.metrics.readings, registry.store());
        readings.queue.set(count(store.queued()));
        for pool in store.pools() {
            readings.pool(pool);
        }
        let (watchers, lag) = self.metrics.watchers.lag(store.head());
        readings.watchers.set(count(watchers));
        readings.watch_lag.set(lag);
        readings.stored_most.set(registry.quota().total.map_or(0, |total| i64::try_from(total).unwrap_or(i64::MAX)));
    }

    fn read_server(&self) {
        let Self { metrics, health, refusals, tls, running, dropped } = self;
        let (readings, found) = (&metrics.readings, health.found());
        readings.ready.set(i64::from(found.is_ready()));
        for component in Component::ALL {
            readings.healthy(component.name(), found.is_healthy(component));
        }
        readings.transfers.set(count(running.transfers()));
        readings.exports.set(count(running.exports()));
        readings.imports.set(count(running.imports()));
        for limit in Limit::ALL {
            readings.refused(limit, refusals.times(limit));
        }
        readings.certificate(tls.as_ref().and_then(Acceptor::not_after));
        readings.counted(dropped.spans(), tls.as_ref().map(Acceptor::failures).unwrap_or_default());
    }
}

/// Whether it is time to ask again; then it counts as asked.
fn is_due(asked: &mut Option<Instant>, fresh: Duration) -> bool {
    let due = asked.is_none_or(|asked| asked.elapsed() >= fresh);
    if due {
        *asked = Some(Instant::now());
    }
    due
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

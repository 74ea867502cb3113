//! An answer to a scrape: what was counted, and what is read for it.
//!
//! A scrape may not be a way to load the database: that is asked by one scrape at a time, for a moment, and seldom. In between, and
//! when it does not answer, its last values stand; `registry_component_healthy` says whether it does.

use super::{Format, Metrics};
use crate::api::Running;
use crate::domain::Limit;
use crate::health::{Component, Health};
use crate::refusals::Refusals;
use crate::service::{Figures, Registry};
use crate::tls::Acceptor;
use prometheus_client::encoding::text::encode;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How old what the database says may be.
const FRESH: Duration = Duration::from_secs(10);
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
}

/// Answers scrapes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scrape {
    sources: Arc<Sources>,
    /// `None` when the server ends: the database is open for as long as somebody has it.
    registry: Arc<RwLock<Option<Registry>>>,
    /// When the database was asked last.
    asked: Arc<Mutex<Option<Instant>>>,
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
        if asked.is_some_and(|asked| asked.elapsed() < FRESH) {
            return;
        }
        *asked = Some(Instant::now());
        if let Ok(Ok(figures)) = timeout(PATIENCE, registry.figures()).await {
            let Figures { revision, compacted_revision, oldest_event, stored_bytes } = figures;
            let readings = &self.sources.metrics.readings;
            readings.history(revision, compacted_revision, oldest_event);
            readings.stored.set(stored_bytes);
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
        let Self { metrics, health, refusals, tls, running } = self;
        let (readings, found) = (&metrics.readings, health.found());
        readings.ready.set(i64::from(found.serves(&Component::ALL)));
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
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

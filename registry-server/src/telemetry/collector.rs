//! Sending traces to a collector, by OTLP over gRPC.
//!
//! Nobody waits for it: spans wait in a queue that a thread of the library empties, and what does not fit is dropped and counted. Either
//! that or a collector that cannot be reached costs a warning a minute. May not: tell where it is or what is sent to let the server in, both of which may hold
//! secrets.

use super::dropped::{Bounded, Dropped, Places};
use super::{TRACES, conventions};
use crate::config::Collector;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, Key};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{SpanExporter as Otlp, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, dynamic_filter_fn};
use tracing_subscriber::registry::LookupSpan;

/// How often it is said that a collector is not to be had.
const SELDOM: Duration = Duration::from_secs(60);

/// Traces that are sent somewhere.
#[derive(Debug, Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    dropped: Dropped,
}

impl Traces {
    /// To the collector that the environment names, if it names one.
    ///
    /// # Errors
    /// A sentence that names the variable and repeats nothing of it: then there are none.
    pub fn named() -> Result<Option<Self>, String> {
        Collector::named()?.as_ref().map(Self::to).transpose()
    }

    /// To this collector. What else the standard variables say (headers, timeout, sampler, names of the service), the library reads.
    ///
    /// # Errors
    /// A sentence that names the variable and repeats nothing of it.
    fn to(collector: &Collector) -> Result<Self, String> {
        let exporter = Otlp::builder().with_tonic();
        let exporter =
            if collector.tls { exporter.with_tls_config(ClientTlsConfig::new().with_enabled_roots()) } else { exporter };
        let exporter = exporter.build().map_err(|_| {
            let variable = collector.variable;
            format!("{variable}: there are no traces, because they cannot be sent there: expected http://HOST:PORT or https://HOST:PORT, and readable OTEL_EXPORTER_OTLP_HEADERS")
        })?;
        let places = Places::new(collector.queue);
        let dropped = places.dropped.clone();
        let exporter =
            Conventional { exporter, places: places.clone(), undelivered: Seldom::default(), turned_away: Seldom::default() };
        let size = BatchConfigBuilder::default().with_max_queue_size(collector.queue).build();
        let queue = BatchSpanProcessor::builder(exporter).with_batch_config(size).build();
        let provider =
            SdkTracerProvider::builder().with_resource(resource()).with_span_processor(Bounded { queue, places }).build();
        Ok(Self { provider, dropped })
    }

    /// What hears of spans: those made for traces, and the statements of the database, if they are in one. Of what the server does by
    /// itself, again and again, there are none; and of events it hears nothing.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("registry-server"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(
                dynamic_filter_fn(|metadata, _| metadata.is_span() && is_of_trace(metadata))
                    .with_max_level_hint(LevelFilter::INFO),
            )
    }

    /// How many were not sent.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped.clone()
    }

    /// Sends what is left, for no longer than this. Whoever does not wait for it can end the process.
    pub async fn end(&self, within: Duration) {
        let (told, sent) = oneshot::channel();
        let provider = self.provider.clone();
        // Not a task: the runtime would wait for one that blocks.
        std::thread::spawn(move || drop(told.send(provider.shutdown_with_timeout(within))));
        let sent = sent.await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be delivered to the collector");
        }
    }
}

/// A call begins a trace; a batch names the one that it is in; everything else must be in one.
fn is_of_trace(metadata: &Metadata<'_>) -> bool {
    let active = || Context::map_current(|context| context.has_active_span());
    match metadata.target() {
        TRACES => matches!(metadata.name(), "call" | "batch") || active(),
        target => target.starts_with("sea_orm::database") && active(),
    }
}

/// What the environment says of the service; its name is ours unless it says another.
fn resource() -> Resource {
    let named = Resource::builder().build().get(&Key::from_static_str("service.name"));
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    match named {
        Some(name) if !name.as_str().starts_with("unknown_service") => resource.build(),
        Some(_) | None => resource.with_service_name("registry-server").build(),
    }
}

/// Sends spans with the names and attributes that they are to have, and no others.
#[derive(Debug)]
struct Conventional {
    exporter: Otlp,
    places: Places,
    undelivered: Seldom,
    turned_away: Seldom,
}

impl SpanExporter for Conventional {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.places.leave(spans);
        let turned_away = self.places.turned_away();
        if turned_away > 0 && self.turned_away.is_due(turned_away) {
            tracing::warn!(
                turned_away,
                "more spans end than the collector takes: those that do not fit into OTEL_BSP_MAX_QUEUE_SIZE are dropped"
            );
        }
        let sent = self.exporter.export(batch.into_iter().map(conventions::apply).collect()).await;
        if sent.is_err() {
            self.places.dropped.more(spans);
            if self.undelivered.is_due(self.places.dropped.spans()) {
                // What the library says of it repeats where the collector is.
                tracing::warn!("traces could not be delivered to the collector: they are dropped");
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// What is said once in a while. (`crate::seldom` waits by the clock of the runtime, which the thread of the library has not.)
#[derive(Debug, Default)]
struct Seldom(Mutex<Option<(Instant, u64)>>);

impl Seldom {
    /// Whether it is to be said now, for so many; not again if there are no more of them than the last time.
    fn is_due(&self, so_many: u64) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.is_none_or(|(when, of)| when.elapsed() >= SELDOM && so_many > of);
        if due {
            *said = Some((Instant::now(), so_many));
        }
        due
    }
}

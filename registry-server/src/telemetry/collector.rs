//! Sending traces to a collector, by OTLP over gRPC.
//!
//! Nobody waits for it: spans wait in a queue that a thread of the library empties, and what does not fit is dropped. A collector that
//! cannot be reached costs a warning a minute. May not: tell where it is or what is sent to let the server in, both of which may hold
//! secrets.

use super::{TRACES, conventions};
use crate::config::Collector;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, Key};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{SpanExporter as Otlp, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, dynamic_filter_fn};
use tracing_subscriber::registry::LookupSpan;

/// How often it is said that a collector is not to be had.
const SELDOM: Duration = Duration::from_secs(60);

/// Traces that are sent somewhere.
#[derive(Debug, Clone)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// To this collector. What else the standard variables say (headers, timeout, sampler, names of the service), the library reads.
    ///
    /// # Errors
    /// A sentence that names the variable and repeats nothing of it.
    pub fn to(collector: &Collector) -> Result<Self, String> {
        let exporter = Otlp::builder().with_tonic();
        let exporter =
            if collector.tls { exporter.with_tls_config(ClientTlsConfig::new().with_enabled_roots()) } else { exporter };
        let exporter = exporter.build().map_err(|_| {
            let variable = collector.variable;
            format!("{variable}: traces cannot be sent there: expected http://HOST:PORT or https://HOST:PORT, and readable OTEL_EXPORTER_OTLP_HEADERS")
        })?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(Conventional { exporter, warned: Mutex::default() })
            .build();
        Ok(Self(provider))
    }

    /// What hears of spans: those made for traces, and the statements of the database, if they are in one. Of what the server does by
    /// itself, again and again, there are none; and of events it hears nothing.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("registry-server"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(
                dynamic_filter_fn(|metadata, _| metadata.is_span() && is_of_trace(metadata))
                    .with_max_level_hint(LevelFilter::INFO),
            )
    }

    /// Sends what is left, for no longer than this.
    pub async fn end(self, within: Duration) {
        let sent = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(within)).await;
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
    warned: Mutex<Option<Instant>>,
}

impl SpanExporter for Conventional {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch.into_iter().map(conventions::apply).collect()).await;
        if sent.is_err() && self.may_warn() {
            // What the library says of it repeats where the collector is.
            tracing::warn!("traces could not be delivered to the collector: they are dropped");
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

impl Conventional {
    fn may_warn(&self) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let due = warned.is_none_or(|warned| warned.elapsed() >= SELDOM);
        if due {
            *warned = Some(Instant::now());
        }
        due
    }
}

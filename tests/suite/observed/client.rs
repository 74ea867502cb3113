//! A trace that begins in a program which uses the Rust client: one trace, from there to the statements of the database.

use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use registry_tests::binary::Binary;
use registry_tests::collector::{Collector, attribute};
use registry_tests::on_every_database;
use std::sync::{Arc, Mutex};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

/// The spans of the program that have ended.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Ended {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// Whether a span is below another one of the same trace.
fn is_below(spans: &[Span], span: &Span, above: &[u8]) -> bool {
    span.parent_span_id == above
        || spans.iter().find(|other| other.span_id == span.parent_span_id).is_some_and(|other| is_below(spans, other, above))
}

on_every_database! {
    async fn a_trace_goes_from_the_client_through_the_server_to_the_statements(database: Database) {
        let (collector, directory, fresh) = (Collector::start().await, tempfile::tempdir().unwrap(), database.fresh().await);
        let binary = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &fresh.url());
        let binary = binary.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint()).env("OTEL_BSP_SCHEDULE_DELAY", "50");
        let server = binary.start().await.unwrap();
        let client = server.client().await;

        // What a program does that traces. (Nothing else in this process has a span of OpenTelemetry.)
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let ended = Ended::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(ended.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("a program"));
        let tracing = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let rollout = tracing::info_span!("rollout");
        let begun = rollout.context().span().span_context().clone();
        async { client.create_model("m", "s3://m").send().await.unwrap() }.instrument(rollout).await;
        drop(tracing);

        let method = "modelregistry.v1.ModelService/CreateModel";
        let call = ended.0.lock().unwrap().iter().find(|span| span.name == method).cloned().expect("the call");
        assert_eq!((call.span_context.trace_id(), call.parent_span_id), (begun.trace_id(), begun.span_id()));
        let at_the_server = |spans: &[Span]| spans.iter().any(|span| span.name == method);
        let spans = collector.until(&begun.trace_id().to_bytes(), "the server's part of the trace", at_the_server).await;
        let served = spans.iter().find(|span| span.name == method).expect("the call at the server");
        assert_eq!(served.parent_span_id, call.span_context.span_id().to_bytes());
        let is_insert = |span: &&Span| attribute(span, "db.query.text").is_some_and(|text| text.contains("INSERT INTO \"models\""));
        let insert = spans.iter().find(is_insert).expect("the statement that inserts the model");
        assert!(is_below(&spans, insert, &served.span_id), "{spans:#?}");
        server.stop().await;
    }
}

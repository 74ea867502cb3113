//! What a call tells of the trace that it is a part of, as it arrives on the wire, and the span that it is in. A program of its own: how
//! traces are told is a setting of the whole process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod kept;
mod server;

use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use registry_client::{Client, Refusal, RetryPolicy};
use tracing::Instrument as _;
use tracing::subscriber::DefaultGuard;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::kept::Kept;
use crate::server::Server;

/// Traces what this thread does, in the way of W3C.
fn trace() -> (DefaultGuard, Kept) {
    opentelemetry::global::set_text_map_propagator(TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
    ]));
    let kept = Kept::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    (tracing::subscriber::set_default(tracing_subscriber::registry().with(layer)), kept)
}

/// The ids of the trace and of the span in a header of W3C.
fn parts(traceparent: &str) -> (&str, &str) {
    match traceparent.split('-').collect::<Vec<_>>()[..] {
        ["00", trace, span, "01"] => (trace, span),
        _ => panic!("{traceparent}"),
    }
}

#[tokio::test]
async fn a_call_is_a_child_of_the_span_that_it_is_made_in_and_the_registry_is_told() {
    let (_tracing, kept) = trace();
    let server = Server::start().await;
    let span = tracing::info_span!("rollout");
    let outer = span.context().span().span_context().clone();
    async { server.client().await.server_info().send().await.unwrap() }.instrument(span).await;
    let call = kept.only("modelregistry.v1.SystemService/GetServerInfo");
    let header = server.header("traceparent");
    assert_eq!(parts(&header[0]), (&*outer.trace_id().to_string(), &*call.span_context.span_id().to_string()));
    assert_eq!((call.parent_span_id, call.span_context.trace_id()), (outer.span_id(), outer.trace_id()));
}

#[tokio::test]
async fn every_attempt_is_of_the_same_call_whose_span_tells_how_it_went() {
    let (_tracing, kept) = trace();
    let server = Server::failing(2).await;
    server.client().await.server_info().correlation_id("rollout-42").send().await.unwrap();
    let headers = server.header("traceparent");
    assert!(headers.len() == 3 && headers.iter().all(|header| *header == headers[0]), "{headers:?}");
    let call = kept.only("modelregistry.v1.SystemService/GetServerInfo");
    assert_eq!(Kept::attribute(&call, "attempts"), "3");
    assert_eq!(Kept::attribute(&call, "rpc.grpc.status_code"), "0");
    assert_eq!(Kept::attribute(&call, "rpc.method"), "GetServerInfo");
    assert_eq!(Kept::attribute(&call, "request_id"), "answered");
    assert!(!format!("{call:?}").contains("c4n4ry"), "{call:?}");
}

#[tokio::test]
async fn the_span_of_a_call_that_fails_says_why() {
    let (_tracing, kept) = trace();
    let server = Server::failing(1).await;
    server.client().await.server_info().retry(RetryPolicy::none()).send().await.unwrap_err();
    let call = kept.only("modelregistry.v1.SystemService/GetServerInfo");
    assert!(matches!(call.status, opentelemetry::trace::Status::Error { .. }), "{:?}", call.status);
    assert_eq!(Kept::attribute(&call, "rpc.grpc.status_code"), "14");
    assert_eq!(Kept::attribute(&call, "error.reason"), "ERROR_REASON_BACKEND_UNAVAILABLE");
}

#[tokio::test]
async fn what_the_caller_says_of_the_trace_stays() {
    let (_tracing, _kept) = trace();
    let server = Server::start().await;
    let own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    server.client().await.server_info().header("traceparent", own).send().await.unwrap();
    assert_eq!(server.header("traceparent"), [own]);
}

/// The context of the program counts also where it does not come from a span of `tracing`.
#[tokio::test]
async fn the_current_context_of_opentelemetry_is_told_as_well() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let server = Server::start().await;
    let client = server.client().await;
    let context = {
        use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
        let (trace, span) = (TraceId::from_bytes([7; 16]), SpanId::from_bytes([9; 8]));
        opentelemetry::Context::new().with_remote_span_context(SpanContext::new(
            trace,
            span,
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        ))
    };
    use opentelemetry::context::FutureExt as _;
    client.server_info().send().with_context(context).await.unwrap();
    assert_eq!(server.header("traceparent"), [format!("00-{}-{}-01", "07".repeat(16), "09".repeat(8))]);
}

#[tokio::test]
async fn who_does_not_trace_sends_nothing() {
    let server = Server::start().await;
    server.client().await.server_info().send().await.unwrap();
    assert_eq!(server.header("traceparent"), Vec::<String>::new());
}

/// A failure as a registry tells it.
fn refused() -> tonic::Status {
    Refusal::new(registry_client::ErrorReason::BackendUnavailable).into()
}

/// A client that is sent over the network.
async fn connected(endpoint: &str) -> Client {
    Client::builder(endpoint).api_key("c4n4ry").connect().await.unwrap()
}

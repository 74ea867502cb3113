//! What a call tells to whoever traces the program: a span for each, and its context to the registry. May not: tell names, values or
//! credentials.

use http::HeaderMap;
use registry_proto::method::Method;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::Error;

/// Does the work of a call in a span of its own, and notes how it ended.
pub(crate) async fn traced<T>(method: Method, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let span = tracing::info_span!(
        "registry_call",
        otel.name = method.path().trim_start_matches('/'),
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = method.service(),
        rpc.method = method.name(),
        rpc.grpc.status_code = Empty,
        error.reason = Empty,
        attempts = Empty,
        request_id = Empty,
    );
    let outcome = work.instrument(span.clone()).await;
    match &outcome {
        Ok(_) => {
            span.record("rpc.grpc.status_code", 0);
        }
        Err(error) => failed(&span, error),
    }
    outcome
}

fn failed(span: &Span, error: &Error) {
    span.record("rpc.grpc.status_code", i32::from(error.code()));
    span.record("otel.status_code", "ERROR");
    if let Some(reason) = error.reason_name() {
        span.record("error.reason", reason);
    }
    if let Some(id) = error.request_id() {
        span.record("request_id", id);
    }
}

/// Notes how often the request of the current call was sent, and what the registry calls it.
pub(crate) fn answered(attempts: usize, request_id: Option<&str>) {
    let span = Span::current();
    span.record("attempts", attempts);
    if let Some(id) = request_id {
        span.record("request_id", id);
    }
}

/// Notes that an attempt has failed and is followed by another one.
pub(crate) fn repeated(error: &Error, pause: std::time::Duration) {
    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(code = ?error.code(), reason = error.reason_name(), pause_ms, "an attempt has failed, and is made again");
}

/// Tells the registry which trace the call is a part of, in the form that the program has chosen for all its calls; nothing, if it has
/// chosen none. A header that is there already stays.
#[cfg(feature = "opentelemetry")]
pub(crate) fn propagate(headers: &mut HeaderMap) {
    use opentelemetry::Context;
    use opentelemetry::trace::TraceContextExt as _;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    let traced = Span::current().context();
    let context = if traced.span().span_context().is_valid() { traced } else { Context::current() };
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Headers(headers)));
}

/// Without the feature, only the caller knows.
#[cfg(not(feature = "opentelemetry"))]
pub(crate) fn propagate(_headers: &mut HeaderMap) {}

#[cfg(feature = "opentelemetry")]
struct Headers<'a>(&'a mut HeaderMap);

#[cfg(feature = "opentelemetry")]
impl opentelemetry::propagation::Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = http::HeaderName::from_bytes(key.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::try_from(value)) {
            self.0.entry(name).or_insert(value);
        }
    }
}

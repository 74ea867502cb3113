//! A call in its trace: the span that a collector is sent, apart from that of the log, with the names that the field has for it.
//!
//! It goes on where the caller's `traceparent` says. If nothing is sent anywhere, nothing is made, and the log still has the id of the
//! caller's trace. May not: have anything of a message.

use crate::domain::RequestId;
use crate::telemetry::TRACES;
use http::{HeaderMap, HeaderName};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{TraceContextExt, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use registry_proto::method::Method;
use tonic::Code;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A call in its trace.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    span: Span,
    id: Option<TraceId>,
}

impl Trace {
    /// Of a call of the contract; of others there is none.
    pub(super) fn of(method: Option<Method>, headers: &HeaderMap, request_id: &RequestId) -> Self {
        let Some(method) = method else { return Self { span: Span::none(), id: None } };
        let caller = headers.contains_key("traceparent").then(|| TraceContextPropagator::new().extract(&Headers(headers)));
        let span = info_span!(
            target: TRACES,
            parent: None,
            "call",
            otel.kind = "server",
            otel.name = method.path().trim_start_matches('/'),
            otel.status_code = Empty,
            rpc.system = "grpc",
            rpc.service = method.service(),
            rpc.method = method.name(),
            rpc.grpc.status_code = Empty,
            registry.request_id = request_id.as_str(),
        );
        let id = if span.is_disabled() {
            caller.as_ref().and_then(id)
        } else {
            if let Some(caller) = caller {
                // It has only just been made: nothing can have begun in it.
                let _ = span.set_parent(caller);
            }
            id(&span.context())
        };
        Self { span, id }
    }

    /// The span, to work in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Which trace it is, if it is one.
    pub(super) const fn id(&self) -> Option<TraceId> {
        self.id
    }

    /// Says how it ended. Only what is the server's fault is an error of its span.
    pub(super) fn ended(&self, code: Code) {
        self.span.record("rpc.grpc.status_code", i32::from(code));
        let fault = match code {
            Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => true,
            Code::Ok
            | Code::Cancelled
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unauthenticated => false,
        };
        if fault {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

fn id(context: &Context) -> Option<TraceId> {
    let span = context.span();
    let context = span.span_context();
    context.is_valid().then(|| context.trace_id())
}

/// The headers of a call, as whoever reads a context wants them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

//! A request id, a span and a name from a closed set for every call; what comes of it is told by [`Underway`]. The caller's
//! `traceparent` is where its trace goes on.

use super::Next;
use super::rpc::Rpc;
use super::traced::Trace;
use super::underway::{Answering, Underway};
use crate::domain::RequestId;
use crate::domain::audit::Noted;
use crate::metrics::Calls;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderValue;
use tracing::{Instrument, info_span};

const REQUEST_ID: &str = "x-request-id";

/// The caller's `x-request-id` is taken if it can stand in a log line, and replaced if not. The answer has it.
pub(super) async fn call(calls: &Calls, mut request: Request, next: impl Next) -> Response {
    let chosen = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).and_then(RequestId::chosen);
    let request_id = chosen.unwrap_or_else(RequestId::fresh);
    let (rpc, noted) = (Rpc::at(request.uri().path()), Noted::default());
    let trace = Trace::of(rpc.traced(), request.headers(), &request_id);
    let span = info_span!("call", method = rpc.name(request.uri().path()), request_id = request_id.as_str());
    request.extensions_mut().insert(request_id.clone());
    request.extensions_mut().insert(noted.clone());
    let underway = Underway::begins(rpc, calls.clone(), (span.clone(), trace.clone()), noted);
    let response = next(request).instrument(span).instrument(trace.span()).await;
    let mut response = match underway.answered(response.headers()) {
        Some(underway) => response.map(|body| Body::new(Answering::new(body, underway))),
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(request_id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

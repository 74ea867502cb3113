//! A span, a request id and one line in the log for every call. Health and reflection, which are called all the
//! time, are logged at DEBUG; so are calls that are refused because of a limit or for want of credentials, which are counted.

use super::method::{Infrastructure, infrastructure};
use crate::domain::RequestId;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use registry_proto::method::Method;
use std::time::Instant;
use tonic::Code;
use tracing::{Instrument, debug, info, info_span};

const REQUEST_ID: &str = "x-request-id";

/// The caller's `x-request-id` is taken if it can stand in a log line, and replaced if not. The answer has it.
pub(super) async fn call(mut request: Request, next: Next) -> Response {
    let chosen = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).and_then(RequestId::chosen);
    let request_id = chosen.unwrap_or_else(RequestId::fresh);
    let path = request.uri().path();
    let infrastructure = infrastructure(path);
    // From a closed set, whatever a caller writes into the path.
    let method = Method::from_path(path).map(Method::path).or(infrastructure.map(Infrastructure::name)).unwrap_or("unknown");
    let span = info_span!("call", method, request_id = request_id.as_str());
    request.extensions_mut().insert(request_id.clone());
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let duration_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let code = code(&response);
    let counted = matches!(code, Code::ResourceExhausted | Code::Unauthenticated);
    span.in_scope(|| match infrastructure {
        None if !counted => info!(?code, duration_us, "call"),
        _ => debug!(?code, duration_us, "call"),
    });
    if let Ok(value) = HeaderValue::from_str(request_id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A call that failed says so in its headers; one that did not says so behind its message.
fn code(response: &Response) -> Code {
    response.headers().get("grpc-status").map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

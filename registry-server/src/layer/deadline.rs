//! Deadlines: the caller's (`grpc-timeout`) or ours, whichever is sooner, answered DEADLINE_EXCEEDED. A call that is made
//! with a stream takes as long as its caller has to send: it has no deadline of ours.
//!
//! A write that has begun is not interrupted by it: the writer goes on, and the caller is told only that the
//! answer did not come in time.

use super::Next;
use crate::api::{Deadline, status};
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use registry_proto::method::Method;
use std::time::Duration;
use tokio::time::Instant;

/// The longest deadline; a longer or missing one is cut to it.
pub const MAX_DEADLINE: Duration = Duration::from_secs(30);

/// Ends the wait for an answer. A stream that is the answer ends by itself at the caller's deadline, and has none of ours.
pub(super) async fn enforce(mut request: Request, next: impl Next) -> Response {
    // Health and reflection stream for as long as the caller likes.
    let Some(method) = Method::from_path(request.uri().path()) else { return next(request).await };
    let asked = asked(request.headers());
    request.extensions_mut().insert(Deadline(asked.and_then(|asked| Instant::now().checked_add(asked))));
    let deadline = if method.takes_stream() { asked } else { Some(asked.unwrap_or(MAX_DEADLINE).min(MAX_DEADLINE)) };
    let Some(deadline) = deadline else { return next(request).await };
    match tokio::time::timeout(deadline, next(request)).await {
        Ok(response) => response,
        Err(_) => status::late("the deadline passed before there was an answer").into_http(),
    }
}

/// At most 8 digits and a unit, as the gRPC protocol has it. What cannot be read asks for nothing.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = if digits.len() <= 8 { digits.parse().ok()? } else { return None };
    match unit {
        "H" => amount.checked_mul(3600).map(Duration::from_secs),
        "M" => amount.checked_mul(60).map(Duration::from_secs),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

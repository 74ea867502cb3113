//! Corrects the codes that tonic chooses by itself: they say the wrong thing, or carry no reason.

use super::Next;
use crate::api::status;
use axum::extract::Request;
use axum::response::Response;
use registry_proto::v1::ErrorReason;
use tonic::{Code, Status};

pub(super) async fn correct(request: Request, next: impl Next) -> Response {
    let response = next(request).await;
    match corrected(&response) {
        Some(status) => status.into_http(),
        None => response,
    }
}

/// Our own statuses have details; one without is tonic's.
fn corrected(response: &Response) -> Option<Status> {
    let status = Status::from_header_map(response.headers())?;
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        // A message over the size limit.
        Code::OutOfRange => Some(status::refused(Code::ResourceExhausted, ErrorReason::MessageTooLarge, status.message())),
        // Bytes that are no message of the contract, or nested too deep.
        Code::Internal => Some(status::refused(
            Code::InvalidArgument,
            ErrorReason::MalformedMessage,
            "the request is not a message of this method, or is nested too deep",
        )),
        Code::Unimplemented => Some(status::refused(
            Code::Unimplemented,
            ErrorReason::UnknownMethod,
            "this server does not serve this method, or not this encoding of it",
        )),
        _ => None,
    }
}

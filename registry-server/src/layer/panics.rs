//! A panic in a handler is INTERNAL for that caller, and nothing for anybody else.

use crate::api::status;
use axum::body::Body;
use http::Response;
use registry_proto::v1::ErrorReason;
use std::any::Any;
use tonic::Code;

pub(super) fn answer(panic: Box<dyn Any + Send>) -> Response<Body> {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("a value without a text"), "a handler panicked");
    status::refused(Code::Internal, ErrorReason::Internal, "internal error").into_http()
}

//! A panic in a handler is INTERNAL for that caller, and nothing for anybody else.

use crate::api::status;
use crate::domain::{Error, RequestId};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;

pub(super) async fn catch(request: Request, next: Next) -> Response {
    let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => status::of(&Error::bug(format!("a handler panicked: {}", said(&*panic))), &request_id).into_http(),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text")
}

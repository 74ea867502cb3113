//! `x-registry-revision` on every answer: what was read is at least as new as it; what was written is covered
//! by it.

use super::Next;
use crate::store::Store;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderValue;
use registry_proto::method::{Idempotency, Method};

pub(super) async fn announce(store: &Store, request: Request, next: impl Next) -> Response {
    let Some(method) = Method::from_path(request.uri().path()) else { return next(request).await };
    let before = store.head();
    let mut response = next(request).await;
    let revision = match method.idempotency() {
        // A read may have begun before writes that are committed by now: it promises what was there then.
        Idempotency::NoSideEffects => before,
        Idempotency::Idempotent | Idempotency::Unknown => store.head(),
    };
    response.headers_mut().insert("x-registry-revision", HeaderValue::from(revision.number()));
    response
}

//! Gives answers again that are kept, and keeps them. It stands inside of all other layers: who calls, whether he may, what he may
//! take and until when is decided before, and what is told of a call is told of these as well.
//!
//! May not: answer anything that the handler would not answer now, with the same headers; hold a call back.

use super::Next;
use crate::api::{min_revision, status};
use crate::cache::{Asked, Cache, DependsOn, MAX_QUESTION};
use crate::domain::{Caller, Error, RequestId};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::BodyExt;
use registry_proto::method::Method;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

const STATUS: &str = "grpc-status";
const WELL: HeaderValue = HeaderValue::from_static("0");
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// Says that a message is not as it came from whoever made it, or in what form.
const ENCODING: &str = "grpc-encoding";

pub(super) async fn recall(cache: Option<&Cache>, request: Request, next: impl Next) -> Response {
    let kept = Method::from_path(request.uri().path()).filter(is_kept);
    let (Some(cache), Some(method)) = (cache, kept) else { return next(request).await };
    let caller: Option<Arc<Caller>> = request.extensions().get().cloned();
    let (Some(caller), Ok(least), true) = (caller, min_revision(request.headers()), is_plain(&request)) else {
        cache.pass();
        return next(request).await;
    };
    let (parts, body) = request.into_parts();
    // It has been read already: nobody waits for the caller here.
    let Ok(message) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        let request_id = parts.extensions.get().cloned().unwrap_or_else(RequestId::fresh);
        return status::of(&Error::RequestBroken, &request_id).into_http();
    };
    let asked = Asked { method: method.path(), scope: &caller.scope, message: &message };
    if let Some(answer) = cache.recall(&asked, least).await {
        return given(answer);
    }
    let read = cache.mark();
    let mut response = next(Request::from_parts(parts, Body::from(message.clone()))).await;
    match response.extensions_mut().remove() {
        Some(depends) => keep(cache, &asked, (read, depends), response).await,
        None => response,
    }
}

/// The methods whose answers can be kept: those that read one thing.
const fn is_kept(method: &Method) -> bool {
    matches!(method, Method::GetModel | Method::GetRelease | Method::ResolveRelease)
}

/// A message that is small, and not compressed.
fn is_plain(request: &Request) -> bool {
    let most = u64::try_from(MAX_QUESTION).unwrap_or(u64::MAX);
    request.body().size_hint().exact().is_some_and(|bytes| bytes <= most) && !request.headers().contains_key(ENCODING)
}

/// Keeps the answer, if it is one, on its way.
async fn keep(
    cache: &Cache,
    asked: &Asked<'_>,
    (read, depends): (crate::store::Mark, DependsOn),
    response: Response,
) -> Response {
    let (parts, body) = response.into_parts();
    let collected = match body.collect().await {
        Ok(collected) => collected,
        Err(broken) => return Response::from_parts(parts, Body::new(Broken(Some(broken)))),
    };
    let trailers = collected.trailers().cloned();
    let message = collected.to_bytes();
    if trailers.as_ref().and_then(|trailers| trailers.get(STATUS)) == Some(&WELL) {
        cache.keep(asked, read, depends, &message);
    }
    Response::from_parts(parts, Body::new(Told { message: Some(message), trailers }))
}

/// An answer that is kept, as tonic sends one that is made.
fn given(message: Bytes) -> Response {
    let trailers = HeaderMap::from_iter([(http::HeaderName::from_static(STATUS), WELL)]);
    let mut response = Response::new(Body::new(Told { message: Some(message), trailers: Some(trailers) }));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// The body of an answer: one message and a status. Its length is not told beforehand, as that of others is not.
struct Told {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let message = self.message.take().map(Frame::data);
        let frame = message.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && self.trailers.is_none()
    }
}

/// The body of an answer that broke while it was made.
struct Broken(Option<axum::Error>);

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

//! A panic in a call is INTERNAL for its caller, and nothing for anybody else: in the handler, and also later, while the
//! answer is being sent, because a stream works then.

#[cfg(panic = "abort")]
compile_error!("the server is to be built with panics that unwind: one call would end all others");

use super::Next;
use crate::api::status;
use crate::domain::{Error, RequestId};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::Status;

pub(super) async fn catch(request: Request, next: impl Next) -> Response {
    let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
    match AssertUnwindSafe(next(request)).catch_unwind().await {
        Ok(response) => response.map(|body| Body::new(Guarded { body: Some(body), request_id })),
        Err(panic) => internal("a handler", &*panic, &request_id).into_http(),
    }
}

/// An answer on its way.
struct Guarded {
    /// `None` once it has panicked: it is not touched again.
    body: Option<Body>,
    request_id: RequestId,
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx))).unwrap_or_else(|panic| {
            self.body = None;
            let mut trailers = HeaderMap::new();
            // Without trailers the caller is told by his own library that there were none.
            let _ = internal("an answer", &*panic, &self.request_id).add_header(&mut trailers);
            Poll::Ready(Some(Ok(Frame::trailers(trailers))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

fn internal(what: &str, panic: &(dyn Any + Send), request_id: &RequestId) -> Status {
    status::of(&Error::bug(format!("{what} panicked: {}", said(panic))), request_id)
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text")
}

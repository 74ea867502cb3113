//! A call from its first byte to its last. When it ends it is counted, has its one line in the log, and ends its span.
//!
//! It ends with the status in its trailers, or in its headers if it failed at once. One that is dropped before has been cancelled: its
//! caller went away. Health and reflection, which are called all the time, are logged at DEBUG; so are calls that are refused
//! because of a limit or for want of credentials, which are counted.

use super::rpc::{Rpc, code_name};
use super::traced::Trace;
use crate::domain::audit::Noted;
use crate::domain::caller::Caller;
use crate::metrics::Calls;
use axum::body::{Body, Bytes, HttpBody};
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tonic::Code;
use tracing::{Span, debug, info};

const STATUS: &str = "grpc-status";

/// A call that has begun. Dropped, it has ended.
pub(super) struct Underway {
    rpc: Rpc,
    calls: Calls,
    span: Span,
    trace: Trace,
    noted: Noted,
    began: Instant,
    /// How it ended; until then, as it does if nobody waits for it any more.
    code: Code,
}

impl Underway {
    pub(super) fn begins(rpc: Rpc, calls: Calls, (span, trace): (Span, Trace), noted: Noted) -> Self {
        calls.begins(&rpc.labels());
        Self { rpc, calls, span, trace, noted, began: Instant::now(), code: Code::Cancelled }
    }

    /// The headers of the answer are there. Itself, if it goes on.
    pub(super) fn answered(self, headers: &HeaderMap) -> Option<Self> {
        match status(headers) {
            Some(code) => {
                self.ended(code);
                None
            }
            None => Some(self),
        }
    }

    fn ended(mut self, code: Code) {
        self.code = code;
    }

    fn tell(&self, after: Duration) {
        let duration_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let (code, caller, trace_id) = (self.code, self.noted.caller(), self.trace.id().map(tracing::field::display));
        let key_id = caller.and_then(Caller::key).map(|(id, _)| tracing::field::display(id));
        let caller = caller.map(|caller| caller.actor.as_str());
        let counted = matches!(code, Code::ResourceExhausted | Code::Unauthenticated);
        self.span.in_scope(|| match self.rpc.traced() {
            Some(_) if !counted => info!(?code, duration_us, caller, key_id, trace_id, "call"),
            _ => debug!(?code, duration_us, caller, key_id, trace_id, "call"),
        });
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let after = self.began.elapsed();
        self.calls.ended(self.rpc.labels(), code_name(self.code), after);
        self.trace.ended(self.code);
        self.tell(after);
    }
}

fn status(headers: &HeaderMap) -> Option<Code> {
    headers.get(STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// An answer on its way. What a stream does meanwhile, it does within the span of its call.
pub(super) struct Answering {
    body: Body,
    /// `None` once it has ended.
    underway: Option<Underway>,
}

impl Answering {
    pub(super) const fn new(body: Body, underway: Underway) -> Self {
        Self { body, underway: Some(underway) }
    }

    fn ended(&mut self, code: Code) {
        if let Some(underway) = self.underway.take() {
            underway.ended(code);
        }
    }
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let spans = self.underway.as_ref().map(|underway| (underway.span.clone(), underway.trace.span()));
        let body = Pin::new(&mut self.body);
        let polled = match spans {
            Some((span, trace)) => trace.in_scope(|| span.in_scope(|| body.poll_frame(cx))),
            None => body.poll_frame(cx),
        };
        let frame = ready!(polled);
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.ended(status(trailers).unwrap_or(Code::Unknown));
                }
            }
            // An answer without a status, or one that broke: its caller is told by his own library.
            Some(Err(_)) | None => self.ended(Code::Unknown),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

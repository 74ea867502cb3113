//! Lets a call through, or refuses it: its rate, its place among the calls in hand, and the bytes of its request.
//!
//! An upload has no one message: its method takes what comes a message at a time, and counts uploads instead of bytes.
//! Health is asked when a server is in trouble: it needs no place and has no rate, and its message has room for a name. What is
//! streamed to reflection is bounded for each call, and is not among the bytes in hand.

use super::super::Next;
use super::super::method::{Infrastructure, infrastructure};
use super::{CallLimits, Rate, SOON, Who, message};
use crate::api::{MAX_REQUEST_BYTES, status};
use crate::domain::{Caller, Error, Limit, RequestId};
use crate::refusals::Refusals;
use crate::shares::{Share, Shares};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use registry_proto::method::Method;
use std::sync::Arc;
use std::time::Duration;

/// How large a message may be of somebody without credentials, of a probe, and all that one call of reflection asks.
const MAX_ANONYMOUS: usize = 4 * 1024;
const MAX_HEALTH: usize = 1024;
const MAX_REFLECTION: usize = 64 * 1024;

/// The limits of calls, and what is taken of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    calls: Shares<Who>,
    bytes: Shares<Who>,
    rate: Rate<Who>,
    refusals: Refusals,
}

/// What a call has taken, until it ends.
struct Held {
    _place: Share<Who>,
    _bytes: Share<Who>,
}

pub(in crate::layer) async fn enforce(gate: &Gate, request: Request, next: impl Next) -> Response {
    let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
    let caller: Option<Arc<Caller>> = request.extensions().get().cloned();
    let admitted = match (infrastructure(request.uri().path()), caller) {
        (_, None) => Err(Error::bug("a call by nobody")),
        (Some(Infrastructure::Health), _) => Ok((bounded(request, MAX_HEALTH, &request_id), None)),
        (Some(Infrastructure::Reflection), Some(caller)) => {
            gate.rate(&caller).map(|()| (bounded(request, MAX_REFLECTION, &request_id), None))
        }
        (None, Some(caller)) => gate.admit(request, &caller).await.map(|(request, held)| (request, Some(held))),
    };
    match admitted {
        Ok((request, held)) => {
            let response = next(request).await;
            drop(held);
            response
        }
        Err(error) => {
            if let Error::RateLimited { limit, .. } = &error {
                gate.refusals.happened(*limit);
            }
            status::of(&error, &request_id).into_http()
        }
    }
}

impl Gate {
    /// With nothing taken. Where callers are not told apart, each of them may take everything.
    #[must_use]
    pub fn new(limits: &CallLimits, told_apart: bool, refusals: &Refusals) -> Self {
        let shares = |all: usize| Shares::new(all, if told_apart { all.div_ceil(2) } else { all });
        Self {
            calls: shares(limits.calls_in_flight),
            bytes: shares(limits.request_bytes_in_flight),
            rate: Rate::new(limits.calls_per_second, Duration::from_secs(1)),
            refusals: refusals.clone(),
        }
    }

    fn rate(&self, caller: &Caller) -> Result<(), Error> {
        self.rate.check(&Who::calls(caller)).map_err(|retry| Error::RateLimited { limit: Limit::CallsPerSecond, retry })
    }

    async fn admit(&self, request: Request, caller: &Caller) -> Result<(Request, Held), Error> {
        self.rate(caller)?;
        let holder = Who::holds(caller);
        let full = |_| Error::RateLimited { limit: Limit::CallsInFlight, retry: SOON };
        let place = self.calls.take(holder.clone()).map_err(full)?;
        let most = if holder == Who::Anonymous { MAX_ANONYMOUS } else { MAX_REQUEST_BYTES };
        let mut bytes = self.bytes.none(holder);
        if Method::from_path(request.uri().path()).is_some_and(Method::takes_stream) {
            return Ok((request, Held { _place: place, _bytes: bytes }));
        }
        let (parts, body) = request.into_parts();
        let message = message::read(body, most, &mut bytes).await?;
        Ok((Request::from_parts(parts, Body::from(message)), Held { _place: place, _bytes: bytes }))
    }
}

/// With a body of at most so many bytes. tonic finds the status in the error of the body, and answers with it.
fn bounded(request: Request, most: usize, request_id: &RequestId) -> Request {
    let request_id = request_id.clone();
    let too_large = move |_| status::of(&Error::RequestTooLarge { limit: most }, &request_id);
    request.map(|body| Body::new(Limited::new(body, most).map_err(too_large)))
}

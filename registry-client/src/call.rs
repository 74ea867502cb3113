//! One logical call: a request, its id, its deadline, and the attempts to get it answered. Knows every RPC and none in particular.

use std::time::Duration;

use backon::Retryable as _;
use tokio::time::{Instant, timeout_at};
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use crate::options::{MIN_REVISION, Options, REQUEST_ID, per_call};
use crate::rpc::Rpc;
use crate::{Client, Error, retry, trace};

/// The header in which the registry tells the revision that an answer was read or written at.
const REVISION: &str = "x-registry-revision";
/// The header that tells the answer to an earlier attempt from a new one.
const REPLAYED: &str = "x-replayed";

/// What a call came to, and what the headers of the answer said about it.
///
/// ```no_run
/// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
/// let answer = client.get_model("llama-3-7b").send_with_meta().await?;
/// println!("{} as of revision {:?}", answer.value.name, answer.revision);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The answer itself.
    pub value: T,
    /// The registry revision it stands for, if the server told it.
    pub revision: Option<i64>,
    /// The name of the call in the log of the server, if the server told it.
    pub request_id: Option<String>,
    /// Whether the change was made by an earlier call or attempt with the same request id, whose answer this is.
    pub replayed: bool,
}

impl<T> Answer<T> {
    fn new(response: tonic::Response<T>) -> Self {
        let (metadata, value, _) = response.into_parts();
        let revision = header(&metadata, REVISION).and_then(|revision| revision.parse().ok());
        let replayed = header(&metadata, REPLAYED) == Some("true");
        Self { value, revision, request_id: request_id(&metadata), replayed }
    }

    fn try_map<U>(self, map: impl FnOnce(T) -> Result<U, Error>) -> Result<Answer<U>, Error> {
        let Self { value, revision, request_id, replayed } = self;
        Ok(Answer { value: map(value)?, revision, request_id, replayed })
    }
}

fn header<'a>(metadata: &'a MetadataMap, name: &str) -> Option<&'a str> {
    metadata.get(name)?.to_str().ok()
}

/// The name of the call that came with the headers.
pub(crate) fn request_id(metadata: &MetadataMap) -> Option<String> {
    header(metadata, REQUEST_ID).map(str::to_owned)
}

/// Any request message, ready to be sent with the deadline, the retries and the errors of the client. Made by [`Client::call`].
///
/// If the message has a `request_id` and leaves it empty, a new one is filled in when it is sent.
///
/// ```no_run
/// use registry_client::pb;
///
/// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
/// let request = pb::ListModelsRequest { page_size: -1, ..Default::default() };
/// let error = client.call(request).send().await.unwrap_err();
/// assert_eq!(error.violations()[0].field, "page_size");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct Call<R: Rpc> {
    client: Client,
    pub(crate) request: R,
    pub(crate) options: Options,
    min_revision: Option<i64>,
}

per_call!(Call<R: Rpc>: options);

impl<R: Rpc> Call<R> {
    pub(crate) fn new(client: Client, request: R) -> Self {
        Self { client, request, options: Options::default(), min_revision: None }
    }

    /// One call made of several, which must ask for nothing that only a call of its own can have.
    pub(crate) fn batch<I: Rpc>(client: Client, calls: impl Iterator<Item = Call<I>>, request: impl FnOnce(Vec<I>) -> R) -> Self {
        let mut unfit = None;
        let requests = calls.enumerate().map(|(place, call)| {
            let why = call.unfit().map(|(field, why)| (format!("requests[{place}].{field}"), why.to_owned()));
            unfit = unfit.take().or(why);
            call.request
        });
        let requests = requests.collect();
        let mut batch = Self::new(client, request(requests));
        if let Some((field, why)) = unfit {
            batch.refuse(field, why);
        }
        batch
    }

    /// Why the call cannot be one of several.
    fn unfit(&self) -> Option<(&str, &str)> {
        const WHOLE: &str = "can be set only for the batch as a whole";
        if self.request.request_id().is_some_and(|id| !id.is_empty()) {
            return Some(("request_id", WHOLE));
        }
        if self.request.validate_only() {
            return Some(("validate_only", WHOLE));
        }
        self.options.unfit()
    }

    /// Gives this call another deadline than the client has: this long, attempts and pauses together.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.set_timeout(timeout);
        self
    }

    /// Reads the registry as it was at this revision or later, so that what was written up to there is seen, whichever server answers.
    /// Travels in the header `x-min-revision`, which means nothing to methods that write.
    pub fn min_revision(mut self, revision: i64) -> Self {
        self.min_revision = Some(revision);
        self
    }

    /// Remembers that the call cannot be sent, to say so when it is. The first reason stays.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.options.refuse(field, why);
    }

    /// Sends the request and waits for the answer.
    ///
    /// # Errors
    ///
    /// Whatever the registry refuses with, and [`Error::Transport`] or [`Error::DeadlineExceeded`] if there is no answer.
    pub async fn send(self) -> Result<R::Response, Error> {
        Ok(self.execute().await?.value)
    }

    /// Like [`send`](Self::send), and also returns what the headers say.
    ///
    /// # Errors
    ///
    /// See [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<Answer<R::Response>, Error> {
        self.execute().await
    }

    /// Sends the request and takes out of the answer what the caller is interested in.
    pub(crate) async fn send_as<T>(
        &self,
        unwrap: impl FnOnce(R::Response, &R) -> Result<T, &'static str>,
    ) -> Result<Answer<T>, Error> {
        let answer = self.execute().await?;
        answer.try_map(|response| {
            let unwrapped = unwrap(response, &self.request);
            unwrapped.map_err(|what| Error::protocol(<R as Rpc>::METHOD, what).of_call(self.request.validate_only(), false))
        })
    }

    async fn execute(&self) -> Result<Answer<R::Response>, Error> {
        // On the heap: what a call is made of is large, and whoever awaits one would have it on his stack several times over.
        trace::traced(<R as Rpc>::METHOD, Box::pin(self.attempts())).await
    }

    async fn attempts(&self) -> Result<Answer<R::Response>, Error> {
        self.options.allowed(<R as Rpc>::METHOD)?;
        let request = identified(&self.request);
        let repeatable = retry::repeatable(&request);
        let policy = self.options.retry(&self.client);
        let timeout = self.options.timeout().unwrap_or(self.client.timeout()).min(MAX_TIMEOUT);
        let deadline = Instant::now() + timeout;
        let (mut attempts, mut in_doubt) = (0, false);
        let attempt = || {
            attempts += 1;
            let patience = policy.patience(attempts).filter(|patience| repeatable && *patience < left(deadline));
            self.attempt(&request, deadline, patience.unwrap_or(timeout))
        };
        let outcome = attempt
            .retry(policy.backoff())
            .when(|error| retry::allowed(repeatable, error))
            .adjust(|error, pause| retry::pause(error, pause, left(deadline)))
            .notify(|error, pause| {
                trace::repeated(error, pause);
                in_doubt |= error.outcome_unknown();
            })
            .await;
        trace::answered(attempts, outcome.as_ref().ok().and_then(|answer| answer.request_id.as_deref()));
        outcome.map_err(|error| error.of_call(request.validate_only(), in_doubt))
    }

    /// Sends the request once, and waits for the answer so long, or until the deadline of the call if that is sooner.
    async fn attempt(&self, request: &R, deadline: Instant, patience: Duration) -> Result<Answer<R::Response>, Error> {
        let late = || Error::deadline(<R as Rpc>::METHOD, patience);
        let end = deadline.min(Instant::now() + patience);
        let answer = Box::pin(R::dispatch(self.client.connection(), self.message(request, deadline)));
        match timeout_at(end, answer).await {
            Ok(Ok(response)) => Ok(Answer::new(response)),
            Ok(Err(status)) => Err(match Error::from_status(<R as Rpc>::METHOD, status) {
                // Some servers and proxies give up at the deadline in these words.
                Error::Cancelled(_) if left(deadline).is_zero() => late(),
                error => error,
            }),
            Err(_) => Err(late()),
        }
    }

    /// The server is told the deadline of the call and not that of the attempt: what it finishes meanwhile, it can tell the next one.
    fn message(&self, request: &R, deadline: Instant) -> tonic::Request<R> {
        let mut request = self.options.request(request.clone());
        request.set_timeout(left(deadline));
        if let Some(revision) = self.min_revision {
            request.metadata_mut().insert(MIN_REVISION, revision.into());
        }
        request
    }
}

/// The request with an id, if it can have one: the same for all attempts, and another one for each call.
fn identified<R: Rpc>(request: &R) -> R {
    let mut request = request.clone();
    if let Some(id) = request.request_id_mut().filter(|id| id.is_empty()) {
        *id = new_id();
    }
    request
}

#[expect(clippy::disallowed_methods, reason = "the server has one source of ids, and this is not the server")]
pub(crate) fn new_id() -> String {
    Uuid::new_v4().to_string()
}

/// What the wire format of deadlines can carry is longer, and what anybody can wait for is shorter.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// The end of every builder: what is common to all calls, or to all that read or write, and how to take the answer apart.
macro_rules! sends {
    (read $Builder:ident -> $Value:ty, $unwrap:expr) => {
        impl $Builder {
            /// Reads the registry as it was at this revision or later. With the `revision` of something that was written or read before,
            /// the answer is no older than that, whichever of several servers behind a balancer gives it.
            pub fn min_revision(mut self, revision: i64) -> Self {
                self.call = self.call.min_revision(revision);
                self
            }
        }

        crate::call::sends!($Builder -> $Value, $unwrap);
    };
    (write $Builder:ident -> $Value:ty, $unwrap:expr) => {
        impl $Builder {
            /// The id of this change, a UUID, instead of a new one for each call. The registry makes a change with the same id once: sent
            /// again with this id, at any time for which it [remembers ids](crate::Limits), the same request gets the first answer,
            /// [replayed](crate::Answer::replayed). Another request with this id is refused with
            /// [`ErrorReason::RequestIdReused`](crate::ErrorReason::RequestIdReused). Keep it somewhere before you send, to be able to
            /// repeat a call whose [outcome is unknown](crate::Error::outcome_unknown), also after a restart.
            pub fn request_id(mut self, id: impl Into<String>) -> Self {
                self.call.request.request_id = id.into();
                self
            }
        }

        crate::call::sends!($Builder -> $Value, $unwrap);
    };
    ($Builder:ident -> $Value:ty, $unwrap:expr) => {
        crate::options::per_call!($Builder: call.options);

        impl $Builder {
            /// Gives this call another deadline than the client has: this long, attempts and pauses together.
            pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self.call = self.call.timeout(timeout);
                self
            }

            /// Sends the request and waits for the answer.
            ///
            /// # Errors
            ///
            /// Whatever the registry refuses with, [`Error::Transport`](crate::Error::Transport) or
            /// [`Error::DeadlineExceeded`](crate::Error::DeadlineExceeded) if there is no answer, and
            /// [`Error::Protocol`](crate::Error::Protocol) if the answer lacks what it must hold.
            pub async fn send(self) -> Result<$Value, crate::Error> {
                Ok(self.send_with_meta().await?.value)
            }

            /// Like [`send`](Self::send), and also returns what the headers of the answer say.
            ///
            /// # Errors
            ///
            /// See [`send`](Self::send).
            pub async fn send_with_meta(self) -> Result<crate::Answer<$Value>, crate::Error> {
                self.call.send_as($unwrap).await
            }
        }
    };
}

pub(crate) use sends;

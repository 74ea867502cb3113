//! One logical call: a request, its deadline, and the attempts to get it answered. Knows every RPC and none in particular.

use std::time::Duration;

use backon::Retryable as _;
use tokio::time::{Instant, timeout_at};
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

use crate::rpc::Rpc;
use crate::{Client, Error, retry};

/// The header in which the registry tells the revision that an answer was read or written at.
const REVISION: &str = "x-registry-revision";
/// The header that names a call in the logs of both sides.
const REQUEST_ID: &str = "x-request-id";

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
}

impl<T> Answer<T> {
    fn new(response: tonic::Response<T>) -> Self {
        let (metadata, value, _) = response.into_parts();
        let revision = header(&metadata, REVISION).and_then(|revision| revision.parse().ok());
        Self { value, revision, request_id: header(&metadata, REQUEST_ID).map(str::to_owned) }
    }

    fn try_map<U>(self, map: impl FnOnce(T) -> Result<U, Error>) -> Result<Answer<U>, Error> {
        let Self { value, revision, request_id } = self;
        Ok(Answer { value: map(value)?, revision, request_id })
    }
}

fn header<'a>(metadata: &'a MetadataMap, name: &str) -> Option<&'a str> {
    metadata.get(name)?.to_str().ok()
}

/// The request id that came with the headers of an error.
pub(crate) fn request_id(metadata: &MetadataMap) -> Option<String> {
    header(metadata, REQUEST_ID).map(str::to_owned)
}

/// Something that was asked for in a builder and cannot be sent.
#[derive(Clone, Debug)]
struct Refusal {
    field: String,
    why: String,
}

/// Any request message, ready to be sent with the deadline, the retries and the errors of the client. Made by [`Client::call`].
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
    timeout: Option<Duration>,
    correlation_id: Option<MetadataValue<Ascii>>,
    refusal: Option<Refusal>,
}

impl<R: Rpc> Call<R> {
    pub(crate) fn new(client: Client, request: R) -> Self {
        Self { client, request, timeout: None, correlation_id: None, refusal: None }
    }

    /// Gives this call another deadline than the client has: this long, attempts and pauses together.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Names this call in the header `x-request-id`, so that it can be found in the logs of both sides. Visible ASCII. Every attempt
    /// carries the same one.
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        match MetadataValue::try_from(id.into()) {
            Ok(id) => self.correlation_id = Some(id),
            Err(_) => self.refuse(REQUEST_ID, "is not visible ASCII"),
        }
        self
    }

    /// Remembers that the call cannot be sent, to say so when it is. The first reason stays.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.refusal.get_or_insert_with(|| Refusal { field: field.into(), why: why.into() });
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
        answer.try_map(|response| unwrap(response, &self.request).map_err(|what| Error::protocol(R::METHOD, what)))
    }

    async fn execute(&self) -> Result<Answer<R::Response>, Error> {
        if let Some(Refusal { field, why }) = &self.refusal {
            return Err(Error::refused(R::METHOD, field, why));
        }
        let timeout = self.timeout.unwrap_or(self.client.timeout()).min(MAX_TIMEOUT);
        let deadline = Instant::now() + timeout;
        let attempt = || async {
            match timeout_at(deadline, R::dispatch(self.client.raw_channel(), self.attempt(deadline))).await {
                Ok(Ok(response)) => Ok(Answer::new(response)),
                Ok(Err(status)) => Err(match Error::from_status(R::METHOD, status) {
                    // Some servers and proxies give up at the deadline in these words.
                    Error::Cancelled(_) if left(deadline).is_zero() => Error::deadline(R::METHOD, timeout),
                    error => error,
                }),
                Err(_) => Err(Error::deadline(R::METHOD, timeout)),
            }
        };
        attempt
            .retry(self.client.retry_policy().backoff())
            .when(|error| retry::allowed(R::METHOD, error))
            .adjust(|error, pause| retry::pause(error, pause, left(deadline)))
            .await
    }

    fn attempt(&self, deadline: Instant) -> tonic::Request<R> {
        let mut request = tonic::Request::new(self.request.clone());
        request.set_timeout(left(deadline));
        if let Some(id) = &self.correlation_id {
            request.metadata_mut().insert(REQUEST_ID, id.clone());
        }
        request
    }
}

/// What the wire format of deadlines can carry is longer, and what anybody can wait for is shorter.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// The end of every builder: what is common to all calls, and how to take the answer apart.
macro_rules! sends {
    ($Builder:ident -> $Value:ty, $unwrap:expr) => {
        impl $Builder {
            /// Gives this call another deadline than the client has: this long, attempts and pauses together.
            pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self.call = self.call.timeout(timeout);
                self
            }

            /// Names this call in the header `x-request-id`, so that it can be found in the logs of both sides. Visible ASCII.
            pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
                self.call = self.call.correlation_id(id);
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

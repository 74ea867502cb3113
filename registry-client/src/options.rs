//! What can be said of any one call, whatever it asks for: how long it may take, how it is repeated, what goes in its headers. May not:
//! know any RPC, or send anything.

use std::fmt;
use std::time::Duration;

use registry_proto::method::Method;
use tonic::metadata::{Ascii, AsciiMetadataKey, MetadataMap, MetadataValue};

use crate::{Client, Error, RetryPolicy};

/// The header that names a call in the logs of both sides.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// The header that says at which revision a read must be made at least.
pub(crate) const MIN_REVISION: &str = "x-min-revision";

/// The headers that mean something to the registry or to gRPC, and how they are set instead.
const RESERVED: [(&str, &str); 7] = [
    ("authorization", "is set with an API key"),
    (REQUEST_ID, "is set with `correlation_id`"),
    (MIN_REVISION, "is set with `min_revision`"),
    ("content-type", "is set by the client"),
    ("host", "is set by the client"),
    ("te", "is set by the client"),
    ("user-agent", "is set by the client"),
];

/// What is said of one call.
#[derive(Clone, Default)]
pub(crate) struct Options {
    timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    headers: Vec<(AsciiMetadataKey, MetadataValue<Ascii>)>,
    refusal: Option<Refusal>,
}

/// Something that was asked for and cannot be sent.
#[derive(Clone, Debug)]
struct Refusal {
    field: String,
    why: String,
}

impl Options {
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    pub(crate) fn set_retry(&mut self, retry: RetryPolicy) {
        self.retry = Some(retry);
    }

    pub(crate) fn set_correlation_id(&mut self, id: String) {
        self.put(REQUEST_ID, id);
    }

    pub(crate) fn set_header(&mut self, name: &str, value: String) {
        let lower = name.to_ascii_lowercase();
        match RESERVED.iter().find(|(reserved, _)| *reserved == lower) {
            Some((_, how)) => self.refuse(lower, *how),
            None if lower.starts_with("grpc-") => self.refuse(lower, "is set by the client"),
            None => self.put(name, value),
        }
    }

    /// The value is not repeated: it may be a secret.
    fn put(&mut self, name: &str, value: String) {
        let Ok(key) = AsciiMetadataKey::from_bytes(name.as_bytes()) else {
            return self.refuse(name, "is not the name of a header with text in it");
        };
        let Ok(value) = MetadataValue::try_from(value) else { return self.refuse(name, "is not visible ASCII") };
        self.headers.retain(|(known, _)| *known != key);
        self.headers.push((key, value));
    }

    /// Remembers that the call cannot be sent, to say so when it is. The first reason stays.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.refusal.get_or_insert_with(|| Refusal { field: field.into(), why: why.into() });
    }

    /// That nothing was said that cannot be done.
    pub(crate) fn allowed(&self, method: Method) -> Result<(), Error> {
        match &self.refusal {
            Some(Refusal { field, why }) => Err(Error::refused(method, field, why)),
            None => Ok(()),
        }
    }

    /// What only a call of its own can have, or why it cannot be sent at all.
    pub(crate) fn unfit(&self) -> Option<(&str, &str)> {
        const WHOLE: &str = "can be set only for the batch as a whole";
        if let Some(Refusal { field, why }) = &self.refusal {
            return Some((field, why));
        }
        if self.timeout.is_some() {
            return Some(("timeout", WHOLE));
        }
        if self.retry.is_some() {
            return Some(("retry", WHOLE));
        }
        self.headers.first().map(|(name, _)| (name.as_str(), WHOLE))
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The policy of the call, or else that of the client.
    pub(crate) fn retry<'a>(&'a self, client: &'a Client) -> &'a RetryPolicy {
        self.retry.as_ref().unwrap_or_else(|| client.retry_policy())
    }

    pub(crate) fn write_headers(&self, metadata: &mut MetadataMap) {
        for (name, value) in &self.headers {
            metadata.insert(name.clone(), value.clone());
        }
    }

    /// A request with the headers and nothing else.
    pub(crate) fn request<M>(&self, message: M) -> tonic::Request<M> {
        let mut request = tonic::Request::new(message);
        self.write_headers(request.metadata_mut());
        request
    }
}

impl fmt::Debug for Options {
    /// Without the values of the headers, which may be secrets of whatever is in front of the registry.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { timeout, retry, headers, refusal } = self;
        let headers: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Options")
            .field("timeout", timeout)
            .field("retry", retry)
            .field("headers", &headers)
            .field("refusal", refusal)
            .finish()
    }
}

/// What can be said of a call in every builder, given where its [`Options`] are.
macro_rules! per_call {
    ($Builder:ident $(<$R:ident: $Bound:path>)?: $($options:ident).+) => {
        impl $(<$R: $Bound>)? $Builder $(<$R>)? {
            /// How this call is repeated when it fails, instead of how the client does it.
            ///
            /// ```no_run
            /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
            /// client.get_model("llama-3-7b").retry(registry_client::RetryPolicy::none()).send().await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn retry(mut self, policy: crate::RetryPolicy) -> Self {
                self.$($options).+.set_retry(policy);
                self
            }

            /// Names this call in the header `x-request-id`, so that it can be found in the logs of both sides. Visible ASCII. Every
            /// attempt carries the same one.
            ///
            /// ```no_run
            /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
            /// client.get_model("llama-3-7b").correlation_id("rollout-42").send().await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
                self.$($options).+.set_correlation_id(id.into());
                self
            }

            /// Sends a header of your own with every attempt, for what is in front of the registry: a proxy, a mesh. Visible ASCII. Once more
            /// with another name for another one; those that mean something to the registry or to gRPC are refused.
            ///
            /// ```no_run
            /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
            /// client.get_model("llama-3-7b").header("x-tenant", "blue").send().await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
                self.$($options).+.set_header(name.as_ref(), value.into());
                self
            }
        }
    };
}

pub(crate) use per_call;

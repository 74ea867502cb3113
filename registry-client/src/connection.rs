//! The connection that all calls go over, and the API key that goes with each of them. May not: know any RPC.

use std::fmt;
use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response};
use tonic::body::Body;
use tonic::transport::Channel;
use tower_service::Service;

/// The connection of a [`Client`](crate::Client), with its API key if it has one: what the generated stubs are made over. Cheap to clone.
///
/// ```no_run
/// use registry_client::pb::system_service_client::SystemServiceClient;
///
/// # fn run(client: registry_client::Client) {
/// let stub = SystemServiceClient::new(client.connection());
/// # }
/// ```
#[derive(Clone)]
pub struct Connection {
    channel: Channel,
    key: Option<ApiKey>,
}

impl Connection {
    pub(crate) fn new(channel: Channel, key: Option<ApiKey>) -> Self {
        Self { channel, key }
    }

    pub(crate) fn with_key(self, key: ApiKey) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = <Channel as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(ApiKey(key)) = &self.key {
            // Whoever has said by himself who he is knows better.
            request.headers_mut().entry(AUTHORIZATION).or_insert_with(|| key.clone());
        }
        self.channel.call(request)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("api_key", &self.key).finish_non_exhaustive()
    }
}

/// The header that an API key is sent in.
#[derive(Clone)]
pub(crate) struct ApiKey(HeaderValue);

impl ApiKey {
    /// Or what is wrong with it, without repeating it.
    pub(crate) fn new(secret: &str) -> Result<Self, &'static str> {
        if secret.is_empty() {
            return Err("the API key is empty");
        }
        let header = HeaderValue::try_from(format!("Bearer {secret}")).ok();
        let header = header.filter(|_| secret.bytes().all(|byte| byte.is_ascii_graphic()));
        let mut header =
            header.ok_or("the API key has something other than visible ASCII in it, such as a space or the end of a line")?;
        header.set_sensitive(true);
        Ok(Self(header))
    }
}

impl fmt::Debug for ApiKey {
    /// That there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[not shown]")
    }
}

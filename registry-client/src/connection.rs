//! What all calls go over, and the API key that goes with each of them. May not: know any RPC.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tonic::body::Body;
use tonic::transport::Channel;
use tower_service::Service;

use crate::Registry;
use crate::credentials::Credentials;
use crate::{local, trace};

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
    way: Way,
    credentials: Credentials,
}

/// Who answers.
#[derive(Clone)]
enum Way {
    Network(Channel),
    Local(Arc<dyn Registry>),
}

impl Connection {
    pub(crate) fn new(channel: Channel, credentials: Credentials) -> Self {
        Self { way: Way::Network(channel), credentials }
    }

    pub(crate) fn local(registry: Arc<dyn Registry>) -> Self {
        Self { way: Way::Local(registry), credentials: Credentials::None }
    }

    pub(crate) fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials, ..self }
    }
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match &mut self.way {
            Way::Network(channel) => channel.poll_ready(context),
            Way::Local(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        trace::propagate(request.headers_mut());
        // The one that is ready goes with the call; a clone must ask again.
        let next = self.way.clone();
        let ready = std::mem::replace(&mut self.way, next);
        let credentials = self.credentials.clone();
        Box::pin(async move {
            if let Some(header) = credentials.header().await {
                // Whoever has said by himself who he is knows better.
                request.headers_mut().entry(AUTHORIZATION).or_insert(header);
            }
            match ready {
                Way::Network(mut channel) => channel.call(request).await,
                Way::Local(registry) => Ok(local::answer(registry, request).await),
            }
        })
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("api_key", &self.credentials).finish_non_exhaustive()
    }
}

//! Reflection in both versions, with comments, options and the messages of error details.
//!
//! What it answers from is put together when somebody asks for the first time: most servers are never asked, and it takes longer than
//! the check of a whole schema. May not: know the registry.

use super::status;
use crate::domain::{Error, RequestId};
use futures::future::{Either, Ready, ready};
use http::{Request, Response};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error as Broken, v1, v1alpha};
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

/// Adds it to `routes`.
#[must_use]
pub fn add(routes: Routes) -> Routes {
    routes.add_service(Later::of(of_today)).add_service(Later::of(of_yesterday))
}

fn of_today() -> Result<v1::ServerReflectionServer<impl v1::ServerReflection>, Broken> {
    builder().build_v1()
}

fn of_yesterday() -> Result<v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection>, Broken> {
    builder().build_v1alpha()
}

fn builder() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(registry_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// A service that is made when it is called for the first time.
struct Later<S> {
    made: Arc<OnceLock<Result<S, String>>>,
    make: fn() -> Result<S, Broken>,
}

impl<S> Later<S> {
    fn of(make: fn() -> Result<S, Broken>) -> Self {
        Self { made: Arc::default(), make }
    }
}

impl<S> Clone for Later<S> {
    fn clone(&self) -> Self {
        Self { made: Arc::clone(&self.made), make: self.make }
    }
}

impl<S: NamedService> NamedService for Later<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Later<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Oneshot<S, Request<Body>>, Ready<Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.made.get_or_init(|| (self.make)().map_err(|broken| broken.to_string())) {
            Ok(service) => Either::Left(service.clone().oneshot(request)),
            Err(broken) => Either::Right(ready(Ok(refusal(broken, &request)))),
        }
    }
}

fn refusal(broken: &str, request: &Request<Body>) -> Response<Body> {
    let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
    status::of(&Error::bug(broken), &request_id).into_http()
}

//! The closed set of methods: those of the contract, health and reflection. Decided on the path alone, so that
//! nothing behind a `?` reaches a handler under another name.

use crate::api::status;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use registry_proto::method::Method;
use registry_proto::v1::ErrorReason;
use tonic::Code;

const INFRASTRUCTURE: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// The service a path leads to, if it is one that belongs to gRPC and not to the contract.
pub(super) fn infrastructure(path: &str) -> Option<&'static str> {
    let (service, _) = path.strip_prefix('/')?.split_once('/')?;
    INFRASTRUCTURE.into_iter().find(|known| *known == service)
}

pub(super) async fn known(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if Method::from_path(path).is_some() || infrastructure(path).is_some() {
        return next.run(request).await;
    }
    status::refused(Code::Unimplemented, ErrorReason::UnknownMethod, "this server does not serve this method").into_http()
}

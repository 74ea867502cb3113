//! The closed set of methods: those of the contract, health and reflection. Decided on the path alone, so that
//! nothing behind a `?` reaches a handler under another name.

use super::Next;
use crate::api::status;
use axum::extract::Request;
use axum::response::Response;
use registry_proto::method::Method;
use registry_proto::v1::ErrorReason;
use tonic::Code;

/// A service that belongs to gRPC and not to the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Infrastructure {
    Health,
    Reflection,
}

const HEALTH: &str = "grpc.health.v1.Health";
const REFLECTION: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// The service a path leads to, if it is one that belongs to gRPC and not to the contract.
pub(super) fn infrastructure(path: &str) -> Option<Infrastructure> {
    let (service, _) = path.strip_prefix('/')?.split_once('/')?;
    match service {
        HEALTH => Some(Infrastructure::Health),
        service if REFLECTION.contains(&service) => Some(Infrastructure::Reflection),
        _ => None,
    }
}

impl Infrastructure {
    /// For the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Health => HEALTH,
            Self::Reflection => "grpc.reflection",
        }
    }
}

pub(super) async fn known(request: Request, next: impl Next) -> Response {
    let path = request.uri().path();
    if Method::from_path(path).is_some() || infrastructure(path).is_some() {
        return next(request).await;
    }
    status::refused(Code::Unimplemented, ErrorReason::UnknownMethod, "this server does not serve this method").into_http()
}

//! The closed set of methods by which calls are counted, told and traced: those of the contract, of health and of reflection, and one
//! name for everything else.

use super::method::infrastructure;
use crate::metrics::Labels;
use registry_proto::method::Method;
use tonic::Code;

/// A method, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rpc {
    kind: &'static str,
    service: &'static str,
    method: &'static str,
    /// Of the contract.
    of_contract: Option<Method>,
}

const UNARY: &str = "unary";
const SERVER_STREAM: &str = "server_stream";
const CLIENT_STREAM: &str = "client_stream";
const BIDI_STREAM: &str = "bidi_stream";

const HEALTH: &str = "grpc.health.v1.Health";
const REFLECTED: &str = "ServerReflectionInfo";

const INFRASTRUCTURE: [Rpc; 4] = [
    Rpc::other(UNARY, HEALTH, "Check"),
    Rpc::other(SERVER_STREAM, HEALTH, "Watch"),
    Rpc::other(BIDI_STREAM, "grpc.reflection.v1.ServerReflection", REFLECTED),
    Rpc::other(BIDI_STREAM, "grpc.reflection.v1alpha.ServerReflection", REFLECTED),
];

/// Whatever is not served.
const UNKNOWN: Rpc = Rpc::other("unknown", "unknown", "unknown");

impl Rpc {
    const fn other(kind: &'static str, service: &'static str, method: &'static str) -> Self {
        Self { kind, service, method, of_contract: None }
    }

    fn of_contract(method: Method) -> Self {
        let kind = match (method.takes_stream(), method.is_streaming()) {
            (false, false) => UNARY,
            (false, true) => SERVER_STREAM,
            (true, false) => CLIENT_STREAM,
            (true, true) => BIDI_STREAM,
        };
        Self { kind, service: method.service(), method: method.name(), of_contract: Some(method) }
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Method::ALL.iter().map(|method| Self::of_contract(*method)).chain(INFRASTRUCTURE).chain([UNKNOWN])
    }

    /// The one that a path leads to.
    pub(super) fn at(path: &str) -> Self {
        if let Some(method) = Method::from_path(path) {
            return Self::of_contract(method);
        }
        let known = |rpc: &&Self| path.strip_prefix('/').and_then(|path| path.split_once('/')) == Some((rpc.service, rpc.method));
        INFRASTRUCTURE.iter().find(known).copied().unwrap_or(UNKNOWN)
    }

    /// By what it is counted.
    #[must_use]
    pub const fn labels(self) -> Labels<3> {
        [("grpc_type", self.kind), ("grpc_service", self.service), ("grpc_method", self.method)]
    }

    /// What it is called in the log.
    pub(super) fn name(self, path: &str) -> &'static str {
        let infrastructure = infrastructure(path).map(super::method::Infrastructure::name);
        self.of_contract.map(Method::path).or(infrastructure).unwrap_or(self.method)
    }

    /// Of the contract: health and reflection are called all the time, and nobody looks.
    pub(super) const fn traced(self) -> Option<Method> {
        self.of_contract
    }
}

/// What the field calls a status code.
pub(super) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}

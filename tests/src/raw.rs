//! Calls as bytes, for what no client of the contract would send: HTTP/2 with nothing in between.

use crate::Harness;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use registry_client::ErrorReason;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use tokio::net::TcpSocket;
use tonic::Status;
use tonic_types::StatusExt;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The headers.
    pub headers: HeaderMap,
    /// The body: messages, each with its length.
    pub body: Bytes,
    /// The status, wherever it was.
    pub status: Status,
}

impl Answer {
    /// The reason that the registry gives.
    #[must_use]
    pub fn reason(&self) -> Option<ErrorReason> {
        reason(&self.status)
    }

    /// A header of the answer.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The reason that the registry gives in a status.
#[must_use]
pub fn reason(status: &Status) -> Option<ErrorReason> {
    let details = status.get_error_details();
    let info = details.error_info().filter(|info| info.domain == "modelregistry")?;
    ErrorReason::from_str_name(&info.reason)
}

/// The facts in the reason of a status.
#[must_use]
pub fn metadata(status: &Status) -> HashMap<String, String> {
    status.get_error_details().error_info().map(|info| info.metadata.clone()).unwrap_or_default()
}

/// A message behind its length, as gRPC sends it.
#[must_use]
pub fn framed(message: &impl Message) -> Bytes {
    frame(&message.encode_to_vec())
}

/// Bytes behind their length, as gRPC sends them.
///
/// # Panics
/// If there are more than 4 GiB.
#[must_use]
pub fn frame(bytes: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(bytes.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(bytes.len()).expect("a message of less than 4 GiB"));
    framed.put_slice(bytes);
    framed.freeze()
}

/// Sends a body to a path, with the key of an admin, and waits for all that comes back.
///
/// # Panics
/// If nothing comes back, or nothing that is a gRPC status.
pub async fn call(registry: &Harness, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let key = format!("Bearer {}", crate::keys::ADMIN);
    let headers: Vec<_> = headers.iter().copied().chain([("authorization", key.as_str())]).collect();
    call_without_key(registry, path, &headers, body).await
}

/// The same, with no key but what is in the headers.
///
/// # Panics
/// If nothing comes back, or nothing that is a gRPC status.
pub async fn call_without_key(registry: &Harness, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    call_from(Ipv4Addr::LOCALHOST, registry, path, headers, body).await
}

/// The same, from an address of this machine.
///
/// # Panics
/// If nothing comes back, or nothing that is a gRPC status.
pub async fn call_from(
    address: Ipv4Addr,
    registry: &Harness,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((address, 0).into()).expect("an address of this machine");
    let stream = socket.connect(registry.address()).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let request = Request::post(format!("{}{path}", registry.endpoint()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = sender.send_request(request.body(Full::new(body.into())).expect("a request")).await.expect("a response");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body that ends");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status = Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&parts.headers));
    connection.abort();
    Answer { headers: parts.headers, body: body.to_bytes(), status: status.expect("a status in the headers or in the trailers") }
}

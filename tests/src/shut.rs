//! Streams that are opened and never read.

use crate::raw::framed;
use crate::watching::after;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A stream of all events on a connection of its own, whose window is shut: not a byte of an answer may be sent.
#[derive(Debug)]
pub struct Shut {
    _answer: Incoming,
    _sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Shut {
    /// With the key that has this secret.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn open(server: SocketAddr, secret: &str) -> Self {
        let stream = TcpStream::connect(server).await.expect("a connection");
        let mut http2 = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let (mut sender, connection) = http2.initial_stream_window_size(0).handshake(TokioIo::new(stream)).await.expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let request = Request::post(format!("http://{server}/modelregistry.v1.WatchService/Watch"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", format!("Bearer {secret}"))
            .body(Full::new(framed(&after(0))))
            .expect("a request");
        let answer = sender.send_request(request).await.expect("an answer");
        assert!(answer.status().is_success() && answer.headers().get("grpc-status").is_none(), "{answer:?}");
        Self { _answer: answer.into_body(), _sender: sender, connection }
    }
}

impl Shut {
    /// Whether the server still holds the connection.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.connection.is_finished()
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

//! Calls whose request is not at its end: they hold what a call holds for as long as a test likes.

use bytes::Bytes;
use futures::SinkExt;
use futures::channel::mpsc;
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

/// A call that has begun.
#[derive(Debug)]
pub struct Unfinished {
    body: mpsc::Sender<Result<Frame<Bytes>, Infallible>>,
    answer: JoinHandle<Status>,
    _connection: AbortOnDropHandle<hyper::Result<()>>,
}

impl Unfinished {
    /// Begins a call with a key, or without one, and sends these bytes of its request. The server may not have seen them yet.
    ///
    /// # Panics
    /// If there is no connection.
    pub async fn begin(address: SocketAddr, path: &str, key: Option<&str>, bytes: Bytes) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let http2 = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = http2.await.expect("HTTP/2");
        let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let (mut body, frames) = mpsc::channel(8);
        body.send(Ok(Frame::data(bytes))).await.expect("room for a frame");
        let request = Request::post(format!("http://{address}{path}")).header("content-type", "application/grpc");
        let request = key.into_iter().fold(request.header("te", "trailers"), |request, key| request.header("x-api-key", key));
        let request = request.body(StreamBody::new(frames)).expect("a request");
        let answer = tokio::spawn(async move { status(sender.send_request(request).await.expect("a response")).await });
        Self { body, answer, _connection }
    }

    /// Whether it is answered already, before its request is at its end.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.answer.is_finished()
    }

    /// Ends the request with these bytes, and waits for the status of the answer.
    ///
    /// # Panics
    /// If none comes.
    pub async fn finish(mut self, bytes: Bytes) -> Status {
        let _ = self.body.send(Ok(Frame::data(bytes))).await; // nobody takes it if the call was refused already
        drop(self.body);
        self.answer.await.expect("a status")
    }

    /// Waits for the status of a call that is answered before its request is at its end.
    ///
    /// # Panics
    /// If none comes.
    pub async fn refused(self) -> Status {
        self.answer.await.expect("a status")
    }
}

/// The status, wherever it is.
async fn status(response: Response<Incoming>) -> Status {
    let (parts, body) = response.into_parts();
    let trailers = body.collect().await.expect("a body that ends").trailers().cloned().unwrap_or_default();
    let status = Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&parts.headers));
    status.expect("a status in the headers or in the trailers")
}

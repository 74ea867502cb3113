//! One connection, from its first byte to its last: TLS if the server has it, the preface, then HTTP/2.

use super::begun::Begun;
use super::gathered;
use super::places::Place;
use super::{Behind, Door, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, Limits, MAX_HEADER_BYTES, Peer};
use crate::tls::Acceptor;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How much of one stream, and of all of a connection, is taken from the network before anybody has asked for it.
const STREAM_WINDOW: u32 = 512 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// How long a connection that has not begun when the server stops may still take: its first call may be on the way.
const LATE: Duration = Duration::from_millis(300);

/// Serves a connection until it ends or, when the server stops, until its calls have ended. One that has not begun
/// by then is waited for a moment, and dropped.
pub(super) async fn serve<B: Behind>(stream: TcpStream, address: SocketAddr, door: Door<B>, _place: Place) {
    let Door { behind, tls, limits, refusals: _, traffic, stop } = door;
    let _counted = traffic.connected();
    let begun = tokio::select! {
        () = too_late(&stop) => return,
        begun = timeout(limits.handshake, begin(stream, address, tls)) => begun.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
    };
    let (begun, peer) = match begun {
        Ok(begun) => begun,
        Err(error) => return tracing::debug!(%error, "a connection did not begin"),
    };
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let behind = behind.clone();
        async move { Ok::<_, Infallible>(behind.answer(request.map(Body::new)).await) }
    });
    let (wire, written) = gathered::around(begun);
    let serving = http2(&limits).serve_connection(TokioIo::new(wire), answer);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = written.after(serving.as_mut()) => return debug(ended),
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    debug(written.after(serving).await);
}

async fn too_late(stop: &CancellationToken) {
    stop.cancelled().await;
    sleep(LATE).await;
}

async fn begin(stream: TcpStream, address: SocketAddr, tls: Option<Acceptor>) -> io::Result<(Begun, Peer)> {
    let _ = stream.set_nodelay(true); // a connection that cannot is slower, not wrong
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    let Some(tls) = tls else {
        return Ok((Begun::read(Box::new(stream)).await?, Peer { address, certificate: None }));
    };
    let (stream, certificate) = tls.accept(stream).await?;
    Ok((Begun::read(Box::new(stream)).await?, Peer { address, certificate }))
}

fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        // What one stream has sent and nobody has taken is not all that there is room for.
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(256)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
    http2
}

fn debug(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

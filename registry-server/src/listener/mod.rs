//! The accept loop, and what a connection must do before it is served. Ours and not tonic's, because at shutdown tonic
//! waits for ever for a connection that is silent or has sent half a preface, and because it counts nobody.
//!
//! May not: know what is called. Who calls is left in the extensions of each request, as a [`Peer`].

mod begun;
mod connection;
mod gathered;
mod limits;
mod peer;
mod places;

pub use limits::{KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, Limits, MAX_HEADER_BYTES};
pub use peer::{CertificateName, ClientCertificate, Peer};
pub use places::network;

use crate::metrics::Traffic;
use crate::refusals::Refusals;
use crate::seldom::Seldom;
use crate::tls::Acceptor;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use places::Places;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long to wait when no connection can be accepted: a descriptor may be free by then.
const NO_DESCRIPTOR: Duration = Duration::from_millis(50);

/// What answers requests. A clone is the same, and cheap: each request has one.
pub trait Behind: Clone + Send + Sync + 'static {
    /// Answers one.
    fn answer(self, request: Request) -> impl Future<Output = Response> + Send;
}

impl Behind for Router {
    async fn answer(self, request: Request) -> Response {
        match self.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// What every connection is served with.
#[derive(Debug, Clone)]
pub struct Door<B> {
    /// What is behind it.
    pub behind: B,
    /// How connections are made secure; without it they are not.
    pub tls: Option<Acceptor>,
    /// What a connection may take.
    pub limits: Limits,
    /// Where it is counted who is turned away.
    pub refusals: Refusals,
    /// Where connections are counted.
    pub traffic: Traffic,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
}

/// Serves whoever comes to the door until it is told to stop; then lets calls that have begun end, for at most `grace`.
pub async fn serve<B: Behind>(listener: TcpListener, door: Door<B>, grace: Duration) {
    let mut connections = JoinSet::new();
    let places = Places::new(door.limits);
    let mut failed = Seldom::default();
    loop {
        tokio::select! {
            () = door.stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => begin(&mut connections, accepted, &door, &places),
                Err(error) => {
                    failed.happened(error);
                    sleep(NO_DESCRIPTOR).await;
                }
            },
            Some(_) = connections.join_next() => {}
            (times, error) = failed.due() => tracing::warn!(times, %error, "connections could not be accepted"),
        }
    }
    // Whoever is connected already as far as the kernel knows may have sent a call: closing the door on them would lose it.
    for accepted in waiting(listener) {
        begin(&mut connections, accepted, &door, &places);
    }
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(grace, drained).await.is_err() {
        tracing::warn!(connections = connections.len(), "the grace period is over: closing what is still open");
    }
    connections.shutdown().await;
}

/// The connections that wait to be accepted, and the end of the listener. The kernel is asked, because it knows of some before
/// tokio does.
fn waiting(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let accepted = std::iter::from_fn(|| listener.accept().ok());
    let ours = |(stream, address): (std::net::TcpStream, SocketAddr)| {
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, address))
    };
    accepted.filter_map(ours).collect()
}

/// Serves a connection, if there is a place for it; one that has none is closed, and counted.
fn begin<B: Behind>(connections: &mut JoinSet<()>, accepted: (TcpStream, SocketAddr), door: &Door<B>, places: &Places) {
    let (stream, address) = accepted;
    match places.take(address.ip()) {
        Ok(place) => drop(connections.spawn(connection::serve(stream, address, door.clone(), place))),
        Err(limit) => door.refusals.happened(limit),
    }
}

//! What can go wrong between a client and a server that are both well: an answer gets lost when all is done, a stream breaks,
//! a connection is cut, nothing gets through for a while.
//!
//! May not: change what it lets through, or look into it further than to the heads of the frames.

mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use wire::Wire;

/// What goes wrong by itself, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    seed: u64,
    answers: f64,
    streams: f64,
}

impl Faults {
    /// Nothing so far; whatever is random comes from this seed.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { seed, answers: 0.0, streams: 0.0 }
    }

    /// When an answer begins, nothing of it is delivered with this probability, and the connection is closed on both sides.
    /// The server begins to answer a unary call when it has done what it was asked. Whatever else is under way on the
    /// connection gets no answer either.
    #[must_use]
    pub fn drop_answers(self, probability: f64) -> Self {
        Self { answers: checked(probability), ..self }
    }

    /// With this probability, a message of an answer (a frame of it) is not delivered, and the connection is closed on both
    /// sides: the caller has what came before it. Meant for streams; it hits unary answers as well.
    #[must_use]
    pub fn cut_streams(self, probability: f64) -> Self {
        Self { streams: checked(probability), ..self }
    }
}

fn checked(probability: f64) -> f64 {
    assert!((0.0..=1.0).contains(&probability), "{probability} is no probability");
    probability
}

/// A proxy in front of a server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
    connections: Arc<Mutex<JoinSet<()>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// In front of this server, which speaks HTTP/2 and not TLS. It may come and go: a connection is made to it for each that
    /// is made to the proxy.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(target: SocketAddr, faults: Faults) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let wire = Arc::new(Wire::new(target, faults));
        let connections = Arc::default();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&wire), Arc::clone(&connections)));
        Self { address, wire, connections, accepting }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a client is told.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many answers were dropped at their beginning; not those that were lost because they shared a connection with one.
    #[must_use]
    pub fn dropped(&self) -> usize {
        now(&self.wire.dropped)
    }

    /// How many answers were broken off in the middle.
    #[must_use]
    pub fn broken(&self) -> usize {
        now(&self.wire.broken)
    }

    /// How many answers were passed on to their end.
    #[must_use]
    pub fn passed(&self) -> usize {
        now(&self.wire.passed)
    }

    /// Closes the connections that there are, on both sides. Those that come later are as good as any.
    ///
    /// # Panics
    /// If the task of a connection has.
    pub async fn cut(&self) {
        let mut present = std::mem::take(&mut *self.connections.lock().expect("nobody panics with it"));
        present.shutdown().await;
    }

    /// Lets nothing through any more, in either direction, and closes nothing: not even the end of a connection gets through.
    pub fn pause(&self) {
        self.wire.stalled.send_replace(true);
    }

    /// Goes on where it stopped: nothing was lost.
    pub fn resume(&self) {
        self.wire.stalled.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn now(count: &AtomicUsize) -> usize {
    count.load(Ordering::SeqCst)
}

async fn accept(listener: TcpListener, wire: Arc<Wire>, connections: Arc<Mutex<JoinSet<()>>>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut connections = connections.lock().expect("nobody panics with it");
        while connections.try_join_next().is_some() {}
        let wire = Arc::clone(&wire);
        connections.spawn(async move { wire.carry(client).await });
    }
}

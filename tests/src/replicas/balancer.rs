//! A balancer that knows nothing but TCP: each new connection goes to the next server, or to the next that takes it.
//!
//! May not: look at what is sent; move a connection that is open.

use super::{Balancing, soon};
use crate::http;
use futures::future::join_all;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::interval;

/// How often a server is asked for its health.
const EVERY: Duration = Duration::from_millis(100);

/// A balancer. It goes with this value, and every connection with it.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    balancing: Balancing,
    servers: Vec<Server>,
    next: AtomicUsize,
    connections: AtomicUsize,
    refused: AtomicUsize,
}

#[derive(Debug)]
struct Server {
    address: SocketAddr,
    admin: SocketAddr,
    serves: AtomicBool,
}

impl Balancer {
    /// In front of servers, each with the address of its health.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start(servers: impl Iterator<Item = (SocketAddr, SocketAddr)>, balancing: Balancing) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let servers = servers.map(|(address, admin)| Server { address, admin, serves: AtomicBool::new(true) }).collect();
        let counts = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let shared = Arc::new(Shared { balancing, servers, next: counts.0, connections: counts.1, refused: counts.2 });
        let mut tasks = vec![tokio::spawn(accept(listener, Arc::clone(&shared)))];
        if balancing == Balancing::Health {
            tasks.push(tokio::spawn(ask(Arc::clone(&shared))));
        }
        Self { address, shared, tasks }
    }

    /// Where clients connect.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it sends connections to a server that is back.
    pub(super) async fn serves(&self, (address, _): (SocketAddr, SocketAddr)) {
        let mut servers = self.shared.servers.iter();
        let server = servers.find(|server| server.address == address).expect("a server with the address that it had");
        soon("the balancer uses the server", async || server.serves.load(Ordering::SeqCst).then_some(())).await;
    }

    /// How many connections were taken, and how many servers refused one.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.shared.connections.load(Ordering::SeqCst), self.shared.refused.load(Ordering::SeqCst))
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Ends them with itself.
    let mut open = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        open.spawn(connection(client, Arc::clone(&shared)));
        while open.try_join_next().is_some() {}
    }
}

/// One connection of a client. With nobody who takes it, it is closed; with a blind balancer, so it is if the first does not take it.
async fn connection(mut client: TcpStream, shared: Arc<Shared>) {
    let tries = match shared.balancing {
        Balancing::Blind => 1,
        Balancing::Refusals | Balancing::Health => shared.servers.len(),
    };
    for server in in_turn(&shared).into_iter().take(tries) {
        match TcpStream::connect(server.address).await {
            Ok(mut stream) => {
                let _ = (client.set_nodelay(true), stream.set_nodelay(true));
                // However it ends, both sides are closed.
                drop(copy_bidirectional(&mut client, &mut stream).await);
                return;
            }
            Err(_) => shared.refused.fetch_add(1, Ordering::SeqCst),
        };
    }
}

/// The servers to try, the next one first. If none is healthy, any is better than none, as balancers have it.
fn in_turn(shared: &Shared) -> Vec<&Server> {
    let (first, count) = (shared.next.fetch_add(1, Ordering::SeqCst), shared.servers.len());
    let all: Vec<&Server> = (0..count).map(|number| &shared.servers[(first + number) % count]).collect();
    let healthy: Vec<&Server> = all.iter().copied().filter(|server| server.serves.load(Ordering::SeqCst)).collect();
    if healthy.is_empty() { all } else { healthy }
}

async fn ask(shared: Arc<Shared>) {
    let mut tick = interval(EVERY);
    loop {
        tick.tick().await;
        let asked = shared.servers.iter().map(async |server| {
            let healthy = http::ask(server.admin, "GET", "/readyz", "").await.is_some_and(|answer| answer.status == 200);
            server.serves.store(healthy, Ordering::SeqCst);
        });
        join_all(asked).await;
    }
}

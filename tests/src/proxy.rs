//! A TCP proxy in front of servers that fails as networks do: it delivers the request and drops the answer, cuts streams in
//! the middle, cuts everything, or goes silent. It forwards whole HTTP/2 frames of the servers and looks at their types.
//!
//! May not: know what is in a frame.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const HEADER: usize = 9;
/// Probabilities are counted in millionths.
const CERTAIN: u32 = 1_000_000;

/// A proxy. It goes with this value, and every connection with it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: Arc<Faults>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Faults {
    targets: Vec<SocketAddr>,
    next: AtomicUsize,
    answers: AtomicU32,
    streams: AtomicU32,
    dropped: AtomicU64,
    passed: AtomicU64,
    random: Mutex<StdRng>,
    cuts: watch::Sender<u64>,
    silent: watch::Sender<bool>,
}

impl Proxy {
    /// In front of these servers; each new connection goes to the next one. Forwards everything until told otherwise.
    pub async fn start(targets: impl Into<Vec<SocketAddr>>, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let faults = Arc::new(Faults {
            targets: targets.into(),
            next: AtomicUsize::new(0),
            answers: AtomicU32::new(0),
            streams: AtomicU32::new(0),
            dropped: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            cuts: watch::Sender::new(0),
            silent: watch::Sender::new(false),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&faults)));
        Self { address, faults, accepting }
    }

    /// Where clients connect.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, as a client is told.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, of so many answers in a million nothing arrives: the request was delivered and its handler is done, and
    /// both connections are closed where the answer would begin.
    pub fn drop_answers(&self, millionths: u32) {
        self.faults.answers.store(millionths, Ordering::SeqCst);
    }

    /// From now on, before so many messages in a million both connections are closed: in the middle of a stream.
    pub fn cut_streams(&self, millionths: u32) {
        self.faults.streams.store(millionths, Ordering::SeqCst);
    }

    /// Closes every connection there is.
    pub fn cut(&self) {
        self.faults.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Forwards nothing to the clients, and closes nothing, until [`speak`](Self::speak).
    pub fn fall_silent(&self) {
        self.faults.silent.send_replace(true);
    }

    /// Forwards again.
    pub fn speak(&self) {
        self.faults.silent.send_replace(false);
    }

    /// How many answers were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.faults.dropped.load(Ordering::SeqCst)
    }

    /// How many answers were let through.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.faults.passed.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Faults {
    fn strikes(&self, probability: &AtomicU32) -> bool {
        let probability = probability.load(Ordering::SeqCst);
        probability > 0 && self.random.lock().expect("nobody panics with it").random_range(0..CERTAIN) < probability
    }

    /// Whether a frame of a server may be forwarded.
    fn passes(&self, kind: u8, stream: u32, begun: &mut HashSet<u32>) -> bool {
        match kind {
            HEADERS if begun.insert(stream) => {
                let drops = self.strikes(&self.answers);
                let counter = if drops { &self.dropped } else { &self.passed };
                counter.fetch_add(1, Ordering::SeqCst);
                !drops
            }
            DATA => !self.strikes(&self.streams),
            _ => true,
        }
    }
}

async fn accept(listener: TcpListener, faults: Arc<Faults>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(connection(client, Arc::clone(&faults)));
    }
}

/// One connection of a client. Whatever ends it ends both sides.
async fn connection(client: TcpStream, faults: Arc<Faults>) {
    let mut cuts = faults.cuts.subscribe();
    let target = faults.targets[faults.next.fetch_add(1, Ordering::SeqCst) % faults.targets.len()];
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    tokio::select! {
        _ = cuts.changed() => {}
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        _ = answers(from_server, to_client, &faults) => {}
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults) -> io::Result<()> {
    let (mut begun, mut silent) = (HashSet::new(), faults.silent.subscribe());
    loop {
        let mut frame = vec![0; HEADER];
        from.read_exact(&mut frame).await?;
        let [a, b, c, kind, _, s, t, u, v] = frame[..] else { return Ok(()) };
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).expect("24 bits");
        frame.resize(HEADER + length, 0);
        from.read_exact(&mut frame[HEADER..]).await?;
        if !faults.passes(kind, u32::from_be_bytes([s & 0x7f, t, u, v]), &mut begun) {
            return Ok(());
        }
        let _ = silent.wait_for(|silent| !silent).await;
        to.write_all(&frame).await?;
    }
}

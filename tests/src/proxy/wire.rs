//! What goes through a proxy: bytes one way, whole frames the other way, and the faults.

use super::Faults;
use crate::frames::Frame;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

/// What the connections share.
#[derive(Debug)]
pub(super) struct Wire {
    target: SocketAddr,
    faults: Faults,
    random: Mutex<StdRng>,
    pub(super) stalled: watch::Sender<bool>,
    pub(super) dropped: AtomicUsize,
    pub(super) broken: AtomicUsize,
    pub(super) passed: AtomicUsize,
}

impl Wire {
    pub(super) fn new(target: SocketAddr, faults: Faults) -> Self {
        Self {
            target,
            faults,
            random: Mutex::new(StdRng::seed_from_u64(faults.seed)),
            stalled: watch::Sender::new(false),
            dropped: AtomicUsize::new(0),
            broken: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
        }
    }

    /// All that goes over one connection, until a side closes it or a fault does.
    pub(super) async fn carry(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.target).await else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true)); // without, it is only slower
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::select! {
            () = self.requests(from_client, to_server) => {}
            () = self.answers(from_server, to_client) => {}
        }
    }

    async fn requests(&self, mut client: OwnedReadHalf, mut server: OwnedWriteHalf) {
        let mut stalled = self.stalled.subscribe();
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let count = client.read(&mut bytes).await.unwrap_or_default();
            let goes_on = stalled.wait_for(|stalled| !stalled).await.is_ok();
            if count == 0 || !goes_on || server.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }

    async fn answers(&self, server: OwnedReadHalf, mut client: OwnedWriteHalf) {
        let mut stalled = self.stalled.subscribe();
        let mut server = BufReader::new(server);
        let mut begun = HashSet::new();
        loop {
            let frame = Frame::read(&mut server).await;
            let goes_on = stalled.wait_for(|stalled| !stalled).await.is_ok();
            let Some(frame) = frame.filter(|_| goes_on) else { return };
            // The first headers of a stream begin its answer, the second ones end it.
            if frame.is_headers() && begun.insert(frame.stream) && self.happens(self.faults.answers) {
                self.dropped.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if frame.is_data() && self.happens(self.faults.streams) {
                self.broken.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if frame.ends_stream() {
                begun.remove(&frame.stream);
                // Before it is delivered: whoever has the answer finds it counted.
                self.passed.fetch_add(1, Ordering::SeqCst);
            }
            if client.write_all(&frame.bytes).await.is_err() {
                return;
            }
        }
    }

    fn happens(&self, probability: f64) -> bool {
        self.random.lock().expect("nobody panics with it").random_bool(probability)
    }
}

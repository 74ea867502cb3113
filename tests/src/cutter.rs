//! Connections that go through here, and are cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};

/// A port that leads to another one.
#[derive(Debug)]
pub struct Cutter {
    address: SocketAddr,
    open: Arc<Mutex<Vec<AbortHandle>>>,
    accepting: JoinHandle<()>,
}

impl Cutter {
    /// Leads to this address.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let open = Arc::<Mutex<Vec<AbortHandle>>>::default();
        let lines = Arc::clone(&open);
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let line = tokio::spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        let _ = copy_bidirectional(&mut near, &mut far).await; // however it ends, it has ended
                    }
                });
                held(&lines).push(line.abort_handle());
            }
        });
        Self { address, open, accepting }
    }

    /// Where it listens, as a client is told.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts every connection, whatever is on it; tells how many there were.
    #[must_use]
    pub fn cut(&self) -> usize {
        let lines: Vec<AbortHandle> = held(&self.open).drain(..).filter(|line| !line.is_finished()).collect();
        lines.iter().for_each(AbortHandle::abort);
        lines.len()
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.accepting.abort();
        let _ = self.cut();
    }
}

fn held(lines: &Mutex<Vec<AbortHandle>>) -> MutexGuard<'_, Vec<AbortHandle>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What connections may take from the server, as numbers. Decides nothing.

use std::time::Duration;

/// The largest header list of a request, in bytes as HTTP/2 counts them.
pub const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// How often a connection is asked whether it is alive.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long its answer may take.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// What connections may take. One that would be over a number is closed before anything is read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are open at once.
    pub connections: usize,
    /// How many of them come from one address; of IPv6, from one network of 64 bits.
    pub connections_per_address: usize,
    /// From the first packet to the end of the HTTP/2 preface, the TLS handshake included.
    pub handshake: Duration,
    /// How many calls are on one connection at once. More wait at the client.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1000, connections_per_address: 100, handshake: Duration::from_secs(10), streams: 100 }
    }
}

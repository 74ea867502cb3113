//! How many connections there are, and whether there is a place for one more.

use super::Limits;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places for connections.
pub(super) struct Places {
    limits: Limits,
    taken: Taken,
}

/// How many connections there are from each address; no entry stands for none.
type Taken = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// The place of one connection, free again when this value goes.
#[derive(Debug)]
pub(super) struct Place {
    taken: Taken,
    from: IpAddr,
}

/// Which places are all taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Total,
    Address,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "--max-connections",
            Self::Address => "--max-connections-per-address",
        })
    }
}

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, taken: Taken::default() }
    }

    /// A place for a connection from this address.
    pub(super) fn take(&self, address: IpAddr) -> Result<Place, Full> {
        let from = network(address);
        let mut taken = lock(&self.taken);
        if taken.values().sum::<usize>() >= self.limits.connections {
            return Err(Full::Total);
        }
        let count = taken.get(&from).copied().unwrap_or_default();
        if count >= self.limits.connections_per_address {
            return Err(Full::Address);
        }
        taken.insert(from, count.saturating_add(1));
        Ok(Place { taken: Arc::clone(&self.taken), from })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = lock(&self.taken).entry(self.from) {
            match count.get().saturating_sub(1) {
                0 => drop(count.remove()),
                left => drop(count.insert(left)),
            }
        }
    }
}

/// Nothing is left half done under this lock, whoever panics.
fn lock(taken: &Taken) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What counts as one caller, as far as an address can tell: an IPv4 address, also one that came over an IPv6 socket, or
/// an IPv6 network of 64 bits, because whoever has one address of it has them all.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

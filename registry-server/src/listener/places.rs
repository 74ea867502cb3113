//! Whether there is a place for one more connection.

use super::Limits;
use crate::domain::Limit;
use crate::shares::{Full, Share, Shares};
use std::net::{IpAddr, Ipv6Addr};

/// The places for connections.
pub(super) struct Places(Shares<IpAddr>);

/// The place of one connection, free again when this value goes.
pub(super) type Place = Share<IpAddr>;

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self(Shares::new(limits.connections, limits.connections_per_address))
    }

    /// A place for a connection from this address.
    pub(super) fn take(&self, address: IpAddr) -> Result<Place, Limit> {
        self.0.take(network(address)).map_err(|full| match full {
            Full::Total => Limit::Connections,
            Full::Each => Limit::ConnectionsPerAddress,
        })
    }
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

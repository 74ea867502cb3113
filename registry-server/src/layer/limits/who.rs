//! For whom a call counts, where what one caller may take is counted.

use crate::domain::ApiKeyId;
use crate::domain::caller::{Caller, Credential};
use crate::domain::name::Actor;
use crate::listener::network;
use std::net::IpAddr;

/// For whom a call counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// An API key, wherever it is used.
    Key(ApiKeyId),
    /// The name in a client certificate.
    Certificate(Actor),
    /// Without credentials, an address; of IPv6, a network of 64 bits.
    Address(Option<IpAddr>),
    /// All who have no credentials, together.
    Anonymous,
}

impl Who {
    /// Whose rate it is.
    #[must_use]
    pub fn calls(caller: &Caller) -> Self {
        match &caller.credential {
            Credential::Key { id, .. } => Self::Key(*id),
            Credential::Certificate { .. } => Self::Certificate(caller.actor.clone()),
            Credential::None => Self::Address(caller.origin.address.map(network)),
        }
    }

    /// Who holds what it holds. Addresses are cheap: all who have nothing else hold no more than one caller who has a key.
    #[must_use]
    pub fn holds(caller: &Caller) -> Self {
        if caller.role.is_none() { Self::Anonymous } else { Self::calls(caller) }
    }
}

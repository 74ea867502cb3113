//! Who makes a call, and what he may do. Made by the layer that authenticates, and by nobody else.

use super::id::ApiKeyId;
use super::name::{Actor, ApiKeyName};
use super::role::Role;
use super::scope::Scope;
use super::secret::SecretHash;
use super::time::Timestamp;
use std::net::IpAddr;

/// How much of a user agent is kept, in characters.
const MAX_AGENT: usize = 256;

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is, in events and in the audit log.
    pub actor: Actor,
    /// What he may do: without a role, only what everybody may.
    pub role: Option<Role>,
    /// Which models there are for him.
    pub scope: Scope,
    /// By what he was recognised.
    pub credential: Credential,
    /// Where the call came from.
    pub origin: Origin,
}

/// By what a caller was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// An API key.
    Key {
        /// Its id.
        id: ApiKeyId,
        /// Its name.
        name: ApiKeyName,
        /// What the secret that was sent hashes to.
        hash: SecretHash,
    },
    /// A client certificate.
    Certificate {
        /// When it expires.
        until: Timestamp,
    },
    /// Nothing: nobody is asked for credentials, or the registry does it itself.
    None,
}

/// Where a call came from: for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the connection.
    pub address: Option<IpAddr>,
    /// What the caller says it is.
    pub user_agent: Option<String>,
}

impl Origin {
    /// With what is kept of a user agent.
    #[must_use]
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let user_agent = user_agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT).collect());
        Self { address, user_agent }
    }
}

impl Caller {
    /// Somebody without credentials.
    #[must_use]
    pub fn nobody(origin: Origin) -> Self {
        Self { actor: Actor::anonymous(), role: None, scope: Scope::everything(), credential: Credential::None, origin }
    }

    /// Somebody on this machine, where nobody is asked for credentials.
    #[must_use]
    pub fn unchecked(origin: Origin) -> Self {
        Self { role: Some(Role::Admin), ..Self::nobody(origin) }
    }

    /// The registry itself.
    #[must_use]
    pub fn registry() -> Self {
        Self { actor: Actor::registry(), ..Self::unchecked(Origin::default()) }
    }

    /// Whoever takes over what another system knows, with the database in his hands.
    #[must_use]
    pub fn import(system: &str) -> Self {
        Self { actor: Actor::import(system), ..Self::registry() }
    }

    /// The API key, if he was recognised by one.
    #[must_use]
    pub const fn key(&self) -> Option<(ApiKeyId, &ApiKeyName)> {
        match &self.credential {
            Credential::Key { id, name, hash: _ } => Some((*id, name)),
            Credential::Certificate { .. } | Credential::None => None,
        }
    }
}

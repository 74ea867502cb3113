//! API keys: what they are, and what may be done to them.

use super::closed_set;
use super::id::ApiKeyId;
use super::name::ApiKeyName;
use super::patch::Patch;
use super::revision::Etag;
use super::role::Role;
use super::scope::Scope;
use super::time::Timestamp;
use std::time::Duration;

/// How many keys that are not revoked there may be: every server holds all of them in memory.
pub const MAX_KEYS: u64 = 10_000;

closed_set! {
    /// The state of a key that is stored. That one has expired follows from the time.
    StoredState {
        /// It may be used.
        Active = "ACTIVE",
        /// Not now.
        Disabled = "DISABLED",
        /// Never again.
        Revoked = "REVOKED",
    }
}

/// The state of a key at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It can be used.
    Active,
    /// It is switched off.
    Disabled,
    /// Its time is over.
    Expired,
    /// It can never be used again.
    Revoked,
}

impl KeyState {
    /// Of a key with this state and expiry, at a time.
    #[must_use]
    pub fn at(now: Timestamp, stored: StoredState, expire_time: Option<Timestamp>) -> Self {
        match stored {
            StoredState::Revoked => Self::Revoked,
            StoredState::Disabled => Self::Disabled,
            StoredState::Active if expire_time.is_some_and(|end| end <= now) => Self::Expired,
            StoredState::Active => Self::Active,
        }
    }

    /// As the contract calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Disabled => "DISABLED",
            Self::Expired => "EXPIRED",
            Self::Revoked => "REVOKED",
        }
    }
}

/// A key to create.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Its name.
    pub name: ApiKeyName,
    /// What it may do.
    pub role: Role,
    /// Which models there are for it.
    pub scope: Scope,
    /// What it is for.
    pub description: Option<String>,
    /// Until when it can be used.
    pub expire_time: Option<Timestamp>,
}

/// What to change of a key.
#[derive(Debug, Clone)]
pub struct UpdateApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// The role; cleared it is VIEWER.
    pub role: Patch<Role>,
    /// The scope; cleared it is everything.
    pub scope: Patch<Scope>,
    /// The description.
    pub description: Patch<String>,
    /// The expiry; cleared it is never.
    pub expire_time: Patch<Timestamp>,
    /// If given, it must be current.
    pub etag: Option<Etag>,
}

/// A step of a key.
#[derive(Debug, Clone)]
pub struct TransitionApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// Where to.
    pub target: StoredState,
    /// If given, it must be current.
    pub etag: Option<Etag>,
}

/// A new secret for a key.
#[derive(Debug, Clone)]
pub struct RotateApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// How long the one before it goes on working.
    pub grace: Duration,
}

/// Which keys to list.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// In one of these states; none are all but revoked ones.
    pub states: Vec<KeyState>,
}

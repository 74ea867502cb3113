//! Who calls with a secret that another system made. To compare is slow on purpose, so it is done apart from what serves, a few at a
//! time, of each address one, and once for each text: whose it is is remembered until his key changes, that it is nobody's until any key does.
//!
//! May not: let somebody who guesses hold up those who are known.

use super::Keys;
use crate::domain::api_key::KeyState;
use crate::domain::legacy::LegacySecret;
use crate::domain::{ApiKeyId, Error, Timestamp};
use crate::listener::network;
use crate::store::api_keys::ApiKey;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How many texts are compared at once.
const AT_ONCE: usize = 2;
/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many texts are remembered that are nobody's secret.
const MISTAKES: usize = 10_000;

/// The right to compare.
#[derive(Debug)]
pub(super) struct Turns {
    all: Arc<Semaphore>,
    /// Held by whoever of an address compares; the others from there wait for that before they wait with everybody.
    addresses: Mutex<HashMap<Option<IpAddr>, Weak<OfAddress>>>,
}

type OfAddress = tokio::sync::Mutex<()>;

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), addresses: Mutex::default() }
    }
}

impl Turns {
    fn of(&self, address: Option<IpAddr>) -> Arc<OfAddress> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = addresses.get(&address).and_then(Weak::upgrade) {
            return waiting;
        }
        addresses.retain(|_, waiting| waiting.strong_count() > 0);
        let first = Arc::default();
        addresses.insert(address, Arc::downgrade(&first));
        first
    }
}

/// What is waited for, for as long as a call waits.
async fn soon<T>(turn: impl Future<Output = T>) -> Result<T, Error> {
    let busy = "so many secrets of another system are compared that this one would wait too long";
    timeout(PATIENCE, turn).await.map_err(|_| Error::Unavailable(busy.into()))
}

/// What came of the texts that were tried, by their SHA-256.
#[derive(Debug, Default)]
pub(super) struct Tried(Mutex<Outcomes>);

#[derive(Debug, Default)]
struct Outcomes {
    known: HashMap<[u8; 32], ApiKeyId>,
    mistakes: std::collections::HashSet<[u8; 32]>,
}

impl Tried {
    fn lock(&self) -> MutexGuard<'_, Outcomes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose secret it is, if that was found out; `Some(None)` if it is nobody's.
    fn outcome(&self, digest: &[u8; 32]) -> Option<Option<ApiKeyId>> {
        let outcomes = self.lock();
        let known = outcomes.known.get(digest).copied();
        known.map(Some).or_else(|| outcomes.mistakes.contains(digest).then_some(None))
    }

    /// What was found out before, as far as it is still so.
    pub(super) fn remember_known(&self, before: &Self, is_same: impl Fn(&ApiKeyId) -> bool) {
        let known: Vec<_> = before.lock().known.iter().filter(|(_, id)| is_same(id)).map(|(digest, id)| (*digest, *id)).collect();
        self.lock().known.extend(known);
    }

    fn remember(&self, digest: [u8; 32], id: Option<ApiKeyId>) {
        let mut outcomes = self.lock();
        match id {
            Some(id) => drop(outcomes.known.insert(digest, id)),
            None => {
                outcomes.known.remove(&digest);
                // Whoever guesses more than that forgets his own mistakes, not who is known.
                if outcomes.mistakes.len() >= MISTAKES {
                    outcomes.mistakes.clear();
                }
                outcomes.mistakes.insert(digest);
            }
        }
    }
}

/// Whether the secret that another system made still works for a key, at a time.
pub(super) fn works(key: &ApiKey, now: Timestamp) -> bool {
    let usable = KeyState::at(now, key.state, key.expire_time) == KeyState::Active && key.legacy_hash.is_some();
    // Until it was replaced, and then for as long as was said.
    usable && (key.secret_hash.is_empty() || key.previous_until.is_some_and(|until| now < until))
}

/// A key that works, its hash and its salt.
type Candidate = (ApiKeyId, String, String);

/// Whose secret it is, of those that work now.
///
/// # Errors
/// [`Error::Unauthenticated`]; [`Error::Unavailable`] if so many are compared that it would take too long; what `may_try` says.
pub(super) async fn find(
    keys: &Arc<Keys>,
    turns: &Turns,
    secret: &LegacySecret,
    address: Option<IpAddr>,
    now: Timestamp,
    may_try: impl FnOnce() -> Result<(), Error>,
) -> Result<ApiKeyId, Error> {
    let candidates = candidates(keys, secret, now);
    if candidates.is_empty() {
        return Err(Error::Unauthenticated);
    }
    let digest = secret.digest();
    let mut outcome = outcome(keys, &digest, &candidates);
    if outcome.is_none() {
        let own = soon(turns.of(address.map(network)).lock_owned()).await?;
        // Somebody with the same text may have been before.
        outcome = self::outcome(keys, &digest, &candidates);
        if outcome.is_none() {
            may_try()?;
            let turn = soon(Arc::clone(&turns.all).acquire_owned()).await?.map_err(|closed| Error::Internal(closed.into()))?;
            outcome = Some(compare(keys, secret, digest, candidates, (own, turn)).await?);
        }
    }
    outcome.flatten().ok_or(Error::Unauthenticated)
}

/// What came of it before. Whose key no longer works may have the same secret as somebody whose does.
fn outcome(keys: &Keys, digest: &[u8; 32], candidates: &[Candidate]) -> Option<Option<ApiKeyId>> {
    let outcome = keys.tried.outcome(digest);
    outcome.filter(|outcome| outcome.is_none_or(|id| candidates.iter().any(|(candidate, ..)| *candidate == id)))
}

fn candidates(keys: &Keys, secret: &LegacySecret, now: Timestamp) -> Vec<Candidate> {
    let working = keys.legacy.iter().filter_map(|id| keys.by_id.get(id)).filter(|key| works(key, now));
    let stored = working.filter_map(|key| Some((key.id, key.legacy_hash.clone()?, key.legacy_salt.clone().unwrap_or_default())));
    stored.filter(|(_, hash, _)| secret.may_be(hash)).collect()
}

async fn compare<T: Send + 'static>(
    keys: &Arc<Keys>,
    secret: &LegacySecret,
    digest: [u8; 32],
    candidates: Vec<Candidate>,
    turn: T,
) -> Result<Option<ApiKeyId>, Error> {
    let (secret, keys) = (secret.clone(), Arc::clone(keys));
    let compared = spawn_blocking(move || {
        let found = candidates.iter().find(|(_, hash, salt)| secret.is(hash, salt)).map(|(id, ..)| *id);
        keys.tried.remember(digest, found);
        // Whoever asked may be gone: until here it has cost what it costs.
        drop(turn);
        found
    });
    compared.await.map_err(|panicked| Error::Internal(panicked.into()))
}

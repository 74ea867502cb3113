//! Who calls with a secret that another system made. To compare is slow on purpose, so it is done apart from what serves, a few at a
//! time, once for each text: what came of it is remembered until keys change.
//!
//! May not: let somebody who guesses hold up those who are known.

use super::Keys;
use crate::domain::api_key::KeyState;
use crate::domain::legacy::LegacySecret;
use crate::domain::{ApiKeyId, Error, Timestamp};
use crate::store::api_keys::ApiKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
pub(super) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
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

    fn remember(&self, digest: [u8; 32], id: Option<ApiKeyId>) {
        let mut outcomes = self.lock();
        match id {
            Some(id) => drop(outcomes.known.insert(digest, id)),
            None => {
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

/// Whose secret it is, of those that work now.
///
/// # Errors
/// [`Error::Unauthenticated`]; [`Error::Unavailable`] if so many are compared that it would take too long.
pub(super) async fn find(keys: &Arc<Keys>, turns: &Turns, secret: &LegacySecret, now: Timestamp) -> Result<ApiKeyId, Error> {
    let candidates: Vec<(ApiKeyId, String, String)> = candidates(keys, secret, now);
    if candidates.is_empty() {
        return Err(Error::Unauthenticated);
    }
    let digest = secret.digest();
    let id = match keys.tried.outcome(&digest) {
        Some(outcome) => outcome,
        None => compare(keys, turns, secret, digest, candidates).await?,
    };
    id.ok_or(Error::Unauthenticated)
}

fn candidates(keys: &Keys, secret: &LegacySecret, now: Timestamp) -> Vec<(ApiKeyId, String, String)> {
    let working = keys.legacy.iter().filter_map(|id| keys.by_id.get(id)).filter(|key| works(key, now));
    let stored = working.filter_map(|key| Some((key.id, key.legacy_hash.clone()?, key.legacy_salt.clone().unwrap_or_default())));
    stored.filter(|(_, hash, _)| secret.may_be(hash)).collect()
}

async fn compare(
    keys: &Arc<Keys>,
    turns: &Turns,
    secret: &LegacySecret,
    digest: [u8; 32],
    candidates: Vec<(ApiKeyId, String, String)>,
) -> Result<Option<ApiKeyId>, Error> {
    let busy = || Error::Unavailable("so many secrets of another system are compared that this one would wait too long".into());
    let turn = timeout(PATIENCE, Arc::clone(&turns.0).acquire_owned()).await;
    let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
    // Somebody with the same text may have been before.
    if let Some(outcome) = keys.tried.outcome(&digest) {
        return Ok(outcome);
    }
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

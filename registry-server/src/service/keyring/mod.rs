//! Which credentials are good, now: all keys that may be used, in memory.
//!
//! A key that is changed changes `registry_state.api_keys_revision`, which every server learns of with the revisions
//! themselves: at once its own changes, within a second those of others. From then on the keys are read anew before anybody is
//! let in; and a server that cannot look lets nobody in. So a revoked key is dead everywhere within five seconds, and a key
//! that was never one costs no query.

mod legacy;

use crate::domain::api_key::KeyState;
use crate::domain::caller::{Caller, Credential, Origin};
use crate::domain::legacy::LegacySecret;
use crate::domain::name::Actor;
use crate::domain::secret::SecretHash;
use crate::domain::{ApiKeyId, Clock, Error, Revision, Secret, Timestamp};
use crate::store::api_keys::{self, ApiKey};
use crate::store::{Store, Tx};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long other servers may have changed keys before this one insists on looking.
const BLIND: Duration = Duration::from_secs(4);
/// How long reading the keys may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long after the keys could not be read nobody tries to.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// How often whoever holds a stream is looked at, whatever happens.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const NO_HASH: [u8; 32] = [0; 32];
const MINUTE: i64 = 60_000_000;

/// The keys that may be used. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keyring(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    clock: Clock,
    keys: RwLock<Arc<Keys>>,
    /// Held by whoever reads the keys anew; the others wait for that. When it last failed.
    reading: tokio::sync::Mutex<Option<Instant>>,
    /// When keys were used since that was last noted.
    used: Mutex<HashMap<ApiKeyId, Timestamp>>,
    turns: legacy::Turns,
}

/// The keys as of a revision.
#[derive(Debug)]
struct Keys {
    revision: Option<Revision>,
    by_id: HashMap<ApiKeyId, ApiKey>,
    /// Those of them that have a secret that another system made.
    legacy: Vec<ApiKeyId>,
    /// What came of the texts that were compared with these.
    tried: legacy::Tried,
}

impl Keys {
    fn new(revision: Option<Revision>, rows: Vec<ApiKey>) -> Self {
        let legacy = rows.iter().filter(|row| row.legacy_hash.is_some()).map(|row| row.id).collect();
        Self { revision, by_id: rows.into_iter().map(|row| (row.id, row)).collect(), legacy, tried: legacy::Tried::default() }
    }

    /// Whose secrets are known of those keys whose secret is still the same: comparing them again would cost as much as before.
    fn remember(&self, before: &Self) {
        let same = |id: &ApiKeyId| match (self.by_id.get(id), before.by_id.get(id)) {
            (Some(now), Some(before)) => now.legacy_hash == before.legacy_hash && now.legacy_salt == before.legacy_salt,
            (Some(_) | None, _) => false,
        };
        self.tried.remember_known(&before.tried, same);
    }
}

impl Keyring {
    /// Of an open database; nothing is read yet.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let keys = RwLock::new(Arc::new(Keys::new(None, Vec::new())));
        let (reading, used, turns) = (tokio::sync::Mutex::default(), Mutex::default(), legacy::Turns::default());
        Self(Arc::new(Shared { store, clock, keys, reading, used, turns }))
    }

    /// What time it is for credentials.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Who calls with this secret.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], whatever is wrong with it; [`Error::Unavailable`] if that cannot be known.
    pub async fn recognise(&self, secret: &Secret, origin: Origin) -> Result<Caller, Error> {
        let keys = self.current().await?;
        let (now, hash) = (self.0.clock.now(), secret.hash());
        let Some(key) = keys.by_id.get(&secret.id()) else {
            let _ = hash.is(&NO_HASH); // as much work as for a key that exists
            return Err(Error::Unauthenticated);
        };
        if !admits(key, &hash, now) {
            return Err(Error::Unauthenticated);
        }
        Ok(self.caller(key, hash, origin, now))
    }

    /// Who calls with a secret that another system made. If that has to be compared, which is slow, `may_try` is asked before.
    ///
    /// # Errors
    /// The same, and what `may_try` says.
    pub async fn recognise_legacy(
        &self,
        secret: &LegacySecret,
        origin: Origin,
        may_try: impl FnOnce() -> Result<(), Error>,
    ) -> Result<Caller, Error> {
        let keys = self.current().await?;
        let now = self.0.clock.now();
        let id = legacy::find(&keys, &self.0.turns, secret, origin.address, now, may_try).await?;
        // It may have taken a while, in which keys have changed.
        let (keys, now) = (self.current().await?, self.0.clock.now());
        let key = keys.by_id.get(&id).filter(|key| legacy::works(key, now)).ok_or(Error::Unauthenticated)?;
        let hash = key.legacy_hash.as_deref().map(SecretHash::of_legacy).ok_or(Error::Unauthenticated)?;
        Ok(self.caller(key, hash, origin, now))
    }

    fn caller(&self, key: &ApiKey, hash: SecretHash, origin: Origin, now: Timestamp) -> Caller {
        self.note([(key.id, minute(now))]);
        Caller {
            actor: Actor::from(&key.name),
            role: Some(key.role),
            scope: key.model_name_prefixes.clone(),
            credential: Credential::Key { id: key.id, name: key.name.clone(), hash },
            origin,
        }
    }

    /// Ends when a caller may no longer go on, and says why.
    pub async fn lost(&self, caller: &Caller) -> Error {
        let mut changes = self.0.store.keys_heads();
        loop {
            changes.borrow_and_update();
            if let Err(why) = self.may_go_on(caller).await {
                return why;
            }
            // Time makes no noise when it runs out.
            let _ = timeout(LOOK_AGAIN, changes.changed()).await;
        }
    }

    async fn may_go_on(&self, caller: &Caller) -> Result<(), Error> {
        let now = self.0.clock.now();
        match &caller.credential {
            Credential::None => Ok(()),
            Credential::Certificate { until } if now <= *until => Ok(()),
            Credential::Certificate { .. } => Err(Error::Unauthenticated),
            Credential::Key { id, name: _, hash } => {
                let keys = self.current().await?;
                let key = keys
                    .by_id
                    .get(id)
                    .filter(|key| admits(key, hash, now) || goes_on(key, hash, now))
                    .ok_or(Error::Unauthenticated)?;
                let same = Some(key.role) == caller.role && key.model_name_prefixes == caller.scope;
                if same { Ok(()) } else { Err(Error::KeyChanged) }
            }
        }
    }

    /// Remembers when keys were used.
    pub(super) fn note(&self, uses: impl IntoIterator<Item = (ApiKeyId, Timestamp)>) {
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, time) in uses {
            let last = used.entry(id).or_insert(time);
            *last = time.max(*last);
        }
    }

    /// When which keys were used since this was last asked.
    pub(super) fn take_used(&self) -> HashMap<ApiKeyId, Timestamp> {
        std::mem::take(&mut *self.0.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys, as new as the newest change that is known.
    async fn current(&self) -> Result<Arc<Keys>, Error> {
        if let Some(keys) = self.if_current() {
            return Ok(keys);
        }
        let mut failed = self.0.reading.lock().await;
        if let Some(keys) = self.if_current() {
            return Ok(keys);
        }
        // Whoever waited for somebody who could not read them need not try the same.
        if failed.is_some_and(|failed| failed.elapsed() < TRY_AGAIN) {
            return Err(Error::Unavailable("the API keys cannot be read".into()));
        }
        let read = self.read().await;
        *failed = read.is_err().then(Instant::now);
        read
    }

    fn if_current(&self) -> Option<Arc<Keys>> {
        let shared = &self.0;
        let keys = Arc::clone(&shared.keys.read().unwrap_or_else(PoisonError::into_inner));
        let known = keys.revision == Some(shared.store.keys_head());
        (known && shared.store.blind_for() < BLIND).then_some(keys)
    }

    async fn read(&self) -> Result<Arc<Keys>, Error> {
        let shared = &self.0;
        shared.store.look().await?;
        let revision = Some(shared.store.keys_head());
        let rows = async { api_keys::not_revoked(&shared.store.glimpse().await?).await };
        let rows = timeout(PATIENCE, rows).await.map_err(|late| Error::Unavailable(late.into()))??;
        let keys = Keys::new(revision, rows);
        keys.remember(&shared.keys.read().unwrap_or_else(PoisonError::into_inner));
        let keys = Arc::new(keys);
        *shared.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        Ok(keys)
    }
}

/// Whether a key lets in whoever sends a secret with this hash, at a time. Both hashes are compared, whatever comes of it.
fn admits(key: &ApiKey, hash: &SecretHash, now: Timestamp) -> bool {
    let is_current = hash.is(&key.secret_hash);
    let is_previous = hash.is(key.previous_hash.as_deref().unwrap_or(&NO_HASH));
    let in_grace = key.previous_hash.is_some() && key.previous_until.is_some_and(|until| now < until);
    KeyState::at(now, key.state, key.expire_time) == KeyState::Active && (is_current || (is_previous && in_grace))
}

/// Whether a caller who was let in by a secret that another system made may go on.
fn goes_on(key: &ApiKey, hash: &SecretHash, now: Timestamp) -> bool {
    legacy::works(key, now) && key.legacy_hash.as_deref().is_some_and(|stored| SecretHash::of_legacy(stored) == *hash)
}

/// The minute that a moment is in.
fn minute(now: Timestamp) -> Timestamp {
    Timestamp::from_micros(now.micros().div_euclid(MINUTE).saturating_mul(MINUTE))
}

/// Notes when keys were used.
///
/// # Errors
/// Those of the database.
pub async fn note_used(tx: Tx, used: Arc<HashMap<ApiKeyId, Timestamp>>) -> Result<(), Error> {
    for (id, time) in &*used {
        api_keys::used(&tx, *id, *time).await?;
    }
    tx.keep();
    Ok(())
}

//! Use cases on API keys. What they change is in force here when they have been answered, and on other servers when
//! those have heard of it (`service/keyring.rs`).

use super::changes::Changes;
use super::{Lifecycle, Registry, later};
use crate::domain::api_key::{
    KeyFilter, KeyState, MAX_KEYS, NewApiKey, RotateApiKey, StoredState, TransitionApiKey, UpdateApiKey,
};
use crate::domain::page::{List, Page};
use crate::domain::{ApiKeyId, Context, Error, Etag, Kind, Patch, Refused, Revision, Role, Scope, Secret, Timestamp};
use crate::store::Tx;
use crate::store::api_keys::{self, ApiKey};
use std::sync::Arc;

/// The name of the key that the first start makes.
const FIRST: &str = "bootstrap-admin";

/// Creates a key, and its secret.
///
/// # Errors
/// [`Error::Exists`] if the name is taken, also by a revoked key; [`Error::LimitExceeded`].
pub async fn create(tx: Tx, new: Arc<NewApiKey>) -> Result<(ApiKey, Secret), Error> {
    expires_later(&tx, new.expire_time)?;
    let count = api_keys::count(&tx).await?;
    if count >= MAX_KEYS {
        return Err(Error::LimitExceeded { subject: "API keys".to_owned(), limit: MAX_KEYS, actual: count + 1 });
    }
    let secret = Secret::fresh(tx.ctx().new_id());
    let key = made(&tx, &new, &secret, tx.revision());
    limited(&key)?;
    api_keys::insert(&tx, &key).await?;
    api_keys::record(&tx, &key, &[]);
    Ok((key, secret))
}

fn made(tx: &Tx, new: &NewApiKey, secret: &Secret, revision: Revision) -> ApiKey {
    let NewApiKey { name, role, scope, description, expire_time } = new.clone();
    let now = tx.ctx().now();
    ApiKey {
        id: secret.id(),
        name,
        role,
        state: StoredState::Active,
        description,
        model_name_prefixes: scope,
        secret_hash: secret.hash().to_vec(),
        previous_hash: None,
        previous_until: None,
        create_time: now,
        update_time: now,
        last_use_time: None,
        expire_time,
        revision,
        legacy_hash: None,
        legacy_salt: None,
    }
}

/// Makes the first key of a registry, an admin's. Tells whether it did: if there is any key already, it does nothing.
///
/// # Errors
/// Those of the database.
pub async fn bootstrap(tx: Tx, secret: Arc<Secret>) -> Result<bool, Error> {
    if api_keys::any(&tx).await? {
        return Ok(false);
    }
    let name = FIRST.parse().map_err(|_| Error::bug("the name of the first key is refused"))?;
    let description = Some("made by the first start".to_owned());
    let new = NewApiKey { name, role: Role::Admin, scope: Scope::everything(), description, expire_time: None };
    api_keys::insert(&tx, &made(&tx, &new, &secret, Revision::ZERO)).await?;
    tx.keep();
    Ok(true)
}

/// Changes what a key may do, or until when.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::InvalidTransition`] if it is revoked, [`Error::LastAdminKey`].
pub async fn update(tx: Tx, command: Arc<UpdateApiKey>) -> Result<ApiKey, Error> {
    let UpdateApiKey { id, role, scope, description, expire_time, etag } = (*command).clone();
    let mut key = api_keys::lock(&tx, id).await?;
    let was_admin = is_admin(&key, tx.ctx().now());
    lifecycle(&key, etag.as_ref()).still_is()?;
    not_revoked(&key, "UPDATED")?;
    if let Patch::Set(time) = &expire_time {
        expires_later(&tx, Some(*time))?;
    }
    let mut changes = Changes::default();
    changes.note("role", role.apply_or(&mut key.role, Role::Viewer));
    changes.note("model_name_prefixes", scope.apply_or(&mut key.model_name_prefixes, Scope::everything()));
    changes.note("description", description.apply(&mut key.description));
    changes.note("expire_time", expire_time.apply(&mut key.expire_time));
    if changes.is_empty() {
        return Ok(key);
    }
    limited(&key)?;
    store(&tx, &mut key, was_admin, changes.names()).await?;
    Ok(key)
}

/// Disables, enables or revokes a key.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::InvalidTransition`], [`Error::LastAdminKey`].
pub async fn transition(tx: Tx, command: Arc<TransitionApiKey>) -> Result<ApiKey, Error> {
    let TransitionApiKey { id, target, etag } = &*command;
    let mut key = api_keys::lock(&tx, *id).await?;
    let was_admin = is_admin(&key, tx.ctx().now());
    lifecycle(&key, etag.as_ref()).still_is()?;
    if key.state == *target {
        may_stay(&tx, &key)?;
        return Ok(key);
    }
    not_revoked(&key, target.as_str())?;
    key.state = *target;
    if *target == StoredState::Revoked {
        (key.previous_hash, key.previous_until) = (None, None);
        (key.legacy_hash, key.legacy_salt) = (None, None);
    }
    store(&tx, &mut key, was_admin, &["state"]).await?;
    Ok(key)
}

/// To enable a key that has expired would change nothing, and it would look as if it had.
fn may_stay(tx: &Tx, key: &ApiKey) -> Result<(), Error> {
    match KeyState::at(tx.ctx().now(), key.state, key.expire_time) {
        KeyState::Expired => Err(invalid(KeyState::Expired, "ACTIVE", "it has expired: give it a later expire_time")),
        KeyState::Active | KeyState::Disabled | KeyState::Revoked => Ok(()),
    }
}

/// Gives a key a new secret.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InvalidTransition`] if it is revoked.
pub async fn rotate(tx: Tx, command: Arc<RotateApiKey>) -> Result<(ApiKey, Secret), Error> {
    let RotateApiKey { id, grace } = &*command;
    let mut key = api_keys::lock(&tx, *id).await?;
    let was_admin = is_admin(&key, tx.ctx().now());
    not_revoked(&key, "ROTATED")?;
    let secret = Secret::fresh(key.id);
    let before = std::mem::replace(&mut key.secret_hash, secret.hash().to_vec());
    let until = Some(tx.ctx().now().after(*grace)).filter(|_| !grace.is_zero());
    // The secret before may be one that another system made: then it is that which goes on working for a while.
    let before_is_legacy = before.is_empty() && key.legacy_hash.is_some();
    if !before_is_legacy || until.is_none() {
        (key.legacy_hash, key.legacy_salt) = (None, None);
    }
    (key.previous_hash, key.previous_until) = (until.filter(|_| !before_is_legacy).map(|_| before), until);
    store(&tx, &mut key, was_admin, &[]).await?;
    Ok((key, secret))
}

/// Whether a key can be used to manage keys.
fn is_admin(key: &ApiKey, now: Timestamp) -> bool {
    key.role == Role::Admin && KeyState::at(now, key.state, key.expire_time) == KeyState::Active
}

/// Writes a changed key, unless it was the last usable one of an admin and is none any more.
async fn store(tx: &Tx, key: &mut ApiKey, was_admin: bool, changed: &[&'static str]) -> Result<(), Error> {
    let now = tx.ctx().now();
    if was_admin && !is_admin(key, now) && !api_keys::another_admin(tx, key.id, now).await? {
        return Err(Error::LastAdminKey);
    }
    (key.update_time, key.revision) = (later(now, key.update_time), tx.revision());
    api_keys::update(tx, key).await?;
    api_keys::record(tx, key, changed);
    Ok(())
}

fn not_revoked(key: &ApiKey, to: &'static str) -> Result<(), Error> {
    match key.state {
        StoredState::Revoked => Err(invalid(KeyState::Revoked, to, "it is revoked for good: create another key")),
        StoredState::Active | StoredState::Disabled => Ok(()),
    }
}

const fn invalid(from: KeyState, to: &'static str, why: &'static str) -> Error {
    Error::InvalidTransition { kind: Kind::ApiKey, from: from.as_str(), to, why }
}

/// Admins manage keys, and could give themselves what a limit takes away.
fn limited(key: &ApiKey) -> Result<(), Error> {
    if key.role == Role::Admin && !key.model_name_prefixes.is_everything() {
        let why = "cannot be set for a key with ROLE_ADMIN, which could lift the limit";
        return Err(Error::invalid(Refused::new("ADMIN_UNLIMITED", why).at("api_key.model_name_prefixes")));
    }
    Ok(())
}

fn expires_later(tx: &Tx, expire_time: Option<Timestamp>) -> Result<(), Error> {
    match expire_time {
        Some(time) if time <= tx.ctx().now() => {
            Err(Error::invalid(Refused::new("FUTURE", "must lie ahead").at("api_key.expire_time")))
        }
        _ => Ok(()),
    }
}

fn lifecycle<'a>(key: &ApiKey, etag: Option<&'a Etag>) -> Lifecycle<'a> {
    Lifecycle { kind: Kind::ApiKey, name: key.name.to_string(), revision: key.revision, delete_time: None, etag }
}

impl Registry {
    /// One key.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_api_key(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        api_keys::get(&self.store.snapshot(&Scope::everything()).await?, id).await
    }

    /// The key that a call was made with.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it was made without one.
    pub async fn get_caller_api_key(&self, ctx: &Context) -> Result<ApiKey, Error> {
        match ctx.caller().key() {
            Some((id, _)) => self.get_api_key(id).await,
            None => Err(Error::not_found(Kind::ApiKey, "of the caller")),
        }
    }

    /// One page of keys, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_api_keys(&self, ctx: &Context, list: &List<KeyFilter, ()>) -> Result<Page<ApiKey>, Error> {
        let snapshot = self.store.snapshot(&Scope::everything()).await?;
        let (rows, more) = api_keys::list(&snapshot, list, ctx.now()).await?;
        let revision = self.revision_of(&snapshot, list.resume.as_ref()).await?;
        Ok(Page { rows, more, total: None, revision })
    }

    /// Whether there is any key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn has_api_keys(&self) -> Result<bool, Error> {
        api_keys::any(&self.store.snapshot(&Scope::everything()).await?).await
    }
}

//! `ApiKey`, and what is asked for of keys.

use super::{etag, mask_error, patched, time};
use crate::api::violations::Violations;
use crate::domain::api_key::{KeyFilter, KeyState, NewApiKey, RotateApiKey, StoredState, TransitionApiKey, UpdateApiKey};
use crate::domain::{ApiKeyId, Context, Error, Revision, Role, Scope, Timestamp, secret};
use crate::store::api_keys::ApiKey as Row;
use registry_proto::mask::{ApiKeyField, ApiKeyMask};
use registry_proto::v1 as pb;

/// A key as it is at a time. What its secrets hash to stays behind.
pub(in crate::api) fn message(row: Row, now: Timestamp) -> pb::ApiKey {
    let Row {
        id,
        name,
        role,
        state,
        description,
        model_name_prefixes,
        secret_hash: _,
        previous_hash: _,
        previous_until: _,
        create_time,
        update_time,
        last_use_time,
        expire_time,
        revision,
        legacy_hash: _,
        legacy_salt: _,
    } = row;
    pb::ApiKey {
        id: id.to_string(),
        name: name.into(),
        prefix: secret::prefix(id),
        role: role_message(role).into(),
        state: state_message(KeyState::at(now, state, expire_time)).into(),
        description,
        create_time: Some(time::timestamp(create_time)),
        update_time: Some(time::timestamp(update_time)),
        last_use_time: last_use_time.map(time::timestamp),
        expire_time: expire_time.map(time::timestamp),
        etag: revision.etag().to_string(),
        model_name_prefixes: model_name_prefixes.prefixes().to_vec(),
    }
}

/// A key as a change left it. One that was only validated has no revision, hence no etag.
pub(in crate::api) fn written(row: Row, ctx: &Context) -> pb::ApiKey {
    let key = message(row, ctx.now());
    if ctx.is_dry_run() { pb::ApiKey { etag: Revision::ZERO.etag().to_string(), ..key } } else { key }
}

/// A key to create.
pub(in crate::api) fn create(message: pb::CreateApiKeyRequest) -> Result<NewApiKey, Error> {
    let pb::CreateApiKeyRequest { api_key } = message;
    let pb::ApiKey {
        id: _,
        name,
        prefix: _,
        role,
        state: _,
        description,
        create_time: _,
        update_time: _,
        last_use_time: _,
        expire_time,
        etag: _,
        model_name_prefixes,
    } = api_key.unwrap_or_default();
    let mut at = Violations::default();
    let name = at.field("api_key.name", name.parse());
    at.finish(|| {
        Some(NewApiKey {
            name: name?,
            role: self::role(role).unwrap_or(Role::Viewer),
            scope: Scope::prefixed(model_name_prefixes),
            description,
            expire_time: expire_time.map(time::parse_timestamp),
        })
    })
}

/// What to change of which key.
pub(in crate::api) fn update(message: pb::UpdateApiKeyRequest) -> Result<UpdateApiKey, Error> {
    let pb::UpdateApiKeyRequest { api_key_id, api_key, update_mask, validate_only: _, request_id: _ } = message;
    let id = self::id(&api_key_id)?;
    let key = api_key.unwrap_or_default();
    let mask = ApiKeyMask::parse(update_mask.as_ref(), &key).map_err(mask_error)?;
    let pb::ApiKey {
        id: _,
        name: _,
        prefix: _,
        role,
        state: _,
        description,
        create_time: _,
        update_time: _,
        last_use_time: _,
        expire_time,
        etag: given,
        model_name_prefixes,
    } = key;
    let named = |field| mask.contains(field);
    let prefixes = Some(model_name_prefixes).filter(|prefixes| !prefixes.is_empty()).map(Scope::prefixed);
    let mut at = Violations::default();
    let etag = at.optional("api_key.etag", etag(&given));
    at.finish(|| {
        Some(UpdateApiKey {
            id,
            role: patched(named(ApiKeyField::Role), self::role(role)),
            scope: patched(named(ApiKeyField::ModelNamePrefixes), prefixes),
            description: patched(named(ApiKeyField::Description), description),
            expire_time: patched(named(ApiKeyField::ExpireTime), expire_time.map(time::parse_timestamp)),
            etag: etag?,
        })
    })
}

/// Which key to move to which state.
pub(in crate::api) fn transition(message: pb::TransitionApiKeyRequest) -> Result<TransitionApiKey, Error> {
    let pb::TransitionApiKeyRequest { api_key_id, target_state, etag: given, validate_only: _, request_id: _ } = message;
    let id = self::id(&api_key_id)?;
    let target = match pb::ApiKeyState::try_from(target_state).unwrap_or_default() {
        pb::ApiKeyState::Active => StoredState::Active,
        pb::ApiKeyState::Disabled => StoredState::Disabled,
        pb::ApiKeyState::Revoked => StoredState::Revoked,
        pb::ApiKeyState::Unspecified | pb::ApiKeyState::Expired => return Err(Error::bug("a state that the rules refuse")),
    };
    let mut at = Violations::default();
    let etag = at.optional("etag", etag(&given));
    at.finish(|| Some(TransitionApiKey { id, target, etag: etag? }))
}

/// Which key to give a new secret.
pub(in crate::api) fn rotate(message: pb::RotateApiKeyRequest) -> Result<RotateApiKey, Error> {
    let pb::RotateApiKeyRequest { api_key_id, grace_period } = message;
    Ok(RotateApiKey { id: id(&api_key_id)?, grace: grace_period.map(time::length).unwrap_or_default() })
}

/// Which keys to list.
pub(in crate::api) fn filter(states: &[i32]) -> KeyFilter {
    KeyFilter { states: states.iter().filter_map(|state| self::state(*state)).collect() }
}

pub(in crate::api) fn id(text: &str) -> Result<ApiKeyId, Error> {
    text.parse().map_err(|refused: crate::domain::Refused| Error::invalid(refused.at("api_key_id")))
}

/// Unset means: not said. An unknown number has been refused before.
fn role(role: i32) -> Option<Role> {
    match pb::Role::try_from(role).unwrap_or_default() {
        pb::Role::Unspecified => None,
        pb::Role::Viewer => Some(Role::Viewer),
        pb::Role::Operator => Some(Role::Operator),
        pb::Role::Admin => Some(Role::Admin),
    }
}

fn role_message(role: Role) -> pb::Role {
    match role {
        Role::Viewer => pb::Role::Viewer,
        Role::Operator => pb::Role::Operator,
        Role::Admin => pb::Role::Admin,
    }
}

fn state(state: i32) -> Option<KeyState> {
    match pb::ApiKeyState::try_from(state).unwrap_or_default() {
        pb::ApiKeyState::Unspecified => None,
        pb::ApiKeyState::Active => Some(KeyState::Active),
        pb::ApiKeyState::Disabled => Some(KeyState::Disabled),
        pb::ApiKeyState::Expired => Some(KeyState::Expired),
        pb::ApiKeyState::Revoked => Some(KeyState::Revoked),
    }
}

fn state_message(state: KeyState) -> pb::ApiKeyState {
    match state {
        KeyState::Active => pb::ApiKeyState::Active,
        KeyState::Disabled => pb::ApiKeyState::Disabled,
        KeyState::Expired => pb::ApiKeyState::Expired,
        KeyState::Revoked => pb::ApiKeyState::Revoked,
    }
}

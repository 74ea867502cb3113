//! API keys.

use super::entity::api_key::{Column, Entity};
use super::events::About;
use super::page::{Sort, cut, page};
use super::{Source, Tx, visible};
use crate::domain::api_key::{KeyFilter, KeyState, StoredState};
use crate::domain::event::ResourceKind;
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::{ApiKeyId, Error, Kind, Role, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
};

pub use super::entity::api_key::Model as ApiKey;

impl ApiKey {
    /// Its place in a list by name.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: SortKey::Text(self.name.to_string()), id: self.id.uuid() }
    }
}

/// Adds a key; the database says whether its name is taken.
///
/// # Errors
/// [`Error::Exists`].
pub async fn insert(tx: &Tx, key: &ApiKey) -> Result<(), Error> {
    let row = key.clone().into_active_model().reset_all();
    let taken = OnConflict::column(Column::Name).do_nothing().to_owned();
    let inserted = Entity::insert_many([row]).on_conflict(taken).exec_without_returning(tx.conn()).await?;
    if inserted == 0 {
        let name = key.name.to_string();
        return Err(Error::Exists { kind: Kind::ApiKey, id: String::new(), name, deleted: false });
    }
    Ok(())
}

/// Writes a changed key. It must have been read with [`lock`] in the same transaction.
///
/// # Errors
/// Those of the database.
pub async fn update(tx: &Tx, key: &ApiKey) -> Result<(), Error> {
    key.clone().into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Remembers that a key was changed, and which of its fields.
pub fn record(tx: &Tx, key: &ApiKey, changed_fields: &[&'static str]) {
    let (id, name, changed_fields) = (key.id.to_string(), key.name.to_string(), changed_fields.join(","));
    tx.key_changed(About { kind: ResourceKind::ApiKey, id, name, changed_fields });
}

/// One key, locked until the end of the transaction.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn lock(tx: &Tx, id: ApiKeyId) -> Result<ApiKey, Error> {
    let key = by_id(id).lock_exclusive().one(tx.conn()).await?;
    key.ok_or_else(|| Error::not_found(Kind::ApiKey, id))
}

/// One key.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(source: &impl Source, id: ApiKeyId) -> Result<ApiKey, Error> {
    by_id(id).one(source.conn()).await?.ok_or_else(|| Error::not_found(Kind::ApiKey, id))
}

fn by_id(id: ApiKeyId) -> Select<Entity> {
    visible::of_registry().filter(Column::Id.eq(id))
}

/// Whether there is any key with a secret that this registry has made, usable or not. One that was taken over from another system
/// has none: nobody may be an administrator by it.
///
/// # Errors
/// Those of the database.
pub async fn any(source: &impl Source) -> Result<bool, Error> {
    Ok(visible::of_registry::<Entity>().filter(Column::SecretHash.ne(Vec::<u8>::new())).one(source.conn()).await?.is_some())
}

/// All keys that may be used now or later.
///
/// # Errors
/// Those of the database.
pub async fn not_revoked(source: &impl Source) -> Result<Vec<ApiKey>, Error> {
    Ok(visible::of_registry::<Entity>().filter(Column::State.ne(StoredState::Revoked)).all(source.conn()).await?)
}

/// How many keys are not revoked.
///
/// # Errors
/// Those of the database.
pub async fn count(source: &impl Source) -> Result<u64, Error> {
    Ok(visible::of_registry::<Entity>().filter(Column::State.ne(StoredState::Revoked)).count(source.conn()).await?)
}

/// Whether a key other than this one is an admin's and can be used.
///
/// # Errors
/// Those of the database.
pub async fn another_admin(source: &impl Source, than: ApiKeyId, now: Timestamp) -> Result<bool, Error> {
    let admins = visible::of_registry::<Entity>()
        .filter(Column::Id.ne(than))
        .filter(Column::Role.eq(Role::Admin))
        .filter(is(KeyState::Active, now));
    Ok(admins.one(source.conn()).await?.is_some())
}

/// One page by name; whether there is more.
///
/// # Errors
/// Those of the database.
pub async fn list(source: &impl Source, list: &List<KeyFilter, ()>, now: Timestamp) -> Result<(Vec<ApiKey>, bool), Error> {
    let states = &list.filter.states;
    let wanted = match states.is_empty() {
        true => Condition::all().add(Column::State.ne(StoredState::Revoked)),
        false => states.iter().fold(Condition::any(), |any, state| any.add(is(*state, now))),
    };
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let by_name = Sort { by: (Entity, Column::Name), order: Order::Asc };
    let query = page(visible::of_registry::<Entity>().filter(wanted), by_name, (Entity, Column::Id), after, list.size.rows());
    Ok(cut(query.all(source.conn()).await?, list.size.rows()))
}

fn is(state: KeyState, now: Timestamp) -> Condition {
    let stored = |state: StoredState| Condition::all().add(Column::State.eq(state));
    match state {
        KeyState::Disabled => stored(StoredState::Disabled),
        KeyState::Revoked => stored(StoredState::Revoked),
        KeyState::Expired => stored(StoredState::Active).add(Column::ExpireTime.lte(now)),
        KeyState::Active => {
            stored(StoredState::Active).add(Condition::any().add(Column::ExpireTime.is_null()).add(Column::ExpireTime.gt(now)))
        }
    }
}

/// Notes when keys were last used. That is no change of theirs.
///
/// # Errors
/// Those of the database.
pub async fn used(tx: &Tx, id: ApiKeyId, time: Timestamp) -> Result<(), Error> {
    let earlier = Condition::any().add(Column::LastUseTime.is_null()).add(Column::LastUseTime.lt(time));
    let row = Entity::update_many().col_expr(Column::LastUseTime, Expr::val(time)).filter(Column::Id.eq(id)).filter(earlier);
    row.exec(tx.conn()).await?;
    Ok(())
}

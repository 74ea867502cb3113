//! The one row that says which registry this is and how far it has come.

use super::entity::state::{Column, Entity, Model};
use super::{Source, Tx, visible};
use crate::domain::{Error, RegistryId, Revision};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, Select};

/// The row.
pub(super) async fn load(db: &DatabaseConnection) -> Result<Model, DbErr> {
    row().one(db).await?.ok_or_else(missing)
}

fn row() -> Select<Entity> {
    visible::of_registry().filter(Column::Id.eq(1))
}

/// Which registry this is and how far it has come: the row without its key.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// Which registry.
    pub registry_id: RegistryId,
    /// The newest revision.
    pub revision: Revision,
    /// The oldest revision that history can be read after.
    pub compacted_revision: Revision,
}

/// Reads it.
///
/// # Errors
/// Those of the database.
pub async fn get(source: &impl Source) -> Result<State, Error> {
    let row = row().one(source.conn()).await?.ok_or_else(missing)?;
    let Model { id: _, registry_id, revision, compacted_revision, page_token_key: _, api_keys_revision: _ } = row;
    Ok(State { registry_id, revision, compacted_revision })
}

/// How far it has come.
///
/// # Errors
/// Those of the database.
pub async fn revision(source: &impl Source) -> Result<Revision, Error> {
    let revision = row().select_only().column(Column::Revision).into_tuple().one(source.conn()).await?;
    Ok(revision.ok_or_else(missing)?)
}

/// The newest revision and that of the last change of an API key, locked until the end of the transaction: nobody else
/// writes until then.
pub(super) async fn lock(txn: &DatabaseTransaction) -> Result<(Revision, Revision), DbErr> {
    let row = row().select_only().columns([Column::Revision, Column::ApiKeysRevision]).lock_exclusive();
    row.into_tuple().one(txn).await?.ok_or_else(missing)
}

/// Moves the locked counter.
pub(super) async fn advance(txn: &DatabaseTransaction, last: Revision) -> Result<(), DbErr> {
    let row = Entity::update_many().col_expr(Column::Revision, Expr::val(last)).filter(Column::Id.eq(1));
    if row.exec(txn).await?.rows_affected == 1 { Ok(()) } else { Err(missing()) }
}

/// Says that API keys have changed.
pub(super) async fn keys_changed(txn: &DatabaseTransaction, at: Revision) -> Result<(), DbErr> {
    let row = Entity::update_many().col_expr(Column::ApiKeysRevision, Expr::val(at)).filter(Column::Id.eq(1));
    row.exec(txn).await?;
    Ok(())
}

/// Takes the events up to a revision out of history.
///
/// # Errors
/// Those of the database.
pub async fn compact(tx: &Tx, through: Revision) -> Result<(), Error> {
    let row = Entity::update_many().col_expr(Column::CompactedRevision, Expr::val(through)).filter(Column::Id.eq(1));
    row.exec(tx.conn()).await?;
    Ok(())
}

fn missing() -> DbErr {
    DbErr::Custom("registry_state has no row: this is not a registry's database, or somebody emptied it".to_owned())
}

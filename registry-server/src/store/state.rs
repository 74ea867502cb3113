//! The one row that says which registry this is and how far it has come.

use super::Source;
use super::entity::state::{Column, Entity, Model};
use crate::domain::{Error, RegistryId, Revision};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, QuerySelect};

/// The row.
pub(super) async fn load(db: &DatabaseConnection) -> Result<Model, DbErr> {
    Entity::find_by_id(1).one(db).await?.ok_or_else(missing)
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
    let row = Entity::find_by_id(1).one(source.conn()).await?.ok_or_else(missing)?;
    let Model { id: _, registry_id, revision, compacted_revision, page_token_key: _ } = row;
    Ok(State { registry_id, revision, compacted_revision })
}

/// How far it has come.
///
/// # Errors
/// Those of the database.
pub async fn revision(source: &impl Source) -> Result<Revision, Error> {
    let revision = Entity::find_by_id(1).select_only().column(Column::Revision).into_tuple().one(source.conn()).await?;
    Ok(revision.ok_or_else(missing)?)
}

/// Takes the next `count` revisions and returns the first of them. The row stays locked until the commit.
pub(super) async fn advance(txn: &DatabaseTransaction, count: usize) -> Result<Revision, DbErr> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let update = Query::update()
        .table(Entity)
        .value(Column::Revision, Expr::col(Column::Revision).add(count))
        .and_where(Expr::col(Column::Id).eq(1))
        .returning_col(Column::Revision)
        .take();
    let row = txn.query_one(&update).await?.ok_or_else(missing)?;
    let last: i64 = row.try_get("", "revision")?;
    Ok(Revision::new(last - count + 1))
}

fn missing() -> DbErr {
    DbErr::Custom("registry_state has no row: this is not a registry's database, or somebody emptied it".to_owned())
}

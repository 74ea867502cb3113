//! Imports that were begun, and how far each has come: moved in the transaction of what it brings, so that no item is taken twice.

use super::entity::import::{ActiveModel, Column, Entity, Model};
use super::entity::{content, event, model};
use super::{Source, Tx, rows, state, visible};
use crate::domain::{Error, ImportId, Revision, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

pub use super::entity::import::Model as Import;

/// One import, if it was begun.
///
/// # Errors
/// Those of the database.
pub async fn get(source: &impl Source, id: ImportId) -> Result<Option<Model>, Error> {
    Ok(visible::of_registry::<Entity>().filter(Column::Id.eq(id)).one(source.conn()).await?)
}

/// Writes down that one has begun.
///
/// # Errors
/// Those of the database.
pub async fn insert(tx: &Tx, row: Model) -> Result<(), Error> {
    Ok(rows::insert::<ActiveModel, _>(tx.conn(), vec![row]).await?)
}

/// Says that what an import brings keeps its revisions.
///
/// # Errors
/// Those of the database.
pub async fn keep_revisions(tx: &Tx, id: ImportId) -> Result<(), Error> {
    let update = Entity::update_many().col_expr(Column::KeepsRevisions, Expr::val(true)).filter(Column::Id.eq(id));
    update.exec(tx.conn()).await?;
    Ok(())
}

/// Says that every item up to this one is done, and how many more of them have failed.
///
/// # Errors
/// Those of the database.
pub async fn acknowledge(tx: &Tx, id: ImportId, sequence: i64, failed: i64) -> Result<(), Error> {
    let update = Entity::update_many()
        .col_expr(Column::AcknowledgedSequence, Expr::val(sequence))
        .col_expr(Column::FailedCount, Expr::col(Column::FailedCount).add(failed))
        .col_expr(Column::UpdateTime, Expr::val(tx.ctx().now()))
        .filter(Column::Id.eq(id));
    update.exec(tx.conn()).await?;
    Ok(())
}

/// Whether an import began or went on after `time`.
///
/// # Errors
/// Those of the database.
pub async fn any_since(source: &impl Source, time: Timestamp) -> Result<bool, Error> {
    let since = visible::of_registry::<Entity>().filter(Column::UpdateTime.gt(time)).select_only().column(Column::UpdateTime);
    Ok(since.into_tuple::<Timestamp>().one(source.conn()).await?.is_some())
}

/// Whether the registry has never held anything that has a revision, but API keys.
///
/// # Errors
/// Those of the database.
pub async fn nothing_is_stored(source: &impl Source) -> Result<bool, Error> {
    let model = visible::find::<model::Entity>(source).select_only().column(model::Column::Revision).limit(1);
    let event = visible::find::<event::Entity>(source).select_only().column(event::Column::Position).limit(1);
    let content = visible::of_registry::<content::Entity>().select_only().column(content::Column::SizeBytes).limit(1);
    let (model, content) =
        (model.into_tuple::<i64>().one(source.conn()).await?, content.into_tuple::<i64>().one(source.conn()).await?);
    let event = event.into_tuple::<i32>().one(source.conn()).await?;
    let forgot_nothing = state::get(source).await?.compacted_revision == Revision::ZERO;
    Ok(model.is_none() && content.is_none() && event.is_none() && forgot_nothing)
}

//! Imports that were begun, and how far each has come: moved in the transaction of what it brings, so that no item is taken twice.

use super::entity::import::{ActiveModel, Column, Entity, Model};
use super::entity::{content, model};
use super::{Source, Tx, rows, visible};
use crate::domain::{Error, ImportId};
use sea_orm::sea_query::Expr;
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

/// Says that every item up to this one is done.
///
/// # Errors
/// Those of the database.
pub async fn acknowledge(tx: &Tx, id: ImportId, sequence: i64) -> Result<(), Error> {
    let update = Entity::update_many()
        .col_expr(Column::AcknowledgedSequence, Expr::val(sequence))
        .col_expr(Column::UpdateTime, Expr::val(tx.ctx().now()))
        .filter(Column::Id.eq(id));
    update.exec(tx.conn()).await?;
    Ok(())
}

/// Whether the registry holds nothing that an import brings and that has a revision.
///
/// # Errors
/// Those of the database.
pub async fn nothing_is_stored(source: &impl Source) -> Result<bool, Error> {
    let model = visible::find::<model::Entity>(source).select_only().column(model::Column::Revision).limit(1);
    let content = visible::of_registry::<content::Entity>().select_only().column(content::Column::SizeBytes).limit(1);
    let (model, content) =
        (model.into_tuple::<i64>().one(source.conn()).await?, content.into_tuple::<i64>().one(source.conn()).await?);
    Ok(model.is_none() && content.is_none())
}

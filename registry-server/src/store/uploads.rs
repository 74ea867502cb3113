//! What may lie in the storage and belongs to nothing: a row for each upload, written before its first byte and gone with its last
//! trace. Whoever finishes an upload removes its row together with registering the artifact, so one of the two is there at any time.
//!
//! May not: know the storage.

use super::entity::upload::{ActiveModel, Column, Entity, Model};
use super::{Source, Tx, rows, visible};
use crate::domain::name::ContentHash;
use crate::domain::{Error, Timestamp, UploadId};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Writes one down.
///
/// # Errors
/// Those of the database.
pub async fn insert(tx: &Tx, row: Model) -> Result<(), Error> {
    Ok(rows::insert::<ActiveModel, _>(tx.conn(), vec![row]).await?)
}

/// What is new of an upload that goes on.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// Which upload.
    pub id: UploadId,
    /// What its bytes are, once that is known.
    pub sha256: Option<ContentHash>,
    /// What the storage needs to abort it, once it does.
    pub ticket: Option<String>,
    /// How much of the quota it takes.
    pub reserved_bytes: i64,
}

/// Notes it, and that the upload is alive until `lease_time`. False if it has been taken for dead.
///
/// # Errors
/// Those of the database.
pub async fn renew(tx: &Tx, renewal: &Renewal, lease_time: Timestamp) -> Result<bool, Error> {
    let Renewal { id, sha256, ticket, reserved_bytes } = renewal;
    let update = Entity::update_many()
        .col_expr(Column::Sha256, Expr::val(sha256.as_ref().map(ContentHash::as_str)))
        .col_expr(Column::Ticket, Expr::val(ticket.as_deref()))
        .col_expr(Column::ReservedBytes, Expr::val(*reserved_bytes))
        .col_expr(Column::LeaseTime, Expr::val(lease_time))
        .filter(alive(*id));
    Ok(update.exec(tx.conn()).await?.rows_affected == 1)
}

/// Notes that an upload is alive until `lease_time`, if nobody takes it for dead.
///
/// # Errors
/// Those of the database.
pub async fn keep_alive(tx: &Tx, id: UploadId, lease_time: Timestamp) -> Result<(), Error> {
    Entity::update_many().col_expr(Column::LeaseTime, Expr::val(lease_time)).filter(alive(id)).exec(tx.conn()).await?;
    Ok(())
}

/// Removes the row of an upload that is finished: what it made is needed. False if it has been taken for dead.
///
/// # Errors
/// Those of the database.
pub async fn finish(tx: &Tx, id: UploadId) -> Result<bool, Error> {
    Ok(Entity::delete_many().filter(alive(id)).exec(tx.conn()).await?.rows_affected == 1)
}

/// Says that an upload must not be finished any more. Gives its row; `None` if there is none, or it is alive after `time`.
///
/// # Errors
/// Those of the database.
pub async fn condemn(tx: &Tx, id: UploadId, time: Option<Timestamp>) -> Result<Option<Model>, Error> {
    let due = Column::Id.eq(id);
    let due = match time {
        Some(time) => due.and(Column::Condemned.eq(true).or(Column::LeaseTime.lte(time))),
        None => due,
    };
    let update = Entity::update_many().col_expr(Column::Condemned, Expr::val(true)).filter(due.clone());
    update.exec(tx.conn()).await?;
    Ok(visible::of_registry::<Entity>().filter(due).one(tx.conn()).await?)
}

/// Puts an upload that could not be cleared away behind those that can.
///
/// # Errors
/// Those of the database.
pub async fn postpone(tx: &Tx, id: UploadId) -> Result<(), Error> {
    let later = Entity::update_many().col_expr(Column::LeaseTime, Expr::val(tx.ctx().now())).filter(Column::Id.eq(id));
    later.exec(tx.conn()).await?;
    Ok(())
}

/// Removes the row of an upload of which nothing is left.
///
/// # Errors
/// Those of the database.
pub async fn remove(tx: &Tx, id: UploadId) -> Result<(), Error> {
    Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// Whether there is a row.
///
/// # Errors
/// Those of the database.
pub async fn is_known(source: &impl Source, id: UploadId) -> Result<bool, Error> {
    Ok(visible::of_registry::<Entity>().filter(Column::Id.eq(id)).one(source.conn()).await?.is_some())
}

/// The first uploads that are to be cleared away: that nobody has said to be alive after `time`, or that somebody began to clear away.
///
/// # Errors
/// Those of the database.
pub async fn dead(source: &impl Source, time: Timestamp, limit: u64) -> Result<Vec<UploadId>, Error> {
    let due = Column::Condemned.eq(true).or(Column::LeaseTime.lte(time));
    let query = visible::of_registry::<Entity>().filter(due).order_by_asc(Column::LeaseTime).limit(limit);
    Ok(query.select_only().column(Column::Id).into_tuple().all(source.conn()).await?)
}

/// How much of the quota the uploads but this one take.
///
/// # Errors
/// Those of the database.
pub async fn reserved_by_others(source: &impl Source, id: UploadId) -> Result<i64, Error> {
    let sum = Expr::col(Column::ReservedBytes).sum().cast_as("bigint");
    let query = visible::of_registry::<Entity>().filter(Column::Id.ne(id)).select_only().expr_as(sum, "sum");
    let sum: Option<Option<i64>> = query.into_tuple().one(source.conn()).await?;
    Ok(sum.flatten().unwrap_or(0))
}

fn alive(id: UploadId) -> sea_orm::sea_query::SimpleExpr {
    Column::Id.eq(id).and(Column::Condemned.eq(false))
}

//! The answers that are kept under the keys of changes, so that a retry is answered and not done again.
//!
//! The writer looks them up under the lock of the counter: two calls with one key never run at the same time, on
//! whatever server.

use super::entity::answer::{ActiveModel, Column, Entity, Model};
use super::{Source, Tx, rows, visible};
use crate::domain::name::Actor;
use crate::domain::{ChangeKey, Context, Error, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use std::collections::HashMap;
use uuid::Uuid;

/// The answers that are known in one batch, by caller and request id.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<(Actor, Uuid), Model>);

impl Known {
    /// Those that were kept for any of these calls, by one statement.
    pub(super) async fn of(txn: &DatabaseTransaction, calls: impl Iterator<Item = &Context>) -> Result<Self, DbErr> {
        let keys: Vec<_> = calls.filter_map(|ctx| Some((ctx.actor(), ctx.key()?.id))).collect();
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let pair = Expr::tuple([Expr::col(Column::Caller), Expr::col(Column::RequestId)]);
        let asked = keys.into_iter().map(|(caller, id)| Expr::tuple([Expr::val(caller.as_str()), Expr::val(id)]));
        let found = visible::of_registry::<Entity>().filter(pair.is_in(asked)).all(txn).await?;
        Ok(Self(found.into_iter().map(|row| ((row.caller.clone(), row.request_id), row)).collect()))
    }

    /// The answer to a call, if there has been one.
    pub(super) fn answer(&self, ctx: &Context) -> Option<Result<Vec<u8>, Error>> {
        let key = ctx.key()?;
        let row = self.0.get(&(ctx.actor().clone(), key.id))?;
        let same = row.method == key.method && row.payload_hash == key.payload;
        Some(if same { Ok(row.response.clone()) } else { Err(Error::RequestIdReused { id: key.id, method: row.method.clone() }) })
    }

    /// Remembers the answer to a call of this batch.
    pub(super) fn remember(&mut self, ctx: &Context, response: Vec<u8>) -> Option<Model> {
        let row = row(ctx, ctx.key()?, response);
        self.0.insert((row.caller.clone(), row.request_id), row.clone());
        Some(row)
    }
}

fn row(ctx: &Context, key: &ChangeKey, response: Vec<u8>) -> Model {
    let ChangeKey { id, method, payload } = key;
    Model {
        caller: ctx.actor().clone(),
        request_id: *id,
        method: (*method).to_owned(),
        payload_hash: payload.to_vec(),
        response,
        create_time: ctx.now(),
    }
}

/// Whether the answer to a change of a caller is kept.
///
/// # Errors
/// Those of the database.
pub async fn is_kept(source: &impl Source, caller: &Actor, id: Uuid) -> Result<bool, Error> {
    let query = visible::of_registry::<Entity>().filter(Column::Caller.eq(caller)).filter(Column::RequestId.eq(id));
    Ok(query.one(source.conn()).await?.is_some())
}

/// Keeps the answers of a batch.
pub(super) async fn keep(txn: &DatabaseTransaction, rows: Vec<Model>) -> Result<(), DbErr> {
    rows::insert::<ActiveModel, _>(txn, rows).await
}

/// Forgets up to `limit` answers that were given before `time`; tells how many there were.
///
/// # Errors
/// Those of the database.
pub async fn forget(tx: &Tx, time: Timestamp, limit: u64) -> Result<u64, Error> {
    let old = Query::select()
        .columns([Column::Caller, Column::RequestId])
        .from(Entity)
        .and_where(Expr::col(Column::CreateTime).lt(time))
        .limit(limit)
        .take();
    let pair = Expr::tuple([Expr::col(Column::Caller), Expr::col(Column::RequestId)]);
    Ok(Entity::delete_many().filter(pair.in_subquery(old)).exec(tx.conn()).await?.rows_affected)
}

/// Whether any answer was given before `time`.
///
/// # Errors
/// Those of the database.
pub async fn any_before(source: &impl Source, time: Timestamp) -> Result<bool, Error> {
    Ok(visible::of_registry::<Entity>().filter(Column::CreateTime.lt(time)).one(source.conn()).await?.is_some())
}

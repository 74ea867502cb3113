//! The audit log: appended by the writer for calls that succeed, in the transaction of what they change; for those that
//! fail, by a write of its own. Read by time; dropped when it is old.
//!
//! May not: change an entry.

use super::entity::audit_entry::{ActiveModel, Column, Entity, Model};
use super::events::About;
use super::filter;
use super::page::{Sort, cut, page};
use super::{Source, Tx, rows, visible};
use crate::domain::audit::{AuditFilter, FailedCalls, NamedResource};
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::{AuditEntryId, Context, Error, Revision, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

pub use super::entity::audit_entry::Model as Entry;

impl Entry {
    /// Its place in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: SortKey::Time(self.create_time), id: self.id.uuid() }
    }
}

/// The entry of a call that succeeded; of one that changed something with what that was.
pub(super) fn succeeded(ctx: &Context, method: &str, revision: Option<Revision>, about: Option<About>) -> Model {
    let caller = ctx.caller();
    let key = caller.key();
    let (kind, id, name, changed_fields) = match about {
        Some(About { kind, id, name, changed_fields }) => (Some(kind), Some(id), Some(name), changed_fields),
        None => (None, None, None, String::new()),
    };
    Model {
        id: ctx.new_id(),
        create_time: ctx.now(),
        method: method.to_owned(),
        code: 0,
        error_reason: None,
        actor: caller.actor.clone(),
        api_key_id: key.map(|(id, _)| id),
        api_key_name: key.map(|(_, name)| name.clone()),
        resource_kind: kind,
        resource_id: id,
        resource_name: name,
        revision,
        request_id: ctx.change_id(),
        client_address: caller.origin.address.map(|address| address.to_string()),
        user_agent: caller.origin.user_agent.clone(),
        changed_fields,
        call_count: 1,
        imported_details: None,
    }
}

/// The entry of calls that failed.
fn failed(id: AuditEntryId, calls: FailedCalls) -> Model {
    let FailedCalls { method, code, reason, actor, key, origin, resource, request_id, time, count } = calls;
    let (api_key_id, api_key_name) = key.unzip();
    let (resource_kind, resource_id, resource_name) = match resource {
        Some(NamedResource { kind, id, name }) => (Some(kind), id, name),
        None => (None, None, None),
    };
    Model {
        id,
        create_time: time,
        method: method.to_owned(),
        code,
        error_reason: reason.map(str::to_owned),
        actor,
        api_key_id,
        api_key_name,
        resource_kind,
        resource_id,
        resource_name,
        revision: None,
        request_id,
        client_address: origin.address.map(|address| address.to_string()),
        user_agent: origin.user_agent,
        changed_fields: String::new(),
        call_count: count,
        imported_details: None,
    }
}

/// Appends entries.
pub(super) async fn append(txn: &DatabaseTransaction, entries: Vec<Model>) -> Result<(), DbErr> {
    rows::insert::<ActiveModel, _>(txn, entries).await
}

/// Writes which calls failed: a few hundred at the most. Those that are there already stay as they are.
///
/// # Errors
/// Those of the database.
pub async fn insert(tx: &Tx, calls: &[(AuditEntryId, FailedCalls)]) -> Result<(), Error> {
    let rows = calls.iter().cloned().map(|(id, calls)| failed(id, calls).into_active_model());
    let there = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Appends what another system had noted.
///
/// # Errors
/// Those of the database.
pub async fn take_over(tx: &Tx, entries: Vec<Entry>) -> Result<(), Error> {
    Ok(append(tx.conn(), entries).await?)
}

/// One page, newest first; whether there is more.
///
/// # Errors
/// Those of the database.
pub async fn list(source: &impl Source, list: &List<AuditFilter, ()>) -> Result<(Vec<Entry>, bool), Error> {
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let newest_first = Sort { by: (Entity, Column::CreateTime), order: Order::Desc };
    let wanted = visible::of_registry::<Entity>().filter(filter::audit_entries(&list.filter));
    let query = page(wanted, newest_first, (Entity, Column::Id), after, list.size.rows());
    Ok(cut(query.all(source.conn()).await?, list.size.rows()))
}

/// Whether any entry is from before `time`, apart from those that were taken over from another system: these were old when they came,
/// and stay.
///
/// # Errors
/// Those of the database.
pub async fn any_before(source: &impl Source, time: Timestamp) -> Result<bool, Error> {
    Ok(visible::of_registry::<Entity>()
        .filter(Column::CreateTime.lt(time))
        .filter(Column::ImportedDetails.is_null())
        .one(source.conn())
        .await?
        .is_some())
}

/// Removes up to `limit` of these, the oldest first; tells how many there were.
///
/// # Errors
/// Those of the database.
pub async fn drop_before(tx: &Tx, time: Timestamp, limit: u64) -> Result<u64, Error> {
    remove(tx, oldest(limit).and_where(Column::CreateTime.lt(time)).and_where(Column::ImportedDetails.is_null()).take()).await
}

/// The newest refusal of a caller without credentials that has `kept` newer ones, if there are so many.
///
/// # Errors
/// Those of the database.
#[expect(clippy::disallowed_methods, reason = "counts rows, and is no page")]
pub async fn last_of_too_many(source: &impl Source, kept: u64) -> Result<Option<Cursor>, Error> {
    let newest = visible::of_registry::<Entity>().filter(refusal()).order_by_desc(Column::CreateTime).order_by_desc(Column::Id);
    Ok(newest.offset(kept).limit(1).one(source.conn()).await?.map(|entry| entry.cursor()))
}

/// Removes up to `limit` refusals of callers without credentials, up to and with the one at `last`, the oldest first; tells
/// how many there were.
///
/// # Errors
/// Those of the database.
pub async fn drop_refusals(tx: &Tx, last: &Cursor, limit: u64) -> Result<u64, Error> {
    let SortKey::Time(time) = last.key else { return Err(Error::bug("entries are sorted by time")) };
    let place = Expr::tuple([Expr::col(Column::CreateTime), Expr::col(Column::Id)]);
    let up_to = place.lte(Expr::tuple([Expr::val(time), Expr::val(last.id)]));
    remove(tx, oldest(limit).and_where(refusal()).and_where(up_to).take()).await
}

/// A refusal of a caller without credentials, in the words of the index over these.
fn refusal() -> SimpleExpr {
    Expr::cust("actor = 'anonymous' AND code <> 0")
}

fn oldest(limit: u64) -> SelectStatement {
    let by_time = [(Column::CreateTime, Order::Asc), (Column::Id, Order::Asc)];
    Query::select().column(Column::Id).from(Entity).order_by_columns(by_time).limit(limit).take()
}

async fn remove(tx: &Tx, ids: SelectStatement) -> Result<u64, Error> {
    Ok(Entity::delete_many().filter(Column::Id.in_subquery(ids)).exec(tx.conn()).await?.rows_affected)
}

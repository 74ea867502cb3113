//! Events: appended by the writer, in the transaction of the change.

use super::entity::event;
use crate::domain::event::Event;
use crate::domain::{Context, Revision};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};

/// How many rows one INSERT carries: 12 values each, well under the bind limits of both databases.
const CHUNK: usize = 1000;

/// The rows of one write, in order.
pub(super) fn rows(revision: Revision, ctx: &Context, events: &[Event]) -> Vec<event::Model> {
    let last = events.len().saturating_sub(1);
    events.iter().enumerate().map(|(position, event)| row(revision, ctx, event, position, position == last)).collect()
}

fn row(revision: Revision, ctx: &Context, event: &Event, position: usize, last: bool) -> event::Model {
    let Event { event_type, subject, name, model, changed_fields } = event;
    event::Model {
        revision,
        position: i32::try_from(position).unwrap_or(i32::MAX),
        last_in_revision: last,
        event_type: *event_type,
        event_time: ctx.now(),
        resource_kind: subject.kind(),
        resource_id: subject.id(),
        resource_name: name.clone(),
        model_id: Some(*model),
        actor: ctx.actor().clone(),
        request_id: ctx.request_id().as_str().to_owned(),
        changed_fields: changed_fields.join(","),
    }
}

/// Appends in the order given.
pub(super) async fn append(txn: &DatabaseTransaction, mut rows: Vec<event::Model>) -> Result<(), DbErr> {
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(CHUNK));
        let chunk = std::mem::replace(&mut rows, rest);
        event::Entity::insert_many(chunk.into_iter().map(IntoActiveModel::into_active_model)).exec_without_returning(txn).await?;
    }
    Ok(())
}

//! The audit log: appended by the writer for calls that succeed, in the transaction of what they change.

use super::entity::audit_entry::{ActiveModel, Model};
use super::events::About;
use super::rows;
use crate::domain::{Context, Revision};
use sea_orm::{DatabaseTransaction, DbErr};

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
    }
}

/// Appends entries.
pub(super) async fn append(txn: &DatabaseTransaction, entries: Vec<Model>) -> Result<(), DbErr> {
    rows::insert::<ActiveModel, _>(txn, entries).await
}

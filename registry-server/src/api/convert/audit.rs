//! `AuditEntry`, and what is asked for of the audit log.

use super::filter::range;
use super::{event, time};
use crate::domain::audit::AuditFilter;
use crate::domain::{Error, Refused};
use crate::store::audit::Entry as Row;
use prost_types::FieldMask;
use registry_proto::v1 as pb;

/// An entry.
pub(in crate::api) fn message(row: Row) -> pb::AuditEntry {
    let Row {
        id,
        create_time,
        method,
        code,
        error_reason,
        actor,
        api_key_id,
        api_key_name,
        resource_kind,
        resource_id,
        resource_name,
        revision,
        request_id,
        client_address,
        user_agent,
        changed_fields,
        call_count,
        imported_details,
    } = row;
    let paths: Vec<String> = changed_fields.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    pb::AuditEntry {
        id: id.to_string(),
        create_time: Some(time::timestamp(create_time)),
        method,
        code,
        error_reason,
        api_key_id: api_key_id.map(|id| id.to_string()),
        api_key_name: api_key_name.map(Into::into),
        resource_kind: resource_kind.map_or(pb::ResourceKind::Unspecified, event::kind_message).into(),
        resource_id,
        resource_name,
        revision: revision.map(|revision| revision.number()),
        request_id,
        client_address,
        user_agent,
        actor: actor.into(),
        changed_fields: Some(FieldMask { paths }).filter(|mask| !mask.paths.is_empty()),
        call_count,
        imported_details,
    }
}

/// A condition on entries. What cannot be in it has been refused by the rules of the contract.
pub(in crate::api) fn filter(message: Option<pb::AuditFilter>) -> Result<AuditFilter, Error> {
    let pb::AuditFilter {
        methods,
        api_key_ids,
        resource_kinds,
        resource_ids,
        succeeded,
        create_time_from,
        create_time_before,
        actors,
    } = message.unwrap_or_default();
    let api_keys: Result<Vec<_>, Refused> = api_key_ids.iter().map(|id| id.parse()).collect();
    Ok(AuditFilter {
        methods,
        api_keys: api_keys.map_err(|refused| Error::invalid(refused.at("filter.api_key_ids")))?,
        kinds: resource_kinds.into_iter().filter_map(event::kind).collect(),
        resource_ids,
        succeeded,
        create_time: range(create_time_from, create_time_before),
        actors,
    })
}

//! An entry of the audit log that comes with an import.

use super::Read;
use crate::api::convert::event;
use crate::domain::document::Document;
use crate::domain::{Error, Refused};
use crate::store::audit::Entry as Row;
use registry_proto::v1 as pb;

pub(super) fn read(mut read: Read<'_>, message: pb::AuditEntry) -> Result<Row, Error> {
    let pb::AuditEntry {
        id,
        create_time,
        method,
        code,
        error_reason,
        api_key_id,
        api_key_name,
        resource_kind,
        resource_id,
        resource_name,
        revision,
        request_id,
        client_address,
        user_agent,
        actor,
        changed_fields,
        call_count,
        imported_details,
    } = message;
    let id = read.id("audit_entry.id", &id);
    let create_time = read.time("audit_entry.create_time", create_time);
    let method = read.text("audit_entry.method", method, 200);
    let error_reason = read.optional_text("audit_entry.error_reason", error_reason, 100);
    let api_key_id = read.optional_reference("audit_entry.api_key_id", api_key_id);
    let api_key_name = read.optional_text("audit_entry.api_key_name", api_key_name, 255);
    let api_key_name = api_key_name.and_then(|name| read.at.optional("audit_entry.api_key_name", name.map(|name| name.parse())));
    let resource_id = read.optional_text("audit_entry.resource_id", resource_id, 200);
    let resource_name = read.optional_text("audit_entry.resource_name", resource_name, 1000);
    // Of other revisions than those of this registry it would say nothing.
    let revision = revision.filter(|_| read.by.revisions.is_some());
    let revision = match revision {
        Some(number) => read.revision("audit_entry.revision", number).map(Some),
        None => Some(None),
    };
    let request_id = read.text("audit_entry.request_id", request_id, 64);
    let client_address = read.optional_text("audit_entry.client_address", client_address, 64);
    let user_agent = read.optional_text("audit_entry.user_agent", user_agent, 256);
    let actor = read.text("audit_entry.actor", actor, 255).and_then(|actor| read.at.field("audit_entry.actor", actor.parse()));
    let changed_fields = changed_fields.unwrap_or_default().paths.join(",");
    let changed_fields = read.optional_text("audit_entry.changed_fields", Some(changed_fields), 1000);
    read.must("audit_entry.call_count", call_count > 0, || Refused::new("INT64_GTE", "must be at least 1"));
    let details = imported_details.as_deref().map(str::parse::<Document>);
    read.must("audit_entry.imported_details", !matches!(details, Some(Err(_))), || Refused::new("JSON", "must be a JSON object"));
    read.at.finish(|| {
        Some(Row {
            id: id?,
            create_time: create_time?,
            method: method?,
            code,
            error_reason: error_reason?,
            actor: actor?,
            api_key_id: api_key_id?,
            api_key_name: api_key_name?,
            resource_kind: event::kind(resource_kind),
            resource_id: resource_id?,
            resource_name: resource_name?,
            revision: revision?,
            request_id: request_id?,
            client_address: client_address?,
            user_agent: user_agent?,
            changed_fields: changed_fields?.unwrap_or_default(),
            call_count,
            imported_details,
        })
    })
}

//! An entry of the audit log, printed.

use registry_client::{AuditEntry, Code};

use super::{Column, Resource, text, time, word};
use crate::report;

impl Resource for AuditEntry {
    const MESSAGE: &'static str = "AuditEntry";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "TIME", value: |entry| time(entry.create_time.as_ref()) },
        Column { header: "BY", value: |entry| entry.actor.clone() },
        Column { header: "METHOD", value: |entry| entry.method.rsplit('/').next().unwrap_or_default().to_owned() },
        Column { header: "OUTCOME", value: outcome },
        Column { header: "KIND", value: kind },
        Column { header: "NAME", value: |entry| text(entry.resource_name.as_ref()) },
        Column { header: "REVISION", value: |entry| entry.revision.map(|revision| revision.to_string()).unwrap_or_default() },
        Column {
            header: "CALLS",
            value: |entry| if entry.call_count > 1 { entry.call_count.to_string() } else { String::new() },
        },
        Column { header: "REQUEST", value: |entry| entry.request_id.clone() },
    ];

    fn name(&self) -> String {
        self.id.clone()
    }
}

/// The reason of the contract says more than the code.
fn outcome(entry: &AuditEntry) -> String {
    match &entry.error_reason {
        Some(reason) => word(reason, "ERROR_REASON_"),
        None => report::code(Code::from_i32(entry.code)),
    }
}

fn kind(entry: &AuditEntry) -> String {
    let kind = word(entry.resource_kind().as_str_name(), "RESOURCE_KIND_");
    if kind == "UNSPECIFIED" { String::new() } else { kind }
}

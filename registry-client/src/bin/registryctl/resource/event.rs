//! An event, printed.

use registry_client::Event;

use super::{Column, Resource, time, word};

impl Resource for Event {
    const MESSAGE: &'static str = "Event";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "TIME", value: |event| time(event.event_time.as_ref()) },
        Column { header: "REVISION", value: |event| event.revision.to_string() },
        Column { header: "EVENT", value: |event| word(event.event_type().as_str_name(), "EVENT_TYPE_") },
        Column { header: "KIND", value: |event| word(event.resource_kind().as_str_name(), "RESOURCE_KIND_") },
        Column { header: "NAME", value: |event| event.resource_name.clone() },
        Column { header: "BY", value: |event| event.actor.clone() },
        Column {
            header: "FIELDS",
            value: |event| event.changed_fields.as_ref().map(|mask| mask.paths.join(",")).unwrap_or_default(),
        },
    ];

    fn name(&self) -> String {
        self.resource_name.clone()
    }
}

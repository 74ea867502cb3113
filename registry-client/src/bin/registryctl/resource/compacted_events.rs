//! What has been forgotten of the history, printed.

use registry_client::CompactedEvents;

use super::{Column, Resource};

impl Resource for CompactedEvents {
    const MESSAGE: &'static str = "CompactEventsResponse";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "COMPACTED REVISION", value: |compacted| compacted.compacted_revision.to_string() },
        Column { header: "DROPPED EVENTS", value: |compacted| compacted.dropped_count.to_string() },
    ];

    fn name(&self) -> String {
        self.compacted_revision.to_string()
    }
}

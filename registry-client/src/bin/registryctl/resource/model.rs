//! A model, printed.

use registry_client::Model;

use super::{Column, Resource, text, time};

impl Resource for Model {
    const MESSAGE: &'static str = "Model";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "NAME", value: |model| model.name.clone() },
        Column { header: "TASK", value: |model| text(model.task.as_ref()) },
        Column { header: "BASE MODEL", value: |model| text(model.base_model.as_ref()) },
        Column { header: "STORAGE PATH", value: |model| model.storage_path.clone() },
        Column { header: "TAGS", value: |model| model.tags.join(",") },
        Column { header: "UPDATED", value: |model| time(model.update_time.as_ref()) },
        Column { header: "DELETED", value: |model| time(model.delete_time.as_ref()) },
    ];

    fn name(&self) -> String {
        self.name.clone()
    }
}

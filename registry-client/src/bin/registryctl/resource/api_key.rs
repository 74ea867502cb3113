//! An API key, printed. May not: print a secret; the message holds none.

use registry_client::ApiKey;

use super::{Column, Resource, time, word};

impl Resource for ApiKey {
    const MESSAGE: &'static str = "ApiKey";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "NAME", value: |key| key.name.clone() },
        Column { header: "ID", value: |key| key.id.clone() },
        Column { header: "ROLE", value: |key| word(key.role().as_str_name(), "ROLE_") },
        Column { header: "STATE", value: |key| word(key.state().as_str_name(), "API_KEY_STATE_") },
        Column { header: "PREFIXES", value: |key| key.model_name_prefixes.join(",") },
        Column { header: "EXPIRES", value: |key| time(key.expire_time.as_ref()) },
        Column { header: "LAST USED", value: |key| time(key.last_use_time.as_ref()) },
    ];

    fn name(&self) -> String {
        self.name.clone()
    }
}

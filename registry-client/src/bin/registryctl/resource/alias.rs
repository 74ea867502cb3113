//! An alias and a move of it, printed.

use registry_client::{ReleaseAlias, ReleaseAliasMove};

use super::{Column, Resource, text, time};

impl Resource for ReleaseAlias {
    const MESSAGE: &'static str = "ReleaseAlias";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "MODEL", value: |alias| alias.model_name.clone() },
        Column { header: "ALIAS", value: |alias| alias.alias.clone() },
        Column { header: "RELEASE", value: |alias| format!("id:{}", alias.release_id) },
        Column { header: "MOVED", value: |alias| time(alias.update_time.as_ref()) },
        Column { header: "BY", value: |alias| alias.updated_by.clone() },
    ];

    fn name(&self) -> String {
        format!("{}@{}", self.model_name, self.alias)
    }
}

impl Resource for ReleaseAliasMove {
    const MESSAGE: &'static str = "ReleaseAliasMove";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "TIME", value: |step| time(step.move_time.as_ref()) },
        Column { header: "FROM", value: |step| text(step.from_release_id.as_ref()) },
        Column { header: "TO", value: |step| text(step.to_release_id.as_ref()) },
        Column { header: "BY", value: |step| step.moved_by.clone() },
        Column { header: "REASON", value: |step| text(step.reason.as_ref()) },
    ];

    /// Where it led: nowhere if the alias was deleted.
    fn name(&self) -> String {
        self.to_release_id.as_ref().map(|id| format!("id:{id}")).unwrap_or_default()
    }
}

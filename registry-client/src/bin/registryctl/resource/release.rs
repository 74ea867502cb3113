//! A release, printed.

use registry_client::Release;

use super::{Column, Resource, text, time, word};

/// What a release runs on that says nothing else.
const USUAL: &str = "linux/amd64";

impl Resource for Release {
    const MESSAGE: &'static str = "Release";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "MODEL", value: |release| release.model_name.clone() },
        Column { header: "VERSION", value: |release| release.version.clone() },
        Column { header: "QUANTIZATION", value: |release| text(release.quantization.as_ref()) },
        Column { header: "PLATFORM", value: |release| release.platform.clone() },
        Column { header: "STATE", value: |release| word(release.state().as_str_name(), "RELEASE_STATE_") },
        Column { header: "ALIASES", value: aliases },
        Column { header: "DIGEST", value: |release| text(release.digest.as_ref()) },
        Column { header: "CREATED", value: |release| time(release.create_time.as_ref()) },
        Column { header: "DELETED", value: |release| time(release.delete_time.as_ref()) },
    ];

    /// Model and version, where they are enough.
    fn name(&self) -> String {
        let is_usual = self.quantization.is_none() && self.platform == USUAL;
        // Nothing has an id before it is there.
        if is_usual || self.id.is_empty() {
            return format!("{}:{}", self.model_name, self.version);
        }
        format!("id:{}", self.id)
    }
}

fn aliases(release: &Release) -> String {
    let mut aliases = release.aliases.clone();
    aliases.sort();
    aliases.join(",")
}

//! A release, printed.

use registry_client::{Release, ReleaseState};

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

    /// Model and version, where they mean this release to every command: for the usual build, as long as it can be resolved.
    fn name(&self) -> String {
        let can_be_found = self.delete_time.is_none() && self.state() != ReleaseState::Yanked;
        let is_usual = can_be_found && self.quantization.is_none() && self.platform == USUAL;
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

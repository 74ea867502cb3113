//! An artifact, printed.

use registry_client::Artifact;

use super::{Column, Resource, text, time, word};

impl Resource for Artifact {
    const MESSAGE: &'static str = "Artifact";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "ID", value: |artifact| artifact.id.clone() },
        Column { header: "MODEL", value: |artifact| artifact.model_name.clone() },
        Column { header: "VERSION", value: |artifact| text(artifact.release_version.as_ref()) },
        Column { header: "FILE", value: |artifact| artifact.name.clone() },
        Column { header: "TYPE", value: |artifact| artifact.artifact_type.clone() },
        Column { header: "BYTES", value: |artifact| artifact.size_bytes.map(|size| size.to_string()).unwrap_or_default() },
        Column { header: "CONTENT", value: |artifact| word(artifact.content_state().as_str_name(), "ARTIFACT_CONTENT_STATE_") },
        Column { header: "CREATED", value: |artifact| time(artifact.create_time.as_ref()) },
        Column { header: "DELETED", value: |artifact| time(artifact.delete_time.as_ref()) },
    ];

    fn name(&self) -> String {
        self.id.clone()
    }
}

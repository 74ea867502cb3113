//! What a server says of itself, printed.

use registry_client::ServerInfo;

use super::{Column, Resource};

impl Resource for ServerInfo {
    const MESSAGE: &'static str = "GetServerInfoResponse";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "REGISTRY", value: |info| info.registry_id.clone() },
        Column { header: "VERSION", value: |info| info.server_version.clone() },
        Column { header: "REVISION", value: |info| info.current_revision.to_string() },
    ];

    fn name(&self) -> String {
        self.registry_id.clone()
    }
}

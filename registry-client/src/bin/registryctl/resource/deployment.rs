//! A deployment, printed.

use registry_client::Deployment;

use super::{Column, Resource, text, time, word};

impl Resource for Deployment {
    const MESSAGE: &'static str = "Deployment";
    const COLUMNS: &'static [Column<Self>] = &[
        Column { header: "ID", value: |deployment| deployment.id.clone() },
        Column { header: "MODEL", value: |deployment| deployment.model_name.clone() },
        Column { header: "VERSION", value: |deployment| deployment.release_version.clone() },
        Column { header: "ENVIRONMENT", value: |deployment| deployment.environment.clone() },
        Column { header: "CLUSTER", value: |deployment| text(deployment.cluster.as_ref()) },
        Column { header: "STATE", value: |deployment| word(deployment.state().as_str_name(), "DEPLOYMENT_STATE_") },
        Column { header: "HEALTH", value: |deployment| word(deployment.health().as_str_name(), "HEALTH_STATE_") },
        Column {
            header: "REPLICAS",
            value: |deployment| deployment.replicas.map(|replicas| replicas.to_string()).unwrap_or_default(),
        },
        Column { header: "DEPLOYED", value: |deployment| time(deployment.deploy_time.as_ref()) },
        Column { header: "TERMINATED", value: |deployment| time(deployment.terminate_time.as_ref()) },
    ];

    fn name(&self) -> String {
        self.id.clone()
    }
}

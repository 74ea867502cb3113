//! The fields of a deployment that `create` and `update` both write, and the words for its kinds, states and health.

use clap::{Args, ValueEnum};
use registry_client::{DeploymentKind, DeploymentState, HealthState, pb};

use crate::arguments::structure;
use crate::failure::Failure;

/// What is said of a deployment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct Fields {
    /// The cluster
    #[arg(long, value_name = "TEXT")]
    cluster: Option<String>,
    /// The namespace in Kubernetes
    #[arg(long, value_name = "TEXT")]
    k8s_namespace: Option<String>,
    /// Where callers of the model reach it
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// How many replicas there are, or are meant to be
    #[arg(long, value_name = "N")]
    replicas: Option<i32>,
    /// What the last check of its health has found
    #[arg(long, value_name = "HEALTH")]
    health: Option<Health>,
    /// Whether it uses a GPU
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    gpu_enabled: Option<bool>,
    /// The tag of the image it was started from
    #[arg(long, value_name = "TEXT")]
    image_tag: Option<String>,
    /// The id of the container
    #[arg(long, value_name = "TEXT")]
    container_id: Option<String>,
    /// The port on the host
    #[arg(long, value_name = "PORT")]
    host_port: Option<i32>,
    /// Who has deployed it, if that is not the caller
    #[arg(long, value_name = "TEXT")]
    deployed_by: Option<String>,
    /// Any JSON object, or @FILE
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

/// The kinds of the contract.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// Known as a record and no more
    Metadata,
    /// A container on a single host
    Local,
    /// A Kubernetes cluster
    K8s,
}

impl From<Kind> for DeploymentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Metadata => Self::Metadata,
            Kind::Local => Self::Local,
            Kind::K8s => Self::K8s,
        }
    }
}

/// What is known of its health.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Health {
    /// Nobody has said
    Unknown,
    /// The last check found it well
    Healthy,
    /// The last check found it unwell
    Unhealthy,
}

impl From<Health> for HealthState {
    fn from(health: Health) -> Self {
        match health {
            Health::Unknown => Self::Unknown,
            Health::Healthy => Self::Healthy,
            Health::Unhealthy => Self::Unhealthy,
        }
    }
}

/// The states of the contract.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    /// Wanted, and not begun
    Pending,
    /// Being rolled out
    Deploying,
    /// Serving
    Running,
    /// Being stopped
    Stopping,
    /// Stopped, and can be started again
    Stopped,
    /// The roll-out has not succeeded, or what ran has broken
    Failed,
    /// Gone
    Terminated,
}

impl From<State> for DeploymentState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Deploying => Self::Deploying,
            State::Running => Self::Running,
            State::Stopping => Self::Stopping,
            State::Stopped => Self::Stopped,
            State::Failed => Self::Failed,
            State::Terminated => Self::Terminated,
        }
    }
}

impl Fields {
    /// Writes what was said into the message, and gives the names of those fields.
    pub(super) fn write(self, deployment: &mut pb::Deployment) -> Result<Vec<&'static str>, Failure> {
        let Self { cluster, k8s_namespace, endpoint_url, image_tag, container_id, deployed_by, .. } = &self;
        let mut written = Vec::new();
        for (name, said, field) in [
            ("cluster", cluster, &mut deployment.cluster),
            ("k8s_namespace", k8s_namespace, &mut deployment.k8s_namespace),
            ("endpoint_url", endpoint_url, &mut deployment.endpoint_url),
            ("image_tag", image_tag, &mut deployment.image_tag),
            ("container_id", container_id, &mut deployment.container_id),
            ("deployed_by", deployed_by, &mut deployment.deployed_by),
        ] {
            if said.is_some() {
                field.clone_from(said);
                written.push(name);
            }
        }
        self.write_others(deployment, &mut written)?;
        Ok(written)
    }

    /// Those that are no texts.
    fn write_others(self, deployment: &mut pb::Deployment, written: &mut Vec<&'static str>) -> Result<(), Failure> {
        let numbers =
            [("replicas", self.replicas, &mut deployment.replicas), ("host_port", self.host_port, &mut deployment.host_port)];
        for (name, said, field) in numbers {
            if said.is_some() {
                *field = said;
                written.push(name);
            }
        }
        if let Some(health) = self.health {
            deployment.set_health(health.into());
            written.push("health");
        }
        if let Some(gpu) = self.gpu_enabled {
            deployment.gpu_enabled = gpu;
            written.push("gpu_enabled");
        }
        if let Some(metadata) = &self.metadata {
            deployment.metadata = Some(structure("--metadata", metadata)?);
            written.push("metadata");
        }
        Ok(())
    }
}

//! CreateDeployment.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{deployment_fields, options, setters};
use crate::{Call, Deployment, DeploymentKind, DeploymentState, HealthState};

/// Records a deployment. Made by [`Client::create_deployment`](crate::Client::create_deployment).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct CreateDeployment {
    pub(super) call: Call<pb::CreateDeploymentRequest>,
}

impl CreateDeployment {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "deployment";

    fn write(&mut self, _field: &str) -> &mut Deployment {
        self.call.request.deployment.get_or_insert_default()
    }

    /// What looks after it. Default: [`DeploymentKind::Metadata`], which does not say.
    pub fn kind(mut self, kind: DeploymentKind) -> Self {
        self.write("kind").set_kind(kind);
        self
    }

    /// What the last health check found. Default: [`HealthState::Unknown`].
    pub fn health(mut self, health: HealthState) -> Self {
        self.write("health").set_health(health);
        self
    }

    /// Whether it uses a GPU. Default: no.
    pub fn gpu_enabled(mut self, enabled: bool) -> Self {
        self.write("gpu_enabled").gpu_enabled = enabled;
        self
    }

    /// When it was deployed, if not just now. Not in the future.
    pub fn deploy_time(mut self, time: impl Into<prost_types::Timestamp>) -> Self {
        self.write("deploy_time").deploy_time = Some(time.into());
        self
    }

    /// The state it begins in: [`Pending`](DeploymentState::Pending), [`Deploying`](DeploymentState::Deploying) or
    /// [`Running`](DeploymentState::Running). Default: running.
    pub fn initial_state(mut self, state: DeploymentState) -> Self {
        self.call.request.set_initial_state(state);
        self
    }
}

deployment_fields!(setters for CreateDeployment);
options!(CreateDeployment: validate_only);

sends!(write CreateDeployment -> Deployment, |response, _| response.deployment.ok_or("the answer holds no deployment"));

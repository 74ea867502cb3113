//! UpdateDeployment.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{deployment_fields, masked, setters_and_clearers};
use crate::{Call, Deployment, HealthState};

/// Updates a deployment. Made by [`Client::update_deployment`](crate::Client::update_deployment).
///
/// Each method names its field in the update mask, and nothing else does: what is not mentioned here stays as it is, whoever changed
/// it meanwhile. The state is changed by [`Client::transition_deployment`](crate::Client::transition_deployment).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct UpdateDeployment {
    pub(super) call: Call<pb::UpdateDeploymentRequest>,
}

impl UpdateDeployment {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "deployment";

    /// What the last health check found.
    pub fn health(mut self, health: HealthState) -> Self {
        self.write("health").set_health(health);
        self
    }

    /// Whether it uses a GPU.
    pub fn gpu_enabled(mut self, enabled: bool) -> Self {
        self.write("gpu_enabled").gpu_enabled = enabled;
        self
    }
}

deployment_fields!(setters_and_clearers for UpdateDeployment);
masked!(UpdateDeployment, deployment: Deployment);

sends!(write UpdateDeployment -> Deployment, |response, _| response.deployment.ok_or("the answer holds no deployment"));

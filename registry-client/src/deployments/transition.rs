//! TransitionDeployment.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::options;
use crate::{Call, Deployment};

/// Moves a deployment to another state. Made by [`Client::transition_deployment`](crate::Client::transition_deployment) and
/// [`Client::terminate_deployment`](crate::Client::terminate_deployment).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct TransitionDeployment {
    pub(super) call: Call<pb::TransitionDeploymentRequest>,
}

impl TransitionDeployment {
    /// Why. Kept with the deployment.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.call.request.reason = Some(reason.into());
        self
    }

    /// When it happened, if not just now: not in the future, and not before what the deployment did last.
    pub fn transition_time(mut self, time: impl Into<prost_types::Timestamp>) -> Self {
        self.call.request.transition_time = Some(time.into());
        self
    }
}

options!(TransitionDeployment: etag, validate_only);

sends!(write TransitionDeployment -> Deployment, |response, _| response.deployment.ok_or("the answer holds no deployment"));

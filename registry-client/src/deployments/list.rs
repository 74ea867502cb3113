//! ListDeployments.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{List, paged};
use crate::{Call, Deployment, DeploymentFilter, DeploymentOrder, DeploymentState, ModelRef, Page, ReleaseRef};

/// Lists deployments. Made by [`Client::list_deployments`](crate::Client::list_deployments).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListDeployments {
    pub(super) call: Call<pb::ListDeploymentsRequest>,
}

impl ListDeployments {
    /// Only the deployments of this model. Default: of all models.
    pub fn model(mut self, model: impl Into<ModelRef>) -> Self {
        self.call.request.model_ref = Some(model.into().into());
        self
    }

    /// Only the deployments of this release. Default: of all releases.
    pub fn release(mut self, release: impl Into<ReleaseRef>) -> Self {
        self.call.request.release_ref = Some(release.into().into());
        self
    }

    /// Only those in one of these environments. Default: in any. Part of the [`filter`](Self::filter).
    pub fn environments(mut self, environments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.condition().environments = environments.into_iter().map(Into::into).collect();
        self
    }

    /// Only those in one of these states. Default: in any, also the terminated ones. Part of the [`filter`](Self::filter).
    pub fn states(mut self, states: impl IntoIterator<Item = DeploymentState>) -> Self {
        self.condition().states = states.into_iter().map(Into::into).collect();
        self
    }

    /// Which deployments. Replaces what was said of environments and states before. Default: all.
    pub fn filter(mut self, filter: DeploymentFilter) -> Self {
        self.call.request.filter = Some(filter);
        self
    }

    /// In which order. Default: [`DeploymentOrder::DeployTimeDesc`].
    pub fn order(mut self, order: DeploymentOrder) -> Self {
        self.call.request.set_order(order);
        self
    }

    /// Also counts how many deployments match, see [`Page::total_size`]. Costs more than the page itself.
    pub fn include_total_size(mut self) -> Self {
        self.call.request.include_total_size = true;
        self
    }

    fn condition(&mut self) -> &mut DeploymentFilter {
        self.call.request.filter.get_or_insert_default()
    }
}

paged!(ListDeployments -> Deployment, "deployments");

sends!(read ListDeployments -> Page<Deployment>, |response, _| Ok(pb::ListDeploymentsRequest::page(response)));

impl List for pb::ListDeploymentsRequest {
    type Item = Deployment;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListDeploymentsResponse) -> Page<Deployment> {
        let pb::ListDeploymentsResponse { deployments, next_page_token, total_size, revision } = response;
        Page::new(deployments, next_page_token, total_size, revision)
    }
}

//! Deployments: the calls of the deployment service. Each builder that has something to set is in a file of its own.

mod create;
mod list;
mod transition;
mod update;

use registry_proto::v1 as pb;

pub use self::create::CreateDeployment;
pub use self::list::ListDeployments;
pub use self::transition::TransitionDeployment;
pub use self::update::UpdateDeployment;
use crate::call::sends;
use crate::{Call, Client, Deployment, DeploymentId, DeploymentState, ReleaseRef, fields};

impl Client {
    /// Records a deployment of a release in an environment, for example "production".
    ///
    /// It begins RUNNING, as a record of what is there already, unless `initial_state` says otherwise.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let release = client.resolve_release("llama-3-7b").latest().send().await?;
    /// let deployment = client
    ///     .create_deployment(&release, "production")
    ///     .cluster("eu-1")
    ///     .endpoint_url("https://llama.eu-1.internal/v1")
    ///     .replicas(3)
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_deployment(&self, release: impl Into<ReleaseRef>, environment: impl Into<String>) -> CreateDeployment {
        self.create_deployment_from(release, pb::Deployment { environment: environment.into(), ..Default::default() })
    }

    /// Like [`create_deployment`](Self::create_deployment), with all fields at once, whatever they are.
    ///
    /// ```no_run
    /// use registry_client::{Deployment, ReleaseRef};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let deployment = Deployment { environment: "production".to_owned(), replicas: Some(3), ..Default::default() };
    /// client.create_deployment_from(ReleaseRef::key("llama-3-7b", "1.0.0"), deployment).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_deployment_from(&self, release: impl Into<ReleaseRef>, deployment: pb::Deployment) -> CreateDeployment {
        let (release_ref, deployment) = (Some(release.into().into()), Some(deployment));
        CreateDeployment { call: self.call(pb::CreateDeploymentRequest { release_ref, deployment, ..Default::default() }) }
    }

    /// Gets one deployment, live or terminated.
    ///
    /// ```no_run
    /// use registry_client::DeploymentId;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let id = DeploymentId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
    /// let deployment = client.get_deployment(id).send().await?;
    /// println!("{} {} in {}", deployment.model_name, deployment.release_version, deployment.environment);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_deployment(&self, deployment: impl Into<DeploymentId>) -> GetDeployment {
        GetDeployment { call: self.call(pb::GetDeploymentRequest { deployment_id: deployment.into().to_string() }) }
    }

    /// Lists deployments, terminated ones too unless the states say otherwise: one page with `send`, or all with `pages` or `items`.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    /// use registry_client::{DeploymentState, ReleaseRef};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// // What runs in production?
    /// let mut running = client.list_deployments().environments(["production"]).states([DeploymentState::Running]).items();
    /// while let Some(deployment) = running.try_next().await? {
    ///     println!("{} {}", deployment.model_name, deployment.release_version);
    /// }
    /// // Where does this release run?
    /// let release = ReleaseRef::key("llama-3-7b", "1.0.0");
    /// let places = client.list_deployments().release(release).states([DeploymentState::Running]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_deployments(&self) -> ListDeployments {
        ListDeployments { call: self.call(pb::ListDeploymentsRequest::default()) }
    }

    /// Sets or clears exactly the fields that the builder is told to, and leaves all others as they are.
    ///
    /// ```no_run
    /// use registry_client::{Deployment, HealthState};
    ///
    /// # async fn run(client: registry_client::Client, deployment: Deployment) -> Result<(), registry_client::Error> {
    /// client.update_deployment(&deployment).health(HealthState::Healthy).replicas(5).clear_host_port().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_deployment(&self, deployment: impl Into<DeploymentId>) -> UpdateDeployment {
        self.updating_deployment(deployment.into(), pb::Deployment::default(), Some(prost_types::FieldMask::default()))
    }

    /// Like [`update_deployment`](Self::update_deployment), with the message and the names of its fields that are to be written: a field
    /// that is named and unset is cleared. No names (for example `None::<&str>`) means no mask, and thus every field that is set.
    ///
    /// ```no_run
    /// use registry_client::{Deployment, DeploymentId};
    ///
    /// # async fn run(client: registry_client::Client, deployment: Deployment) -> Result<(), registry_client::Error> {
    /// let id = DeploymentId::new(&deployment.id);
    /// client.update_deployment_from(id, deployment, ["replicas", "host_port"]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_deployment_from(
        &self,
        deployment: impl Into<DeploymentId>,
        values: pb::Deployment,
        fields: impl IntoIterator<Item = impl Into<String>>,
    ) -> UpdateDeployment {
        self.updating_deployment(deployment.into(), values, fields::mask(fields))
    }

    fn updating_deployment(
        &self,
        id: DeploymentId,
        values: pb::Deployment,
        update_mask: Option<prost_types::FieldMask>,
    ) -> UpdateDeployment {
        let (deployment_id, deployment) = (id.to_string(), Some(values));
        let request = pb::UpdateDeploymentRequest { deployment_id, deployment, update_mask, ..Default::default() };
        UpdateDeployment { call: self.call(request) }
    }

    /// Moves a deployment to another state. [`DeploymentState`] says which steps there are; a step to the state it is in already
    /// succeeds.
    ///
    /// ```no_run
    /// use registry_client::{Deployment, DeploymentState};
    ///
    /// # async fn run(client: registry_client::Client, deployment: Deployment) -> Result<(), registry_client::Error> {
    /// client.transition_deployment(&deployment, DeploymentState::Failed).reason("out of memory").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transition_deployment(&self, deployment: impl Into<DeploymentId>, target: DeploymentState) -> TransitionDeployment {
        let (deployment_id, target_state) = (deployment.into().to_string(), target.into());
        let request = pb::TransitionDeploymentRequest { deployment_id, target_state, ..Default::default() };
        TransitionDeployment { call: self.call(request) }
    }

    /// Moves a deployment to [`DeploymentState::Terminated`]: it is gone, and its record stays. There is no way back.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client, release: registry_client::Release) -> Result<(), Box<dyn std::error::Error>> {
    /// let deployment = client.create_deployment(&release, "production").send().await?;
    /// client.terminate_deployment(&deployment).reason("replaced by 1.1").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn terminate_deployment(&self, deployment: impl Into<DeploymentId>) -> TransitionDeployment {
        self.transition_deployment(deployment, DeploymentState::Terminated)
    }
}

/// Gets a deployment. Made by [`Client::get_deployment`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetDeployment {
    call: Call<pb::GetDeploymentRequest>,
}

sends!(read GetDeployment -> Deployment, |response, _| response.deployment.ok_or("the answer holds no deployment"));

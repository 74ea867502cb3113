//! A deployment has no name: it is the live one of its release at that place.

use futures_util::TryStreamExt as _;
use registry_client::{Client, Deployment, DeploymentFilter, DeploymentState, Release};

use super::document::Pointed;
use super::pointed::Which;
use super::said::Said;
use super::{Action, Target};
use crate::arguments::Build;
use crate::failure::Failure;

pub(super) async fn apply(target: &Target, wanted: &Pointed<Deployment>) -> Result<Action, Failure> {
    let Target { client, dry_run, imagined: _ } = target;
    let Pointed { said, version, quantization, platform } = wanted;
    let Deployment { release_id, model_name, .. } = &said.values;
    let build = Build { quantization: quantization.clone(), platform: platform.clone() };
    let release = Which { id: release_id, model: model_name, version, build }.find(client).await?;
    let place = Place { client, release: &release, values: &said.values };
    let Some(current) = place.only().await? else {
        said.is_new()?;
        return place.create(said, *dry_run).await;
    };
    let fields = said.differing(&current).map_err(Failure::Refused)?;
    if fields.is_empty() {
        return Ok(Action::Unchanged);
    }
    let values = Deployment { etag: said.etag(&current.etag), ..said.values.clone() };
    let update = client.update_deployment_from(&current, values, fields.clone());
    if *dry_run { update.validate_only() } else { update }.send().await?;
    Ok(Action::Updated(fields))
}

/// Where a release is to run.
struct Place<'a> {
    client: &'a Client,
    release: &'a Release,
    values: &'a Deployment,
}

impl Place<'_> {
    /// Nothing keeps somebody else from doing the same at this moment; then both are told.
    async fn create(&self, said: &Said<Deployment>, dry_run: bool) -> Result<Action, Failure> {
        let mut create = self.client.create_deployment_from(self.release, self.values.clone());
        if self.values.state() != DeploymentState::Unspecified {
            create = create.initial_state(self.values.state());
        }
        if dry_run {
            create.validate_only().send().await?;
            return Ok(Action::Created);
        }
        let created = create.send().await?;
        self.only().await?;
        let unset = said.unset(&created).map_err(Failure::Refused)?;
        if !unset.is_empty() {
            let values = Deployment { etag: created.etag.clone(), ..self.values.clone() };
            self.client.update_deployment_from(&created, values, unset).send().await?;
        }
        Ok(Action::Created)
    }

    /// The live one, if there is one; of two it cannot be told which is meant.
    async fn only(&self) -> Result<Option<Deployment>, Failure> {
        let mut live = self.live().await?;
        let last = live.pop();
        if live.is_empty() {
            return Ok(last);
        }
        let ids: Vec<String> = live.iter().chain(&last).map(|deployment| format!("id:{}", deployment.id)).collect();
        Err(Failure::Refused(format!(
            "there are {} live ones at that place, {}: end all but one with `registryctl deployment terminate`, and apply again",
            ids.len(),
            ids.join(" and ")
        )))
    }

    async fn live(&self) -> Result<Vec<Deployment>, Failure> {
        let Self { client, release, values } = self;
        let filter = DeploymentFilter { environments: vec![values.environment.clone()], ..Default::default() };
        let mut deployments = client.list_deployments().release(*release).filter(filter).page_size(500).items();
        let mut live = Vec::new();
        while let Some(found) = deployments.try_next().await? {
            let is_there = found.cluster == values.cluster && found.k8s_namespace == values.k8s_namespace;
            if is_there && found.state() != DeploymentState::Terminated {
                live.push(found);
            }
        }
        Ok(live)
    }
}

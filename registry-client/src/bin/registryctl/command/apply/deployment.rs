//! A deployment has no name: it is the live one of its release at that place.

use futures_util::TryStreamExt as _;
use registry_client::{Deployment, DeploymentFilter, DeploymentState, Reference, ReleaseRef, ReleaseSelector};

use super::document::Pointed;
use super::{Action, Target};
use crate::arguments::Build;
use crate::failure::Failure;
use crate::which;

pub(super) async fn apply(target: &Target, wanted: &Pointed<Deployment>) -> Result<Action, Failure> {
    let Target { client, dry_run, imagined: _ } = target;
    let (release, values) = (release(target, wanted).await?, &wanted.said.values);
    let Some(current) = current(target, &release, values).await? else {
        let mut create = client.create_deployment_from(release, values.clone());
        if values.state() != DeploymentState::Unspecified {
            create = create.initial_state(values.state());
        }
        if *dry_run { create.validate_only() } else { create }.send().await?;
        return Ok(Action::Created);
    };
    let fields = wanted.said.differing(&current).map_err(Failure::Refused)?;
    if fields.is_empty() {
        return Ok(Action::Unchanged);
    }
    let values = Deployment { etag: current.etag.clone(), ..values.clone() };
    let update = client.update_deployment_from(&current, values, fields.clone());
    if *dry_run { update.validate_only() } else { update }.send().await?;
    Ok(Action::Updated(fields))
}

/// What is deployed.
async fn release(target: &Target, wanted: &Pointed<Deployment>) -> Result<ReleaseRef, Failure> {
    let Pointed { said, version, quantization, platform } = wanted;
    if !said.values.release_id.is_empty() {
        return Ok(ReleaseRef::by_id(&said.values.release_id));
    }
    let build = Build { quantization: quantization.clone(), platform: platform.clone() };
    let selector = ReleaseSelector::Version(version.clone());
    let reference = Reference::Release { model: said.values.model_name.clone(), selector };
    which::release(&target.client, reference, &build).await
}

/// The live one, if there is one; of two it cannot be told which is meant.
async fn current(target: &Target, release: &ReleaseRef, values: &Deployment) -> Result<Option<Deployment>, Failure> {
    let filter = DeploymentFilter { environments: vec![values.environment.clone()], ..Default::default() };
    let mut deployments = target.client.list_deployments().release(release).filter(filter).page_size(500).items();
    let mut current: Option<Deployment> = None;
    while let Some(found) = deployments.try_next().await? {
        let is_there = found.cluster == values.cluster && found.k8s_namespace == values.k8s_namespace;
        if !is_there || found.state() == DeploymentState::Terminated {
            continue;
        }
        if let Some(other) = current {
            let (one, other) = (other.id, found.id);
            return Err(Failure::Refused(format!("there are two live ones at that place, id:{one} and id:{other}")));
        }
        current = Some(found);
    }
    Ok(current)
}

//! Use cases on deployments.

use super::changes::Changes;
use super::{Lifecycle, Registry, later};
use crate::domain::deployment::{
    DeploymentFilter, DeploymentIdentity, DeploymentOrder, DeploymentPatch, DeploymentState, DeploymentsOf, HealthState,
    NewDeployment, TransitionDeployment,
};
use crate::domain::document::Document;
use crate::domain::error::Blockers;
use crate::domain::event::EventType;
use crate::domain::page::{List, Page};
use crate::domain::{Context, DeploymentId, Error, Etag, Kind, Refused, Timestamp};
use crate::store::deployments::{self, Deployment, Of, OfRelease};
use crate::store::entity::deployment;
use crate::store::releases::Release;
use crate::store::{Tx, models, releases};
use std::sync::Arc;
use std::time::Duration;

/// How far the clock of a caller may be on the wrong side of what there can be: so far it is put right, beyond it is a mistake.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// Records a deployment of a live release.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Deleted`] (the release), [`Error::InvalidTransition`] if that cannot be deployed,
/// [`Error::Invalid`] if it is said to have been deployed in the future.
pub async fn create(tx: Tx, new: Arc<NewDeployment>) -> Result<Deployment, Error> {
    let release = releases::lock_parent(&tx, &new.release).await?;
    if release.row.delete_time.is_some() {
        return Err(Error::Deleted { kind: Kind::Release, name: release.key().to_string() });
    }
    release.row.state.may_be_deployed()?;
    let deployment = recorded(&tx, &new, &release)?;
    deployments::insert(&tx, &deployment.row).await?;
    tx.record(EventType::Created, &deployment, &[]);
    Ok(deployment)
}

/// Changes the fields of a deployment that the patch names. A patch that changes nothing writes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`] (the release), [`Error::EtagMismatch`], [`Error::Immutable`].
pub async fn update(tx: Tx, command: Arc<(DeploymentId, DeploymentPatch)>) -> Result<Deployment, Error> {
    let (id, patch) = &*command;
    let mut deployment = deployments::lock(&tx, *id).await?;
    may_change(&deployment, patch.etag.as_ref())?;
    let changes = apply(patch.clone(), &mut deployment.row)?;
    if changes.is_empty() {
        return Ok(deployment);
    }
    touch(&mut deployment.row, &tx);
    deployments::update(&tx, &deployment.row).await?;
    tx.record(EventType::Updated, &deployment, changes.names());
    Ok(deployment)
}

/// Takes a deployment one step through its life. A step to where it is changes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`] (the release), [`Error::EtagMismatch`], [`Error::InvalidTransition`],
/// [`Error::Invalid`] if it cannot have happened at the time that is said.
pub async fn transition(tx: Tx, step: Arc<TransitionDeployment>) -> Result<Deployment, Error> {
    let TransitionDeployment { id, target, reason, time, etag } = &*step;
    let mut deployment = deployments::lock(&tx, *id).await?;
    may_change(&deployment, etag.as_ref())?;
    if deployment.row.state == *target {
        return Ok(deployment);
    }
    deployment.row.state.step_to(*target, deployment.release.state)?;
    let time = step_time(&deployment.row, *time, tx.ctx().now())?;
    let changes = enter(&mut deployment.row, *target, reason.clone(), time);
    touch(&mut deployment.row, &tx);
    deployments::update(&tx, &deployment.row).await?;
    tx.record(EventType::StateChanged, &deployment, changes.names());
    Ok(deployment)
}

/// That nothing of a release, or of all releases of a model, is live: what runs is not deleted from under whoever runs it.
pub(super) async fn refuse_if_live(tx: &Tx, of: Of, kind: Kind, name: impl ToString) -> Result<(), Error> {
    let (first, count) = deployments::live(tx, of, Blockers::NAMED).await?;
    if count == 0 {
        return Ok(());
    }
    let names = first.iter().map(|deployment| format!("{} ({deployment})", deployment.row.id)).collect();
    let why = "has live deployments, which `force` does not end";
    Err(Error::InUse { kind, name: name.to_string(), why, blockers: Blockers { kind: Kind::Deployment, names, count } })
}

impl Registry {
    /// Reads a deployment.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_deployment(&self, ctx: &Context, id: DeploymentId) -> Result<Deployment, Error> {
        deployments::get(&self.store.glance(ctx.scope()), id).await
    }

    /// Reads a page of deployments.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the model or the release is not there.
    pub async fn list_deployments(
        &self,
        ctx: &Context,
        of: &DeploymentsOf,
        list: &List<DeploymentFilter, DeploymentOrder>,
    ) -> Result<Page<Deployment>, Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let revision = self.revision_of(&snapshot, list.resume.as_ref()).await?;
        let model = match &of.model {
            Some(model) => Some(models::get_id(&snapshot, model).await?),
            None => None,
        };
        let release = match &of.release {
            Some(release) => Some(releases::get_id(&snapshot, release).await?),
            None => None,
        };
        let (rows, more, total) = deployments::list(&snapshot, model, release, list).await?;
        Ok(Page { rows, more, total, revision })
    }
}

/// What is soft-deleted is not changed, nor what belongs to it; and the deployment is still what the caller meant.
fn may_change(deployment: &Deployment, etag: Option<&Etag>) -> Result<(), Error> {
    let Deployment { row, release: OfRelease { key, state: _, delete_time } } = deployment;
    if delete_time.is_some() {
        return Err(Error::Deleted { kind: Kind::Release, name: key.to_string() });
    }
    let name = deployment.to_string();
    Lifecycle { kind: Kind::Deployment, name, revision: row.revision, delete_time: None, etag }.still_is()
}

fn recorded(tx: &Tx, new: &NewDeployment, release: &Release) -> Result<Deployment, Error> {
    let ctx = tx.ctx();
    let NewDeployment {
        release: _,
        environment,
        cluster,
        k8s_namespace,
        endpoint_url,
        replicas,
        kind,
        state,
        health,
        gpu_enabled,
        image_tag,
        container_id,
        host_port,
        deployed_by,
        metadata,
        deploy_time,
    } = new.clone();
    let deploy_time = not_ahead(deploy_time.unwrap_or(ctx.now()), ctx.now())
        .map_err(|refused| Error::invalid(refused.at("deployment.deploy_time")))?;
    let row = deployment::Model {
        id: ctx.new_id(),
        model_id: release.row.model_id,
        release_id: release.row.id,
        environment,
        cluster,
        k8s_namespace,
        endpoint_url,
        replicas,
        kind,
        state,
        state_reason: None,
        health,
        gpu_enabled,
        image_tag,
        container_id,
        host_port,
        deployed_by: Some(deployed_by.unwrap_or_else(|| ctx.actor().to_string())),
        api_key_id: ctx.caller().key().map(|(id, _)| id),
        metadata,
        deploy_time,
        start_time: (state == DeploymentState::Running).then_some(deploy_time),
        stop_time: None,
        terminate_time: None,
        create_time: ctx.now(),
        update_time: ctx.now(),
        revision: tx.revision(),
    };
    let release = OfRelease { key: release.key(), state: release.row.state, delete_time: release.row.delete_time };
    Ok(Deployment { row, release })
}

/// What a caller says of the past, which a clock that is a little fast puts into the future.
fn not_ahead(said: Timestamp, now: Timestamp) -> Result<Timestamp, Refused> {
    if said > now.after(CLOCK_TOLERANCE) { Err(Refused::new("PAST", "must not lie ahead")) } else { Ok(said.min(now)) }
}

/// When a step happened: when the caller says, as long as that is neither ahead nor before what the deployment did last.
fn step_time(row: &deployment::Model, said: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Error> {
    let done = [Some(row.deploy_time), row.start_time, row.stop_time].into_iter().flatten();
    let last = done.max().unwrap_or(row.deploy_time);
    let now = later(now, last);
    let time = match said {
        None => Ok(now),
        Some(said) if said < last.before(CLOCK_TOLERANCE) => {
            Err(Refused::new("NOT_EARLIER", "must not be before the deployment was deployed, last started or last stopped"))
        }
        Some(said) => not_ahead(said.max(last), now),
    };
    time.map_err(|refused| Error::invalid(refused.at("transition_time")))
}

/// Enters a state, and remembers when.
fn enter(row: &mut deployment::Model, target: DeploymentState, reason: Option<String>, time: Timestamp) -> Changes {
    let mut changes = Changes::default();
    changes.note("state", true);
    changes.note("state_reason", row.state_reason != reason);
    row.state = target;
    row.state_reason = reason;
    let entered = match target {
        DeploymentState::Running => Some(("start_time", &mut row.start_time)),
        DeploymentState::Stopped | DeploymentState::Failed => Some(("stop_time", &mut row.stop_time)),
        DeploymentState::Terminated => Some(("terminate_time", &mut row.terminate_time)),
        DeploymentState::Pending | DeploymentState::Deploying | DeploymentState::Stopping => None,
    };
    if let Some((field, entered)) = entered {
        changes.note(field, entered.replace(time) != Some(time));
    }
    changes
}

fn apply(patch: DeploymentPatch, row: &mut deployment::Model) -> Result<Changes, Error> {
    let DeploymentPatch {
        etag: _,
        identity,
        cluster,
        k8s_namespace,
        endpoint_url,
        replicas,
        health,
        gpu_enabled,
        image_tag,
        container_id,
        host_port,
        deployed_by,
        metadata,
    } = patch;
    same_identity(identity, row)?;
    let mut changes = Changes::default();
    changes.note("cluster", cluster.apply(&mut row.cluster));
    changes.note("k8s_namespace", k8s_namespace.apply(&mut row.k8s_namespace));
    changes.note("endpoint_url", endpoint_url.apply(&mut row.endpoint_url));
    changes.note("replicas", replicas.apply(&mut row.replicas));
    changes.note("health", health.apply_or(&mut row.health, HealthState::Unknown));
    changes.note("gpu_enabled", gpu_enabled.apply_or(&mut row.gpu_enabled, false));
    changes.note("image_tag", image_tag.apply(&mut row.image_tag));
    changes.note("container_id", container_id.apply(&mut row.container_id));
    changes.note("host_port", host_port.apply(&mut row.host_port));
    changes.note("deployed_by", deployed_by.apply(&mut row.deployed_by));
    changes.note("metadata", metadata.apply_or(&mut row.metadata, Document::default()));
    Ok(changes)
}

/// Where and when it was deployed never changes; a caller who says otherwise means another deployment.
fn same_identity(sent: DeploymentIdentity, row: &deployment::Model) -> Result<(), Error> {
    let DeploymentIdentity { environment, kind, deploy_time } = sent;
    let differs = [
        ("deployment.environment", environment.is_some_and(|environment| environment != row.environment)),
        ("deployment.kind", kind.is_some_and(|kind| kind != row.kind)),
        ("deployment.deploy_time", deploy_time.is_some_and(|time| time != row.deploy_time)),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((path, _)) => Err(Error::Immutable { path }),
        None => Ok(()),
    }
}

fn touch(row: &mut deployment::Model, tx: &Tx) {
    row.update_time = later(tx.ctx().now(), row.update_time);
    row.revision = tx.revision();
}

//! `Deployment`.

use super::filter::range;
use super::{document, etag, given, mask_error, patched, refs, time};
use crate::api::violations::Violations;
use crate::domain::deployment::{
    DeploymentFilter, DeploymentIdentity, DeploymentKind, DeploymentOrder, DeploymentPatch, DeploymentState, DeploymentsOf,
    HealthState, NewDeployment, TransitionDeployment,
};
use crate::domain::model::View;
use crate::domain::release::ReleaseKey;
use crate::domain::{Context, DeploymentId, Error, Refused};
use crate::store::deployments::{Deployment, OfRelease};
use crate::store::entity::deployment::Model as Row;
use prost_types::FieldMask;
use registry_proto::mask::{DeploymentField, DeploymentMask};
use registry_proto::v1 as pb;

/// Which deployment.
pub(in crate::api) fn id(text: &str) -> Result<DeploymentId, Error> {
    let mut at = Violations::default();
    let id = at.field("deployment_id", text.parse());
    at.finish(|| id)
}

/// In which order.
pub(in crate::api) fn order(order: i32) -> DeploymentOrder {
    use pb::list_deployments_request::Order;
    match Order::try_from(order).unwrap_or_default() {
        Order::Unspecified | Order::DeployTimeDesc => DeploymentOrder::DeployTimeDesc,
        Order::DeployTimeAsc => DeploymentOrder::DeployTimeAsc,
    }
}

/// Unset means: not said. An unknown number has been refused before.
pub(super) fn state(state: i32) -> Option<DeploymentState> {
    match pb::DeploymentState::try_from(state).unwrap_or_default() {
        pb::DeploymentState::Unspecified => None,
        pb::DeploymentState::Pending => Some(DeploymentState::Pending),
        pb::DeploymentState::Deploying => Some(DeploymentState::Deploying),
        pb::DeploymentState::Running => Some(DeploymentState::Running),
        pb::DeploymentState::Stopping => Some(DeploymentState::Stopping),
        pb::DeploymentState::Stopped => Some(DeploymentState::Stopped),
        pb::DeploymentState::Failed => Some(DeploymentState::Failed),
        pb::DeploymentState::Terminated => Some(DeploymentState::Terminated),
    }
}

fn state_message(state: DeploymentState) -> pb::DeploymentState {
    match state {
        DeploymentState::Pending => pb::DeploymentState::Pending,
        DeploymentState::Deploying => pb::DeploymentState::Deploying,
        DeploymentState::Running => pb::DeploymentState::Running,
        DeploymentState::Stopping => pb::DeploymentState::Stopping,
        DeploymentState::Stopped => pb::DeploymentState::Stopped,
        DeploymentState::Failed => pb::DeploymentState::Failed,
        DeploymentState::Terminated => pb::DeploymentState::Terminated,
    }
}

pub(super) fn kind(kind: i32) -> Option<DeploymentKind> {
    match pb::DeploymentKind::try_from(kind).unwrap_or_default() {
        pb::DeploymentKind::Unspecified => None,
        pb::DeploymentKind::Metadata => Some(DeploymentKind::Metadata),
        pb::DeploymentKind::Local => Some(DeploymentKind::Local),
        pb::DeploymentKind::K8s => Some(DeploymentKind::K8s),
    }
}

fn kind_message(kind: DeploymentKind) -> pb::DeploymentKind {
    match kind {
        DeploymentKind::Metadata => pb::DeploymentKind::Metadata,
        DeploymentKind::Local => pb::DeploymentKind::Local,
        DeploymentKind::K8s => pb::DeploymentKind::K8s,
    }
}

pub(super) fn health(health: i32) -> Option<HealthState> {
    match pb::HealthState::try_from(health).unwrap_or_default() {
        pb::HealthState::Unspecified => None,
        pb::HealthState::Unknown => Some(HealthState::Unknown),
        pb::HealthState::Healthy => Some(HealthState::Healthy),
        pb::HealthState::Unhealthy => Some(HealthState::Unhealthy),
    }
}

fn health_message(health: HealthState) -> pb::HealthState {
    match health {
        HealthState::Unknown => pb::HealthState::Unknown,
        HealthState::Healthy => pb::HealthState::Healthy,
        HealthState::Unhealthy => pb::HealthState::Unhealthy,
    }
}

/// Of what to list deployments.
pub(in crate::api) fn of(model: Option<pb::ModelRef>, release: Option<pb::ReleaseRef>) -> Result<DeploymentsOf, Error> {
    let model = refs::optional("model_ref", model, refs::model)?;
    Ok(DeploymentsOf { model, release: refs::optional("release_ref", release, refs::release)? })
}

/// A condition on deployments.
pub(in crate::api) fn filter(message: pb::DeploymentFilter) -> DeploymentFilter {
    let pb::DeploymentFilter {
        environments,
        states,
        healths,
        kinds,
        clusters,
        k8s_namespaces,
        companies,
        deployed_by,
        deploy_time_from,
        deploy_time_before,
    } = message;
    DeploymentFilter {
        environments,
        states: states.into_iter().filter_map(state).collect(),
        healths: healths.into_iter().filter_map(health).collect(),
        kinds: kinds.into_iter().filter_map(kind).collect(),
        clusters,
        k8s_namespaces,
        companies,
        deployed_by,
        deploy_time: range(deploy_time_from, deploy_time_before),
    }
}

/// A deployment to record. What only the server writes is ignored.
pub(in crate::api) fn create(message: pb::CreateDeploymentRequest) -> Result<NewDeployment, Error> {
    let pb::CreateDeploymentRequest { release_ref, deployment, initial_state, validate_only: _, request_id: _ } = message;
    let release = refs::release("release_ref", release_ref)?;
    let pb::Deployment {
        id: _,
        release_id: _,
        release_version: _,
        model_id: _,
        model_name: _,
        environment,
        cluster,
        k8s_namespace,
        endpoint_url,
        replicas,
        kind,
        state: _,
        state_reason: _,
        health,
        gpu_enabled,
        image_tag,
        container_id,
        host_port,
        deployed_by,
        api_key_id: _,
        metadata,
        deploy_time,
        start_time: _,
        stop_time: _,
        terminate_time: _,
        create_time: _,
        update_time: _,
        etag: _,
        revision: _,
    } = deployment.unwrap_or_default();
    let mut at = Violations::default();
    let environment = at.field("deployment.environment", environment.parse());
    at.finish(|| {
        Some(NewDeployment {
            release,
            environment: environment?,
            cluster,
            k8s_namespace,
            endpoint_url,
            replicas,
            kind: self::kind(kind).unwrap_or(DeploymentKind::Metadata),
            state: state(initial_state).unwrap_or(DeploymentState::Running),
            health: self::health(health).unwrap_or(HealthState::Unknown),
            gpu_enabled,
            image_tag,
            container_id,
            host_port,
            deployed_by,
            metadata: metadata.map(document::parse).unwrap_or_default(),
            deploy_time: deploy_time.map(time::parse_timestamp),
        })
    })
}

/// What to change of which deployment.
pub(in crate::api) fn update(message: pb::UpdateDeploymentRequest) -> Result<(DeploymentId, DeploymentPatch), Error> {
    let pb::UpdateDeploymentRequest { deployment_id, deployment, update_mask, validate_only: _, request_id: _ } = message;
    let patch = patch(deployment.unwrap_or_default(), update_mask.as_ref())?;
    Ok((id(&deployment_id)?, patch))
}

/// What an update changes: the fields that the mask names, or without one those that are set.
fn patch(message: pb::Deployment, mask: Option<&FieldMask>) -> Result<DeploymentPatch, Error> {
    let mask = DeploymentMask::parse(mask, &message).map_err(mask_error)?;
    let named = |field| mask.contains(field);
    let pb::Deployment {
        id: _,
        release_id: _,
        release_version: _,
        model_id: _,
        model_name: _,
        environment,
        cluster,
        k8s_namespace,
        endpoint_url,
        replicas,
        kind,
        state: _,
        state_reason: _,
        health,
        gpu_enabled,
        image_tag,
        container_id,
        host_port,
        deployed_by,
        api_key_id: _,
        metadata,
        deploy_time,
        start_time: _,
        stop_time: _,
        terminate_time: _,
        create_time: _,
        update_time: _,
        etag,
        revision: _,
    } = message;
    let mut at = Violations::default();
    let etag = at.optional("deployment.etag", self::etag(&etag));
    let environment = at.optional("deployment.environment", given(environment).map(|environment| environment.parse()));
    at.finish(|| {
        Some(DeploymentPatch {
            etag: etag?,
            identity: DeploymentIdentity {
                environment: environment?,
                kind: self::kind(kind),
                deploy_time: deploy_time.map(time::parse_timestamp),
            },
            cluster: patched(named(DeploymentField::Cluster), cluster),
            k8s_namespace: patched(named(DeploymentField::K8sNamespace), k8s_namespace),
            endpoint_url: patched(named(DeploymentField::EndpointUrl), endpoint_url),
            replicas: patched(named(DeploymentField::Replicas), replicas),
            health: patched(named(DeploymentField::Health), self::health(health)),
            gpu_enabled: patched(named(DeploymentField::GpuEnabled), Some(gpu_enabled)),
            image_tag: patched(named(DeploymentField::ImageTag), image_tag),
            container_id: patched(named(DeploymentField::ContainerId), container_id),
            host_port: patched(named(DeploymentField::HostPort), host_port),
            deployed_by: patched(named(DeploymentField::DeployedBy), deployed_by),
            metadata: patched(named(DeploymentField::Metadata), metadata.map(document::parse)),
        })
    })
}

/// A step in the life of a deployment.
pub(in crate::api) fn transition(message: pb::TransitionDeploymentRequest) -> Result<TransitionDeployment, Error> {
    let pb::TransitionDeploymentRequest {
        deployment_id,
        target_state,
        reason,
        transition_time,
        etag,
        validate_only: _,
        request_id: _,
    } = message;
    let id = id(&deployment_id)?;
    let mut at = Violations::default();
    let target = at.field("target_state", state(target_state).ok_or_else(|| Refused::new("REQUIRED", "must be set")));
    let etag = at.optional("etag", self::etag(&etag));
    let time = transition_time.map(time::parse_timestamp);
    at.finish(|| Some(TransitionDeployment { id, target: target?, reason, time, etag: etag? }))
}

/// A deployment as it was written; without id, revision and etag if it was only validated.
pub(in crate::api) fn written(deployment: Deployment, ctx: &Context) -> pb::Deployment {
    let mut message = message(deployment, View::Full);
    if ctx.is_dry_run() {
        (message.id, message.revision, message.etag) = (String::new(), 0, String::new());
    }
    message
}

/// A deployment; without its metadata for the basic view, which is that of events.
pub(in crate::api) fn message(deployment: Deployment, view: View) -> pb::Deployment {
    let Deployment { row, release: OfRelease { key, state: _, delete_time: _ } } = deployment;
    let ReleaseKey { model, version, quantization: _, platform: _ } = key;
    let Row {
        id,
        model_id,
        release_id,
        environment,
        cluster,
        k8s_namespace,
        endpoint_url,
        replicas,
        kind,
        state,
        state_reason,
        health,
        gpu_enabled,
        image_tag,
        container_id,
        host_port,
        deployed_by,
        api_key_id,
        metadata,
        deploy_time,
        start_time,
        stop_time,
        terminate_time,
        create_time,
        update_time,
        revision,
    } = row;
    pb::Deployment {
        id: id.to_string(),
        release_id: release_id.to_string(),
        release_version: version.into(),
        model_id: model_id.to_string(),
        model_name: model.into(),
        environment: environment.into(),
        cluster,
        k8s_namespace,
        endpoint_url,
        replicas,
        kind: kind_message(kind).into(),
        state: state_message(state).into(),
        state_reason,
        health: health_message(health).into(),
        gpu_enabled,
        image_tag,
        container_id,
        host_port,
        deployed_by,
        api_key_id: api_key_id.map(|id| id.to_string()),
        metadata: (view == View::Full).then(|| document::message(metadata)),
        deploy_time: Some(time::timestamp(deploy_time)),
        start_time: start_time.map(time::timestamp),
        stop_time: stop_time.map(time::timestamp),
        terminate_time: terminate_time.map(time::timestamp),
        create_time: Some(time::timestamp(create_time)),
        update_time: Some(time::timestamp(update_time)),
        etag: revision.etag().to_string(),
        revision: revision.number(),
    }
}

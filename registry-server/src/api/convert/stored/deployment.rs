//! A deployment that comes with an import.

use super::{Read, required};
use crate::api::convert::deployment::{health, kind, state};
use crate::api::convert::{document, time};
use crate::domain::deployment::{DeploymentKind, DeploymentState, HealthState};
use crate::domain::{Error, ModelId, Refused};
use crate::store::entity::deployment::Model as Row;
use registry_proto::v1 as pb;
use uuid::Uuid;

/// Its model is that of its release, whatever it says: a place is kept for it.
#[expect(clippy::too_many_lines, reason = "every field twice: taken apart, and put together")]
pub(super) fn read(mut read: Read<'_>, message: pb::Deployment) -> Result<Row, Error> {
    let pb::Deployment {
        id,
        release_id,
        release_version: _,
        model_id: _,
        model_name: _,
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
        etag: _,
        revision,
    } = message;
    let id = read.id("deployment.id", &id);
    let release_id = read.reference("deployment.release_id", &release_id);
    let api_key_id = read.optional_reference("deployment.api_key_id", api_key_id);
    let environment = read.at.field("deployment.environment", environment.parse());
    let state = read.at.field("deployment.state", self::state(state).ok_or_else(required));
    let state_reason = read.optional_text("deployment.state_reason", state_reason, 1024);
    let over = state == Some(DeploymentState::Terminated);
    read.must("deployment.terminate_time", state.is_none() || over == terminate_time.is_some(), || {
        Refused::new("TERMINATED_ONLY", "must be set if and only if it is TERMINATED")
    });
    // When it was deployed is for the caller to say, also otherwise.
    let deploy_time = match deploy_time {
        Some(deployed) if !read.by.preserve => Some(time::parse_timestamp(deployed)),
        deployed => read.time("deployment.deploy_time", deployed),
    };
    let start_time = read.optional_time("deployment.start_time", start_time);
    let stop_time = read.optional_time("deployment.stop_time", stop_time);
    let terminate_time = read.optional_time("deployment.terminate_time", terminate_time);
    let create_time = read.time("deployment.create_time", create_time);
    let update_time = read.time("deployment.update_time", update_time);
    let revision = read.revision("deployment.revision", revision);
    let keys_kept = read.by.preserve;
    read.at.finish(|| {
        Some(Row {
            id: id?,
            model_id: ModelId::from(Uuid::nil()),
            release_id: release_id?,
            environment: environment?,
            cluster,
            k8s_namespace,
            endpoint_url,
            replicas,
            kind: self::kind(kind).unwrap_or(DeploymentKind::Metadata),
            state: state?,
            state_reason: state_reason?,
            health: self::health(health).unwrap_or(HealthState::Unknown),
            gpu_enabled,
            image_tag,
            container_id,
            host_port,
            deployed_by,
            api_key_id: api_key_id?.filter(|_| keys_kept),
            metadata: metadata.map(document::parse).unwrap_or_default(),
            deploy_time: deploy_time?,
            start_time: start_time?,
            stop_time: stop_time?,
            terminate_time: terminate_time?,
            create_time: create_time?,
            update_time: update_time?,
            revision: revision?,
        })
    })
}

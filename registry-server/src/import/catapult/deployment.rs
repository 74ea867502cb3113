//! A deployment of Catapult.
//!
//! May not: look at anything but its row.

use super::{id, origin};
use crate::domain::deployment::{DeploymentKind, DeploymentState, HealthState};
use crate::domain::import::Change;
use crate::domain::{ApiKeyId, DeploymentId, ModelId, ReleaseId, Timestamp};
use crate::import::Trouble;
use crate::import::translation::Translation;
use crate::service::families::Member;
use crate::store::entity::deployment;
use crate::store::legacy::Row;
use serde_json::Value;
use std::collections::BTreeMap;

/// Of a deployment that was said to be nowhere.
const NOWHERE: &str = "unknown";

/// What becomes of its row.
pub(super) fn translated(
    row: Row,
    model_id: ModelId,
    releases: &BTreeMap<String, ReleaseId>,
) -> Result<(Member<deployment::Model>, Vec<Change>), Trouble> {
    let mut of = Translation::of(origin("deployments", &row), row);
    let id: DeploymentId = id(of.origin())?;
    of.take("id");
    let release_id = release(&mut of, releases)?;
    let environment = environment(&mut of);
    let deploy_time = of.time_or("deployed_at", Timestamp::from_micros(0));
    let (start_time, stop_time) = (of.time("started_at"), of.time("stopped_at"));
    let (state, terminate_time) = state(&mut of, deploy_time, stop_time);
    let (cluster, k8s_namespace) = (of.text("cluster", 255), of.text("k8s_namespace", 255));
    let (endpoint_url, replicas) = (of.text("endpoint_url", 500), small(&mut of, "replicas", 0, i32::MAX));
    let (kind, health) = (kind(&mut of), health(&mut of));
    let gpu_enabled = of.truth("gpu_enabled").unwrap_or(false);
    let (image_tag, container_id) = (of.text("image_tag", 500), of.text("container_id", 64));
    let (host_port, deployed_by) = (small(&mut of, "host_port", 1, 65_535), of.text("deployed_by", 255));
    let api_key_id = api_key(&mut of);
    let members = of.object("metadata");
    let (origin, metadata, changes) = of.into_metadata(members);
    let times = [start_time, stop_time, terminate_time].into_iter().flatten();
    let row = deployment::Model {
        id,
        model_id,
        release_id,
        environment: environment.parse().map_err(|_| Trouble("a fault of this program: an environment is refused".to_owned()))?,
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
        deployed_by,
        api_key_id,
        metadata,
        deploy_time,
        start_time,
        stop_time,
        terminate_time,
        create_time: deploy_time,
        update_time: times.fold(deploy_time, Timestamp::max),
        revision: crate::domain::Revision::ZERO,
    };
    Ok((Member::of(origin, row), changes))
}

fn release(of: &mut Translation, releases: &BTreeMap<String, ReleaseId>) -> Result<ReleaseId, Trouble> {
    let old = of.take("release_id").unwrap_or_default();
    let lost = || Trouble(format!("the release `{old}` of {:?} is not there", of.origin()));
    let here = releases.get(&old).copied().ok_or_else(lost)?;
    if here.to_string() != old {
        of.changed("release_id", Some(old), Some(here.to_string()), "identical_twin");
    }
    Ok(here)
}

fn environment(of: &mut Translation) -> String {
    match of.text("environment", 100) {
        Some(environment) if !environment.is_empty() => environment,
        empty => {
            of.replaced("environment", empty.unwrap_or_default(), Some(NOWHERE.to_owned()), "environment_empty");
            NOWHERE.to_owned()
        }
    }
}

fn small(of: &mut Translation, column: &str, least: i32, most: i32) -> Option<i32> {
    of.number(column, i64::from(least), i64::from(most)).and_then(|number| i32::try_from(number).ok())
}

/// Where it is in its life. A word that is not one of this registry's is kept; so is that of what was called a success, which is
/// told from what is said to run by that alone.
fn state(of: &mut Translation, deployed: Timestamp, stopped: Option<Timestamp>) -> (DeploymentState, Option<Timestamp>) {
    use DeploymentState::{Deploying, Failed, Pending, Running, Stopped, Stopping, Terminated};
    let (word, ended) = (of.take("status"), of.time("terminated_at"));
    let (state, rule) = match word.as_deref() {
        Some("running") => (Running, None),
        Some("pending") => (Pending, None),
        Some("deploying") => (Deploying, None),
        Some("stopping") => (Stopping, None),
        Some("stopped") => (Stopped, None),
        Some("failed") => (Failed, None),
        Some("terminated") => (Terminated, None),
        Some("success") => (Running, Some("status_success")),
        None => (Running, Some("status_null")),
        Some("in_progress") => (Deploying, Some("status_in_progress")),
        Some(_) => (Pending, Some("status_unknown")),
    };
    if let Some(rule) = rule {
        of.changed("status", word.clone(), Some(state.to_string()), rule);
        if let Some(word) = word.clone() {
            of.keep("status", Value::String(word));
        }
    }
    match (state, ended) {
        (Terminated, Some(ended)) => (Terminated, Some(ended)),
        (Terminated, None) => {
            let ended = stopped.unwrap_or(deployed);
            of.changed("terminated_at", None, Some(ended.micros().to_string()), "termination_unknown");
            (Terminated, Some(ended))
        }
        (state, None) => (state, None),
        (state, Some(ended)) => {
            of.changed("status", word, Some(Terminated.to_string()), "terminated_by_time");
            of.keep("state", Value::String(state.to_string()));
            (Terminated, Some(ended))
        }
    }
}

fn kind(of: &mut Translation) -> DeploymentKind {
    let word = of.take("deployment_type");
    match word.as_deref() {
        Some("metadata") | None => DeploymentKind::Metadata,
        Some("local") => DeploymentKind::Local,
        Some("k8s") => DeploymentKind::K8s,
        Some(other) => {
            of.replaced("deployment_type", other.to_owned(), Some(DeploymentKind::Metadata.to_string()), "kind_unknown");
            DeploymentKind::Metadata
        }
    }
}

fn health(of: &mut Translation) -> HealthState {
    let word = of.take("health_status");
    match word.as_deref() {
        Some("unknown") | None => HealthState::Unknown,
        Some("healthy") => HealthState::Healthy,
        Some("unhealthy") => HealthState::Unhealthy,
        Some(other) => {
            of.replaced("health_status", other.to_owned(), Some(HealthState::Unknown.to_string()), "health_unknown");
            HealthState::Unknown
        }
    }
}

/// The key it was made with, whatever became of that.
fn api_key(of: &mut Translation) -> Option<ApiKeyId> {
    let text = of.take("api_key_id")?;
    let id = text.parse().ok();
    if id.is_none() {
        of.replaced("api_key_id", text, None, "not_an_id");
    }
    id
}

//! Deployments: how one is recorded, changed, moved through its life, and found.

use super::document::Document;
use super::error::{Error, Kind};
use super::filter::TimeRange;
use super::id::DeploymentId;
use super::model::ModelRef;
use super::name::Environment;
use super::patch::Patch;
use super::release::{ReleaseRef, ReleaseState};
use super::revision::Etag;
use super::time::Timestamp;

super::closed_set! {
    /// What looks after a deployment.
    DeploymentKind {
        /// Not said.
        Metadata = "METADATA",
        /// A container on one host.
        Local = "LOCAL",
        /// Kubernetes.
        K8s = "K8S",
    }
}

super::closed_set! {
    /// What the last health check found.
    HealthState {
        /// Nobody has said.
        Unknown = "UNKNOWN",
        /// Well.
        Healthy = "HEALTHY",
        /// Unwell.
        Unhealthy = "UNHEALTHY",
    }
}

super::closed_set! {
    /// Where a deployment is in its life. It is live in every state but the last.
    DeploymentState {
        /// Wanted, not begun.
        Pending = "PENDING",
        /// Being rolled out.
        Deploying = "DEPLOYING",
        /// Serving.
        Running = "RUNNING",
        /// Being stopped.
        Stopping = "STOPPING",
        /// Stopped.
        Stopped = "STOPPED",
        /// Broken.
        Failed = "FAILED",
        /// Gone; final.
        Terminated = "TERMINATED",
    }
}

impl DeploymentState {
    /// Every state but the last.
    pub const LIVE: [Self; 6] = [Self::Pending, Self::Deploying, Self::Running, Self::Stopping, Self::Stopped, Self::Failed];

    /// Whether the life of a deployment has a step from here to `target`: along one of the drawn edges, or to
    /// where it is already. Every pair is spelled out, so that a new state has to be drawn in.
    #[must_use]
    pub const fn may_become(self, target: Self) -> bool {
        use DeploymentState::{Deploying, Failed, Pending, Running, Stopped, Stopping, Terminated};
        match (self, target) {
            (Pending, Pending | Deploying | Failed | Terminated)
            | (Deploying, Deploying | Running | Failed | Terminated)
            | (Running, Running | Stopping | Failed | Terminated)
            | (Stopping, Stopping | Stopped | Failed | Terminated)
            | (Stopped, Stopped | Deploying | Failed | Terminated)
            | (Failed, Failed | Deploying | Terminated)
            | (Terminated, Terminated) => true,
            (Pending, Running | Stopping | Stopped)
            | (Deploying, Pending | Stopping | Stopped)
            | (Running, Pending | Deploying | Stopped)
            | (Stopping, Pending | Deploying | Running)
            | (Stopped, Pending | Running | Stopping)
            | (Failed, Pending | Running | Stopping | Stopped)
            | (Terminated, Pending | Deploying | Running | Stopping | Stopped | Failed) => false,
        }
    }

    /// Whether whoever brings a deployment here starts what was built.
    const fn starts(self) -> bool {
        match self {
            Self::Deploying | Self::Running => true,
            Self::Pending | Self::Stopping | Self::Stopped | Self::Failed | Self::Terminated => false,
        }
    }

    /// The step to `target` of a deployment whose release is in this state, or the error that says why there is none.
    ///
    /// # Errors
    /// [`Error::InvalidTransition`] if there is no such step, or it starts what has been withdrawn.
    pub fn step_to(self, target: Self, release: ReleaseState) -> Result<(), Error> {
        let why = if !self.may_become(target) {
            "the lifecycle has no such step"
        } else if target.starts() && release == ReleaseState::Yanked {
            "its release has been yanked"
        } else {
            return Ok(());
        };
        Err(Error::InvalidTransition { kind: Kind::Deployment, from: self.as_str(), to: target.as_str(), why })
    }
}

impl ReleaseState {
    /// That a release in this state may be deployed anew, or the error that says why not.
    ///
    /// # Errors
    /// [`Error::InvalidTransition`].
    pub fn may_be_deployed(self) -> Result<(), Error> {
        let why = match self {
            Self::Candidate | Self::Active | Self::Deprecated => return Ok(()),
            Self::Archived => "an archived release cannot be deployed anew",
            Self::Yanked => "a yanked release cannot be deployed",
        };
        Err(Error::InvalidTransition { kind: Kind::Release, from: self.as_str(), to: "DEPLOYED", why })
    }
}

/// The order of a list of deployments. The id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum DeploymentOrder {
    DeployTimeDesc,
    DeployTimeAsc,
}

/// A deployment to record.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Deployment")]
pub struct NewDeployment {
    pub release: ReleaseRef,
    pub environment: Environment,
    pub cluster: Option<String>,
    pub k8s_namespace: Option<String>,
    pub endpoint_url: Option<String>,
    pub replicas: Option<i32>,
    pub kind: DeploymentKind,
    pub state: DeploymentState,
    pub health: HealthState,
    pub gpu_enabled: bool,
    pub image_tag: Option<String>,
    pub container_id: Option<String>,
    pub host_port: Option<i32>,
    pub deployed_by: Option<String>,
    pub metadata: Document,
    pub deploy_time: Option<Timestamp>,
}

/// What an update says of the fields that never change: compared, not written.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Deployment")]
pub struct DeploymentIdentity {
    pub environment: Option<Environment>,
    pub kind: Option<DeploymentKind>,
    pub deploy_time: Option<Timestamp>,
}

/// What to change of a deployment.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Deployment")]
pub struct DeploymentPatch {
    pub etag: Option<Etag>,
    pub identity: DeploymentIdentity,
    pub cluster: Patch<String>,
    pub k8s_namespace: Patch<String>,
    pub endpoint_url: Patch<String>,
    pub replicas: Patch<i32>,
    pub health: Patch<HealthState>,
    pub gpu_enabled: Patch<bool>,
    pub image_tag: Patch<String>,
    pub container_id: Patch<String>,
    pub host_port: Patch<i32>,
    pub deployed_by: Patch<String>,
    pub metadata: Patch<Document>,
}

/// A step in the life of a deployment.
#[derive(Debug, Clone)]
pub struct TransitionDeployment {
    /// Which deployment.
    pub id: DeploymentId,
    /// Where to.
    pub target: DeploymentState,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// When it happened; now, if that is not said.
    pub time: Option<Timestamp>,
    /// What the deployment must still be.
    pub etag: Option<Etag>,
}

/// Of what to list deployments: of what both say.
#[derive(Debug, Clone)]
pub struct DeploymentsOf {
    /// Only those of this model.
    pub model: Option<ModelRef>,
    /// Only those of this release.
    pub release: Option<ReleaseRef>,
}

/// A condition on deployments. Fields are ANDed, the values of one field are alternatives; an empty one matches every
/// deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract documents every field of DeploymentFilter")]
pub struct DeploymentFilter {
    pub environments: Vec<String>,
    pub states: Vec<DeploymentState>,
    pub healths: Vec<HealthState>,
    pub kinds: Vec<DeploymentKind>,
    pub clusters: Vec<String>,
    pub k8s_namespaces: Vec<String>,
    pub companies: Vec<String>,
    pub deployed_by: Vec<String>,
    pub deploy_time: TimeRange,
}

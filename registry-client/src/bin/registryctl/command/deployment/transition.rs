//! `registryctl deployment start`, `running`, `stop`, `stopped`, `fail` and `terminate`: each is one step of the contract.

use clap::Args;
use prost_types::Timestamp;
use registry_client::{DeploymentId, DeploymentState};

use crate::arguments::{DryRun, Yes, time};
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which;

/// A step. The registry starts and stops nothing itself: whoever does tells it.
#[derive(Debug, Args)]
pub struct Transition {
    /// Its id
    #[arg(value_parser = which::id)]
    deployment: String,

    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// When it happened, if that is a while ago
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,

    /// Only if nobody has changed it since this etag was read
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Transition {
    pub(super) async fn run(self, target: DeploymentState, session: &Session) -> Result<Exit, Failure> {
        let Self { deployment, reason, at, etag, dry_run } = self;
        let client = session.client().await?;
        let mut step = client.transition_deployment(DeploymentId::new(deployment), target).etag(etag.unwrap_or_default());
        if let Some(reason) = reason {
            step = step.reason(reason);
        }
        if let Some(at) = at {
            step = step.transition_time(at);
        }
        if dry_run.dry_run {
            step = step.validate_only();
        }
        let deployment = step.send().await?;
        session.output.changed(&deployment)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

/// Records that it is gone for good: any state becomes TERMINATED, which no step leads out of
///
/// The record is kept as history, until its release is purged.
#[derive(Debug, Args)]
pub struct Terminate {
    #[command(flatten)]
    step: Transition,

    #[command(flatten)]
    yes: Yes,
}

impl Terminate {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { step, yes } = self;
        if !step.dry_run.dry_run {
            confirm("Record that the deployment is gone, with no way back?", yes).await?;
        }
        step.run(DeploymentState::Terminated, session).await
    }
}

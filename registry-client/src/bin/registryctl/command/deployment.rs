//! `registryctl deployment`: a file for each verb, and one for all steps from one state to another.

mod create;
mod fields;
mod get;
mod list;
mod transition;
mod update;

use clap::Subcommand;
use registry_client::DeploymentState;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with deployments.
#[derive(Debug, Subcommand)]
pub enum Deployment {
    Create(create::Create),
    Get(get::Get),
    List(list::List),
    Update(update::Update),
    /// Records that a roll-out has begun: PENDING, STOPPED or FAILED becomes DEPLOYING
    Start(transition::Transition),
    /// Records that it serves: DEPLOYING becomes RUNNING
    Running(transition::Transition),
    /// Records that it is being stopped: RUNNING becomes STOPPING
    Stop(transition::Transition),
    /// Records that it has stopped: STOPPING becomes STOPPED
    Stopped(transition::Transition),
    /// Records that a roll-out has failed, or that what ran has broken: any state but TERMINATED becomes FAILED
    Fail(transition::Transition),
    Terminate(transition::Terminate),
}

impl Deployment {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(session).await,
            Self::Get(get) => get.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::Update(update) => update.run(session).await,
            Self::Start(step) => step.run(DeploymentState::Deploying, session).await,
            Self::Running(step) => step.run(DeploymentState::Running, session).await,
            Self::Stop(step) => step.run(DeploymentState::Stopping, session).await,
            Self::Stopped(step) => step.run(DeploymentState::Stopped, session).await,
            Self::Fail(step) => step.run(DeploymentState::Failed, session).await,
            Self::Terminate(terminate) => terminate.run(session).await,
        }
    }
}

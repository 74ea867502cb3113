//! `registryctl deployment get`.

use clap::Args;
use registry_client::DeploymentId;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which;

/// Prints all that is known of a deployment
#[derive(Debug, Args)]
pub struct Get {
    /// Its id
    #[arg(value_parser = which::id)]
    deployment: String,
}

impl Get {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let deployment = session.client().await?.get_deployment(DeploymentId::new(self.deployment)).send().await?;
        session.output.one(&deployment)?;
        Ok(Exit::Done)
    }
}

//! `registryctl artifact get`.

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which::{self, ArtifactName};

/// Prints all that is known of an artifact
#[derive(Debug, Args)]
pub struct Get {
    /// Its id, which also finds a soft-deleted one, RELEASE/FILE such as MODEL:1.2.0/weights.bin, or MODEL//FILE
    #[arg(value_parser = which::artifact)]
    artifact: ArtifactName,
}

impl Get {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let client = session.client().await?;
        let artifact = client.get_artifact(self.artifact.id(&client).await?).send().await?;
        session.output.one(&artifact)?;
        Ok(Exit::Done)
    }
}

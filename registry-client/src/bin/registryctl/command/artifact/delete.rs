//! `registryctl artifact delete`.

use clap::Args;

use crate::arguments::Yes;
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which::{self, ArtifactName};

/// Soft-deletes an artifact, which cannot be undone
///
/// It is hidden and can be read by its id for a while; its name and its path are free at once. To have it again, register or upload it again.
#[derive(Debug, Args)]
pub struct Delete {
    /// Its id, RELEASE/FILE such as MODEL:1.2.0/weights.bin, or MODEL//FILE
    #[arg(value_parser = which::artifact)]
    artifact: ArtifactName,

    /// Be content if there is no such artifact
    #[arg(long)]
    allow_missing: bool,

    /// Only if nobody has changed it since this etag was read
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    #[command(flatten)]
    yes: Yes,
}

impl Delete {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { artifact, allow_missing, etag, yes } = self;
        let client = session.client().await?;
        let id = match artifact.id(&client).await {
            Err(Failure::Missing(_)) if allow_missing => return missing(session),
            id => id?,
        };
        if !yes.yes {
            let artifact = client.get_artifact(&id).send().await?;
            confirm(&format!("Delete artifact {} of {}, with no way back?", artifact.name, artifact.model_name), yes).await?;
        }
        let mut delete = client.delete_artifact(id).etag(etag.unwrap_or_default());
        if allow_missing {
            delete = delete.allow_missing();
        }
        match &delete.send().await? {
            Some(artifact) => session.output.changed(artifact)?,
            None => return missing(session),
        }
        Ok(Exit::Done)
    }
}

fn missing(session: &Session) -> Result<Exit, Failure> {
    session.output.say("there is no such artifact");
    Ok(Exit::Done)
}

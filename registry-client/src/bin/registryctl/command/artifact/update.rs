//! `registryctl artifact update`.

use clap::Args;
use registry_client::pb;

use super::fields::Fields;
use crate::arguments::{self, DryRun};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which::{self, ArtifactName};

/// Writes the fields of an artifact that are said, and no others
///
/// Which file it is, its name and its checksum, never changes.
#[derive(Debug, Args)]
pub struct Update {
    /// Its id, RELEASE/FILE such as MODEL:1.2.0/weights.bin, or MODEL//FILE
    #[arg(value_parser = which::artifact)]
    artifact: ArtifactName,

    /// What kind of file it is
    #[arg(long = "type", value_name = "TYPE")]
    artifact_type: Option<String>,

    /// Where it is, if the registry does not hold it
    #[arg(long, value_name = "URI")]
    file_path: Option<String>,

    #[command(flatten)]
    fields: Fields,

    /// A field that is to be unset, by its name in the contract, for example uploaded_by; can be given several times, or with commas
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    clear: Vec<String>,

    /// Only if nobody has changed it since this etag was read
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Update {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { artifact, artifact_type, file_path, fields, clear, etag, dry_run } = self;
        let mut values = pb::Artifact { etag: etag.unwrap_or_default(), ..Default::default() };
        let mut mask: Vec<String> = fields.write(&mut values)?.into_iter().map(str::to_owned).collect();
        for (name, said, field) in
            [("artifact_type", artifact_type, &mut values.artifact_type), ("file_path", file_path, &mut values.file_path)]
        {
            if let Some(said) = said {
                *field = said;
                mask.push(name.to_owned());
            }
        }
        let mask = arguments::mask(mask, clear)?;
        let client = session.client().await?;
        let mut update = client.update_artifact_from(artifact.id(&client).await?, values, mask);
        if dry_run.dry_run {
            update = update.validate_only();
        }
        let artifact = update.send().await?;
        session.output.changed(&artifact)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

//! `registryctl deployment update`.

use clap::Args;
use registry_client::{DeploymentId, pb};

use super::fields::Fields;
use crate::arguments::{self, DryRun};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which;

/// Writes the fields of a deployment that are said, and no others
///
/// Where it is in its life is written by `start`, `running`, `stop`, `stopped`, `fail` and `terminate`.
#[derive(Debug, Args)]
pub struct Update {
    /// Its id
    #[arg(value_parser = which::id)]
    deployment: String,

    #[command(flatten)]
    fields: Fields,

    /// A field that is to be unset, by its name in the contract, for example cluster; can be given several times, or with commas
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
        let Self { deployment, fields, clear, etag, dry_run } = self;
        let mut values = pb::Deployment { etag: etag.unwrap_or_default(), ..Default::default() };
        let written = fields.write(&mut values)?.into_iter().map(str::to_owned).collect();
        let mask = arguments::mask(written, clear)?;
        let mut update = session.client().await?.update_deployment_from(DeploymentId::new(deployment), values, mask);
        if dry_run.dry_run {
            update = update.validate_only();
        }
        let deployment = update.send().await?;
        session.output.changed(&deployment)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

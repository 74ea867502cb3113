//! `registryctl release update`.

use clap::Args;
use registry_client::pb;

use super::fields::Fields;
use crate::arguments::{self, DryRun, ReleaseArgument};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Writes the fields of a release that are said, and no others
///
/// --label replaces all labels. What was built (version, quantization, platform, digest) stays as it is; a digest can be said once where there
/// was none. The state is changed by `promote`, `deprecate`, `archive` and `yank`.
#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    release: ReleaseArgument,

    #[command(flatten)]
    fields: Fields,

    /// A field that is to be unset, by its name in the contract, for example release_notes; can be given several times, or with commas
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
        let Self { release, fields, clear, etag, dry_run } = self;
        let mut values = pb::Release { etag: etag.unwrap_or_default(), ..Default::default() };
        let mask = fields.write(&mut values)?.into_iter().map(str::to_owned).collect();
        let mask = arguments::mask(mask, clear)?;
        let client = session.client().await?;
        let release = release.resolve(&client).await?;
        let mut update = client.update_release_from(&release, values, mask);
        if dry_run.dry_run {
            update = update.validate_only();
        }
        session.output.changed(&update.send().await?)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

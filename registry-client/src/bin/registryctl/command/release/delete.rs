//! `registryctl release delete`, and what comes after it: `undelete` and `purge`.

use clap::Args;
use registry_client::{Error, Release};

use crate::arguments::{DryRun, ReleaseArgument, Yes, described};
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Soft-deletes a release
///
/// It is hidden until it is purged, by somebody or, after a while, by the registry. Until then, `undelete` brings it back. One that is deployed is not
/// deleted.
#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    release: ReleaseArgument,

    /// Also delete the aliases that point to it
    #[arg(long)]
    force: bool,

    /// Be content if there is no such release
    #[arg(long)]
    allow_missing: bool,

    /// Only if nobody has changed it since this etag was read
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,

    #[command(flatten)]
    yes: Yes,
}

impl Delete {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { release, force, allow_missing, etag, dry_run, yes } = self;
        let client = session.client().await?;
        let release = match release.resolve(&client).await {
            Err(Failure::Registry(Error::NotFound(_))) if allow_missing => {
                session.output.say("there is no such release");
                return Ok(Exit::Done);
            }
            release => release?,
        };
        if !dry_run.dry_run {
            confirm(&question(&release, force), yes).await?;
        }
        let mut delete = client.delete_release(&release).etag(etag.unwrap_or_default());
        if force {
            delete = delete.force();
        }
        if allow_missing {
            delete = delete.allow_missing();
        }
        if dry_run.dry_run {
            delete = delete.validate_only();
        }
        if let Some(release) = delete.send().await? {
            session.output.changed(&release)?;
        }
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

/// With what goes with it.
fn question(release: &Release, force: bool) -> String {
    let (which, aliases) = (described(release), &release.aliases);
    if force && !aliases.is_empty() {
        return format!("Delete release {which} and its aliases {}?", aliases.join(", "));
    }
    format!("Delete release {which}?")
}

/// Brings a soft-deleted release back, without the aliases that were deleted with it
///
/// A version is enough if it has one build, deleted or not; otherwise, --quantization and --platform or the id say which.
#[derive(Debug, Args)]
pub struct Undelete {
    #[command(flatten)]
    release: ReleaseArgument,
}

impl Undelete {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let client = session.client().await?;
        let release = self.release.resolve_deleted(&client).await?;
        session.output.changed(&client.undelete_release(&release).send().await?)?;
        Ok(Exit::Done)
    }
}

/// Removes a soft-deleted release for good
///
/// A version is enough if it has one build, deleted or not; otherwise, --quantization and --platform or the id say which.
#[derive(Debug, Args)]
pub struct Purge {
    #[command(flatten)]
    release: ReleaseArgument,

    #[command(flatten)]
    yes: Yes,
}

impl Purge {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { release, yes } = self;
        let client = session.client().await?;
        let release = release.resolve_deleted(&client).await?;
        let which = described(&release);
        confirm(&format!("Remove release {which} with all that belongs to it, with no way back?"), yes).await?;
        let revision = client.purge_release(&release).send().await?;
        session.output.say(&format!("purged {which} at revision {revision}"));
        Ok(Exit::Done)
    }
}

//! `registryctl release deprecate`, `archive` and `yank`: steps from state to state.

use clap::Args;
use registry_client::{Client, Release, ReleaseState};

use crate::arguments::{DryRun, ReleaseArgument, Yes, described};
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Which release, and why.
#[derive(Debug, Args)]
pub struct Transition {
    #[command(flatten)]
    release: ReleaseArgument,

    /// Why; kept with the release
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Only if nobody has changed it since this etag was read
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,
}

/// Withdraws a release because it does harm, for good
///
/// Its state becomes YANKED: it cannot be deployed, started again, resolved or pointed to by an alias. There is no way back. Deployments that run go
/// on until somebody ends them.
#[derive(Debug, Args)]
pub struct Yank {
    #[command(flatten)]
    transition: Transition,

    #[command(flatten)]
    yes: Yes,
}

impl Transition {
    pub(super) async fn run(self, session: &Session, target: ReleaseState) -> Result<Exit, Failure> {
        let client = session.client().await?;
        let release = self.release.resolve(&client).await?;
        self.step(session, &client, &release, target).await
    }

    async fn step(self, session: &Session, client: &Client, release: &Release, target: ReleaseState) -> Result<Exit, Failure> {
        let Self { release: _, reason, etag, dry_run } = self;
        let mut step = client.transition_release(release, target).etag(etag.unwrap_or_default());
        if let Some(reason) = reason {
            step = step.reason(reason);
        }
        if dry_run.dry_run {
            step = step.validate_only();
        }
        session.output.changed(&step.send().await?)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

impl Yank {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { transition, yes } = self;
        let client = session.client().await?;
        let release = transition.release.resolve(&client).await?;
        if !transition.dry_run.dry_run {
            confirm(&format!("Withdraw release {} for good?", described(&release)), yes).await?;
        }
        transition.step(session, &client, &release, ReleaseState::Yanked).await
    }
}

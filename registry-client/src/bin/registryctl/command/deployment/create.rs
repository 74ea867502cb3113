//! `registryctl deployment create`.

use clap::Args;
use prost_types::Timestamp;
use registry_client::pb;

use super::fields::{Fields, Kind, State};
use crate::arguments::{DryRun, ReleaseArgument, time};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Records that a release runs somewhere, or is going to
///
/// The registry deploys nothing itself: whoever does tells it.
#[derive(Debug, Args)]
pub struct Create {
    #[command(flatten)]
    release: ReleaseArgument,

    /// Where it runs, for example production
    #[arg(short, long, value_name = "NAME")]
    environment: String,

    /// What looks after it
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,

    /// The state it begins in: pending, deploying or running
    #[arg(long, value_name = "STATE", default_value = "running")]
    state: State,

    /// When it was deployed, if that is a while ago
    #[arg(long, value_name = "TIME", value_parser = time)]
    deploy_time: Option<Timestamp>,

    #[command(flatten)]
    fields: Fields,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Create {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { release, environment, kind, state, deploy_time, fields, dry_run } = self;
        let mut deployment = pb::Deployment { environment, deploy_time, ..Default::default() };
        fields.write(&mut deployment)?;
        if let Some(kind) = kind {
            deployment.set_kind(kind.into());
        }
        let client = session.client().await?;
        let release = release.resolve(&client).await?;
        let mut create = client.create_deployment_from(&release, deployment).initial_state(state.into());
        if dry_run.dry_run {
            create = create.validate_only();
        }
        let deployment = create.send().await?;
        session.output.changed(&deployment)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

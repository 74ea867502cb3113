//! `registryctl model rename`.

use clap::Args;
use registry_client::ModelRef;

use crate::arguments::{self, DryRun};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Gives a model another name
///
/// Its id, releases, aliases and history stay, and the old name is free at once.
#[derive(Debug, Args)]
pub struct Rename {
    /// Its name, or id:UUID
    #[arg(value_parser = arguments::model)]
    model: ModelRef,

    /// The name that it gets
    new_name: String,

    /// Only if nobody has changed it since this etag was read
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Rename {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { model, new_name, etag, dry_run } = self;
        let mut rename = session.client().await?.rename_model(model, new_name).etag(etag.unwrap_or_default());
        if dry_run.dry_run {
            rename = rename.validate_only();
        }
        let model = rename.send().await?;
        session.output.changed(&model)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

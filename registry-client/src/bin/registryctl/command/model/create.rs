//! `registryctl model create`.

use clap::Args;
use registry_client::pb;

use super::fields::Fields;
use crate::arguments::DryRun;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Registers a model
#[derive(Debug, Args)]
pub struct Create {
    /// Its name, for example acme/llama-3-8b
    name: String,

    /// Where its files are: a URI of an object store, or an absolute path
    #[arg(long, value_name = "URI")]
    storage_path: String,

    #[command(flatten)]
    fields: Fields,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Create {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { name, storage_path, fields, dry_run } = self;
        let mut model = pb::Model { name, storage_path, ..Default::default() };
        fields.write(&mut model)?;
        let mut create = session.client().await?.create_model_from(model);
        if dry_run.dry_run {
            create = create.validate_only();
        }
        let model = create.send().await?;
        session.output.changed(&model)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

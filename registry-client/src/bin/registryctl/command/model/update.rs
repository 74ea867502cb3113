//! `registryctl model update`.

use clap::Args;
use registry_client::{ModelRef, pb};

use super::fields::Fields;
use crate::arguments::{self, DryRun};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Writes the fields of a model that are said, and no others
///
/// --tag and --label replace all tags and all labels.
#[derive(Debug, Args)]
pub struct Update {
    /// Its name, or id:UUID
    #[arg(value_parser = arguments::model)]
    model: ModelRef,

    /// Where its files are
    #[arg(long, value_name = "URI")]
    storage_path: Option<String>,

    #[command(flatten)]
    fields: Fields,

    /// A field that is to be unset, by its name in the contract, for example description; can be given several times, or with commas
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
        let Self { model, storage_path, fields, clear, etag, dry_run } = self;
        let mut values = pb::Model { etag: etag.unwrap_or_default(), ..Default::default() };
        let mut mask: Vec<String> = fields.write(&mut values)?.into_iter().map(str::to_owned).collect();
        if let Some(path) = storage_path {
            values.storage_path = path;
            mask.push("storage_path".to_owned());
        }
        let mask = arguments::mask(mask, clear)?;
        let mut update = session.client().await?.update_model_from(model, values, mask);
        if dry_run.dry_run {
            update = update.validate_only();
        }
        let model = update.send().await?;
        session.output.changed(&model)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

//! `registryctl model delete`, and what comes after it: `undelete` and `purge`.

use clap::Args;
use registry_client::{Client, Error, ModelRef};

use crate::arguments::{self, DryRun, Yes};
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Soft-deletes a model
///
/// It is hidden and keeps its name until it is purged, by somebody or, after a while, by the registry. Until then, `undelete` brings it back.
#[derive(Debug, Args)]
pub struct Delete {
    /// Its name, or id:UUID
    #[arg(value_parser = arguments::model)]
    model: ModelRef,

    /// Also delete its releases
    #[arg(long)]
    force: bool,

    /// Be content if there is no such model
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
        let Self { model, force, allow_missing, etag, dry_run, yes } = self;
        let client = session.client().await?;
        if !dry_run.dry_run && !yes.yes {
            match question(&client, &model, force).await {
                // The registry says the same of it when it is asked.
                Err(Failure::Registry(Error::NotFound(_))) => {}
                question => confirm(&question?, yes).await?,
            }
        }
        let mut delete = client.delete_model(model).etag(etag.unwrap_or_default());
        if force {
            delete = delete.force();
        }
        if allow_missing {
            delete = delete.allow_missing();
        }
        if dry_run.dry_run {
            delete = delete.validate_only();
        }
        let deleted = delete.send().await?;
        match &deleted.model {
            Some(model) => {
                session.output.changed(model)?;
                if deleted.deleted_release_count > 0 {
                    session.output.say(&format!("with {} releases", deleted.deleted_release_count));
                }
            }
            None => session.output.say("there is no such model"),
        }
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

/// With what goes with it.
async fn question(client: &Client, model: &ModelRef, force: bool) -> Result<String, Failure> {
    let model = client.get_model(model).send().await?;
    Ok(match model.release_count {
        Some(1) if force => format!("Delete model {} and its only release?", model.name),
        Some(count @ 2..) if force => format!("Delete model {} and its {count} releases?", model.name),
        _ => format!("Delete model {}?", model.name),
    })
}

/// Brings a soft-deleted model back, with what was deleted with it
#[derive(Debug, Args)]
pub struct Undelete {
    /// Its name, or id:UUID
    #[arg(value_parser = arguments::model)]
    model: ModelRef,
}

impl Undelete {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let model = session.client().await?.undelete_model(self.model).send().await?;
        session.output.changed(&model)?;
        Ok(Exit::Done)
    }
}

/// Removes a soft-deleted model for good, with all that belongs to it
#[derive(Debug, Args)]
pub struct Purge {
    /// Its name, or id:UUID
    #[arg(value_parser = arguments::model)]
    model: ModelRef,

    #[command(flatten)]
    yes: Yes,
}

impl Purge {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { model, yes } = self;
        confirm("Remove the model with all that belongs to it, with no way back?", yes).await?;
        let revision = session.client().await?.purge_model(model).send().await?;
        session.output.say(&format!("purged at revision {revision}"));
        Ok(Exit::Done)
    }
}

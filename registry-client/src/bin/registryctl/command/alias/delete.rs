//! `registryctl alias delete`.

use clap::Args;

use super::{AliasName, alias};
use crate::arguments::{Build, Yes, within};
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Deletes an alias
///
/// The release stays as it is, and so does the history of the alias.
#[derive(Debug, Args)]
pub struct Delete {
    /// The alias, for example llama-3-8b@canary
    #[arg(value_name = "MODEL@ALIAS", value_parser = alias)]
    alias: AliasName,

    /// Only if it points to this release: its version, @ALIAS or id:UUID
    #[arg(long, visible_alias = "from", value_name = "RELEASE")]
    expected: Option<String>,

    /// Be content if there is no such alias
    #[arg(long)]
    allow_missing: bool,

    #[command(flatten)]
    yes: Yes,
}

impl Delete {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { alias: AliasName { model, alias }, expected, allow_missing, yes } = self;
        let client = session.client().await?;
        confirm(&format!("Delete alias {alias} of {model}?"), yes).await?;
        let mut delete = client.delete_release_alias(&model, &alias);
        if let Some(expected) = expected {
            let expected = Build::default().resolve(&client, within(&model, &expected)?).await?;
            delete = delete.expected_release(&expected);
        }
        if allow_missing {
            delete = delete.allow_missing();
        }
        match delete.send().await? {
            Some(revision) => session.output.say(&format!("deleted {model}@{alias} at revision {revision}")),
            None => session.output.say("there is no such alias"),
        }
        Ok(Exit::Done)
    }
}

//! `registryctl keys update`.

use clap::Args;
use registry_client::{Client, UpdateApiKey};

use super::fields::{self, AllowedTo, Expiry};
use crate::arguments::DryRun;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Changes what a key may do, or until when
///
/// What is not said stays as it is. --prefix replaces all prefixes.
#[derive(Debug, Args)]
pub struct Update {
    /// Its name or its id
    key: String,

    /// What it may do
    #[arg(long, value_name = "ROLE")]
    role: Option<AllowedTo>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Only models whose name begins with this; can be given several times, or with commas
    #[arg(long = "prefix", value_name = "TEXT", value_delimiter = ',')]
    prefixes: Vec<String>,
    #[command(flatten)]
    expiry: Expiry,

    /// Unset the description
    #[arg(long, conflicts_with = "description")]
    clear_description: bool,
    /// Let it be used for ever
    #[arg(long, conflicts_with_all = ["expire_time", "expires_in"])]
    clear_expire_time: bool,
    /// Lift the limit to prefixes
    #[arg(long, conflicts_with = "prefixes")]
    clear_prefixes: bool,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Update {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        if self.says_nothing() {
            return Err(Failure::Usage("nothing is to be changed: say at least one field".to_owned()));
        }
        let dry_run = self.dry_run;
        let client = session.client().await?;
        let mut update = self.build(&client).await?;
        if dry_run.dry_run {
            update = update.validate_only();
        }
        let key = update.send().await?;
        session.output.changed(&key)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }

    fn says_nothing(&self) -> bool {
        let clears = self.clear_description || self.clear_expire_time || self.clear_prefixes;
        let sets = self.role.is_some() || self.description.is_some() || !self.prefixes.is_empty() || self.expiry.is_said();
        !clears && !sets
    }

    async fn build(self, client: &Client) -> Result<UpdateApiKey, Failure> {
        let mut update = client.update_api_key(fields::id(client, &self.key).await?);
        if let Some(role) = self.role {
            update = update.role(role.into());
        }
        if let Some(description) = self.description {
            update = update.description(description);
        }
        if self.clear_description {
            update = update.clear_description();
        }
        if let Some(time) = self.expiry.moment()? {
            update = update.expire_time(time);
        }
        if self.clear_expire_time {
            update = update.clear_expire_time();
        }
        if self.clear_prefixes || !self.prefixes.is_empty() {
            update = update.model_name_prefixes(self.prefixes);
        }
        Ok(update)
    }
}

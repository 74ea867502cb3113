//! `registryctl keys disable`, `enable` and `revoke`.

use clap::Args;

use super::fields;
use crate::arguments::{DryRun, Yes};
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// A key, and whether it can be used.
#[derive(Debug, Args)]
pub struct Transition {
    /// Its name or its id
    key: String,

    /// Only if nobody has changed it since this etag was read
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,
}

/// Where to.
#[derive(Debug, Clone, Copy)]
pub enum To {
    /// Off.
    Disabled,
    /// On.
    Enabled,
    /// Off for ever.
    Revoked,
}

impl Transition {
    pub(super) async fn run(self, to: To, session: &Session) -> Result<Exit, Failure> {
        let Self { key, etag, dry_run } = self;
        let client = session.client().await?;
        let id = fields::id(&client, &key).await?;
        let step = match to {
            To::Disabled => client.disable_api_key(id),
            To::Enabled => client.enable_api_key(id),
            To::Revoked => client.revoke_api_key(id),
        };
        let mut step = step.etag(etag.unwrap_or_default());
        if dry_run.dry_run {
            step = step.validate_only();
        }
        let key = step.send().await?;
        session.output.changed(&key)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}

/// Makes a key useless for ever
///
/// It is kept, with its name, so that the audit log stays readable.
#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    step: Transition,

    #[command(flatten)]
    yes: Yes,
}

impl Revoke {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { step, yes } = self;
        if !step.dry_run.dry_run {
            confirm(&format!("Revoke the key {} for ever?", step.key), yes).await?;
        }
        step.run(To::Revoked, session).await
    }
}

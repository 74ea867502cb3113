//! `registryctl keys rotate`.

use std::time::Duration;

use clap::Args;

use super::fields;
use super::secret::Destination;
use crate::arguments::Yes;
use crate::ask::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Gives a key a new secret
///
/// It is told once: --secret-file or --show-secret says where to. The one before it ends after --grace-period; without that it ends at once, and that
/// is asked for first.
#[derive(Debug, Args)]
pub struct Rotate {
    /// Its name or its id
    key: String,

    /// How long the secret before it goes on working, for example 1h; at most seven days
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    grace_period: Option<Duration>,

    #[command(flatten)]
    secret: Destination,

    #[command(flatten)]
    yes: Yes,
}

impl Rotate {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { key, grace_period, secret, yes } = self;
        let client = session.client().await?;
        let id = fields::id(&client, &key).await?;
        let ready = secret.prepare()?;
        if grace_period.is_none() {
            confirm(&format!("End the present secret of {key} at once?"), yes).await?;
        }
        let mut rotate = client.rotate_api_key(id);
        if let Some(period) = grace_period {
            rotate = rotate.grace_period(period);
        }
        ready.keep(&rotate.send().await?, session)?;
        Ok(Exit::Done)
    }
}

//! `registryctl keys create`.

use clap::Args;

use super::fields::{AllowedTo, Expiry};
use super::secret::Destination;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Creates an API key
///
/// Its secret is told once: --secret-file or --show-secret says where to. The name is taken for ever.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name, for example ci-release-bot
    name: String,

    /// What it may do
    #[arg(long, value_name = "ROLE", default_value = "viewer")]
    role: AllowedTo,

    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Only models whose name begins with this, and what belongs to them; can be given several times, or with commas. End it in `/` to name a namespace
    #[arg(long = "prefix", value_name = "TEXT", value_delimiter = ',')]
    prefixes: Vec<String>,

    #[command(flatten)]
    expiry: Expiry,

    #[command(flatten)]
    secret: Destination,
}

impl Create {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { name, role, description, prefixes, expiry, secret } = self;
        let client = session.client().await?;
        let ready = secret.prepare()?;
        let mut create = client.create_api_key(name).role(role.into()).model_name_prefixes(prefixes);
        if let Some(description) = description {
            create = create.description(description);
        }
        if let Some(time) = expiry.moment()? {
            create = create.expire_time(time);
        }
        ready.keep(&create.send().await?, session)?;
        Ok(Exit::Done)
    }
}

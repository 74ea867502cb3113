//! `registryctl keys get`.

use clap::Args;

use super::fields;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Prints all that is known of a key, but its secret: nobody can read that again
#[derive(Debug, Args)]
pub struct Get {
    /// Its name or its id
    key: String,
}

impl Get {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let client = session.client().await?;
        let key = client.get_api_key(fields::id(&client, &self.key).await?).send().await?;
        session.output.one(&key)?;
        Ok(Exit::Done)
    }
}

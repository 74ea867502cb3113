//! `registryctl alias get`.

use clap::Args;
use prost_types::Timestamp;
use registry_client::Client;

use super::{AliasName, alias};
use crate::arguments::time;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::session::Session;

/// Tells where an alias points, or pointed at an earlier time
#[derive(Debug, Args)]
pub struct Get {
    /// The alias, for example llama-3-8b@production
    #[arg(value_name = "MODEL@ALIAS", value_parser = alias)]
    alias: AliasName,

    /// Where it pointed at this time, for example 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
}

impl Get {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { alias, at } = self;
        let client: Client = session.client().await?;
        let mut resolve = client.resolve_release(&alias.model).alias(alias.alias);
        if let Some(at) = at {
            resolve = resolve.as_of_time(at);
        }
        let resolution = resolve.send_resolved().await?;
        let Some(found) = resolution.alias else {
            return Err(Failure::Refused("the registry has resolved something else than an alias".to_owned()));
        };
        session.output.one(&found)?;
        if session.output.format() == Format::Table {
            session.output.say(&format!("it is version {} ({})", resolution.release.version, resolution.release.platform));
        }
        Ok(Exit::Done)
    }
}

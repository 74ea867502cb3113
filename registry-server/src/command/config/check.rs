//! `registry-server config check`.

use super::AsServer;
use crate::command::say;
use crate::first_key::{self, FirstKey};
use crate::tls::Acceptor;
use clap::Args;

/// Checks what the server would be told, and starts nothing
///
/// Exits with 1 and a sentence if the server would not start; what it would start with and is probably not meant is a warning. Also reads the files of TLS, of the first key and of secrets. Connects to nothing: whether the database and the storage are there is
/// not looked at (`registry-server migrate check` does, for the database).
#[derive(Args)]
#[command(after_help = "Example:\n  registry-server config check --config registry.toml && systemctl restart registry-server")]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) server: AsServer,
}

impl Check {
    pub(super) fn run(&self) -> Result<(), String> {
        let config = &self.server.config;
        config.check()?;
        let target = config.place.target()?;
        let settings = config.settings()?;
        if let Some(files) = settings.tls {
            Acceptor::open(files).map_err(|error| error.to_string())?;
        }
        if let Some(FirstKey::File(path)) = &settings.first_key {
            // If the registry has keys already, nobody looks at it.
            if let Err(why) = first_key::check(path) {
                tracing::warn!("{why}: a registry without keys would not start with it");
            }
        }
        let (listen, storage) = (settings.listen, settings.storage);
        say(&format!("the configuration is good: {listen}, database {target}, storage {storage}"));
        Ok(())
    }
}

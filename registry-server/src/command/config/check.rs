//! `registry-server config check`.

use super::AsServer;
use crate::command::say;
use crate::config::Collector;
use crate::first_key::{self, FirstKey};
use crate::tls::Acceptor;
use clap::Args;

/// Checks what the server would be told, and starts nothing
///
/// Exits with 1 and a sentence if the server would not start. Also reads the files of TLS, of the first key and of secrets. Connects to nothing: whether the database and the storage are there is
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
        Collector::named()?;
        if let Some(files) = settings.tls {
            Acceptor::open(files).map_err(|error| error.to_string())?;
        }
        if let Some(FirstKey::File(path)) = &settings.first_key {
            first_key::check(path)?;
        }
        let (listen, storage) = (settings.listen, settings.storage);
        say(&format!("the configuration is good: {listen}, database {target}, storage {storage}"));
        Ok(())
    }
}

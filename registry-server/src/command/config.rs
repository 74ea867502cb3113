//! `registry-server config`: the file with settings, and what the server is told by it and everything else.
//!
//! May not: start or change anything but the file that `init` writes.

mod check;
mod init;
mod show;

use crate::config::{Config, Given, LogFlags};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Writes a file with settings, checks what the server is told, and shows it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Configuration {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "Examples:
  registry-server config init /etc/registry/registry.toml
  registry-server config check --config /etc/registry/registry.toml
  REGISTRY_CONFIG=/etc/registry/registry.toml registry-server config show

Flags win over the environment, the environment over the file, and the file over defaults. docs/CONFIGURATION.md has every setting.";

#[derive(Subcommand)]
enum What {
    Init(init::Init),
    Check(Box<check::Check>),
    Show(Box<show::Show>),
}

/// What the server would be told: the same flags, variables and file.
#[derive(Args)]
struct AsServer {
    #[command(flatten)]
    config: Config,
}

impl Configuration {
    /// What is logged.
    pub(super) const fn log(&self) -> Option<&LogFlags> {
        match &self.what {
            What::Init(_) => None,
            What::Check(check) => Some(&check.server.config.log),
            What::Show(show) => Some(&show.server.config.log),
        }
    }

    /// Whether it is about what a server would do.
    pub(super) const fn checks(&self) -> bool {
        match &self.what {
            What::Check(_) => true,
            What::Init(_) | What::Show(_) => false,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn run(&self, given: &[Given]) -> Result<ExitCode, String> {
        match &self.what {
            What::Init(init) => init.run()?,
            What::Check(check) => check.run()?,
            What::Show(show) => show.run(given)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

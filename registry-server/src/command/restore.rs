//! `registry-server restore`.

use crate::config::{LogFlags, Place};
use clap::Args;
use std::process::ExitCode;

/// Makes a registry of a backup
#[derive(Args)]
pub struct Restore {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) log: LogFlags,
}

impl Restore {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        Err(format!("not built: {:?}", self.place))
    }
}

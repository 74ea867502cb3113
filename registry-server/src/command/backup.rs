//! `registry-server backup`.

use crate::config::{LogFlags, Place};
use clap::Args;
use std::process::ExitCode;

/// Copies the database of a running server to a file
#[derive(Args)]
pub struct Backup {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) log: LogFlags,
}

impl Backup {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        Err(format!("not built: {:?}", self.place))
    }
}

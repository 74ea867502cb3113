//! `registry-server migrate`.

use crate::config::{LogFlags, Place};
use clap::Args;
use std::process::ExitCode;

/// Tells how the schema of a database is, and changes it
#[derive(Args)]
pub struct Migrate {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) log: LogFlags,
}

impl Migrate {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        Err(format!("not built: {:?}", self.place))
    }
}

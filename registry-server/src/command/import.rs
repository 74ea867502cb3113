//! `registry-server import`.

use crate::config::{LogFlags, Place};
use clap::Args;
use std::process::ExitCode;

/// Takes over what another system knows
#[derive(Args)]
pub struct Import {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) log: LogFlags,
}

impl Import {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        Err(format!("not built: {:?}", self.place))
    }
}

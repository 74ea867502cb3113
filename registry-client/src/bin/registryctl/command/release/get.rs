//! `registryctl release get`.

use clap::Args;

use crate::arguments::ReleaseArgument;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Prints all that is known of a release
///
/// By id it also finds one that is soft-deleted.
#[derive(Debug, Args)]
pub struct Get {
    #[command(flatten)]
    release: ReleaseArgument,
}

impl Get {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let release = self.release.resolve(&session.client().await?).await?;
        session.output.one(&release)?;
        Ok(Exit::Done)
    }
}

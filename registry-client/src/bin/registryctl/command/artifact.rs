//! `registryctl artifact`: a file for each verb.

mod delete;
mod download;
mod fields;
mod get;
mod list;
mod register;
mod update;
mod upload;
mod verify;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with artifacts.
#[derive(Debug, Subcommand)]
pub enum Artifact {
    Upload(upload::Upload),
    Register(register::Register),
    Download(download::Download),
    Verify(verify::Verify),
    Get(get::Get),
    List(list::List),
    Update(update::Update),
    Delete(delete::Delete),
}

impl Artifact {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Upload(upload) => upload.run(session).await,
            Self::Register(register) => register.run(session).await,
            Self::Download(download) => download.run(session).await,
            Self::Verify(verify) => verify.run(session).await,
            Self::Get(get) => get.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::Update(update) => update.run(session).await,
            Self::Delete(delete) => delete.run(session).await,
        }
    }
}

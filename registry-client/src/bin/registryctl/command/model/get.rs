//! `registryctl model get`.

use clap::Args;
use registry_client::ModelRef;

use crate::arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Prints all that is known of a model
#[derive(Debug, Args)]
pub struct Get {
    /// Its name, or id:UUID, which also finds a soft-deleted one
    #[arg(value_parser = arguments::model)]
    model: ModelRef,
}

impl Get {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let model = session.client().await?.get_model(self.model).send().await?;
        session.output.one(&model)?;
        Ok(Exit::Done)
    }
}

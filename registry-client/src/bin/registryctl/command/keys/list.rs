//! `registryctl keys list`.

use clap::{Args, ValueEnum};
use registry_client::ApiKeyState;

use crate::arguments::Limit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Lists keys by name
#[derive(Debug, Args)]
pub struct List {
    /// In one of these states. Without it, all but revoked ones
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',')]
    states: Vec<State>,
    #[command(flatten)]
    limit: Limit,
}

/// The states of the contract.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Can be used
    Active,
    /// Switched off
    Disabled,
    /// Its time is over
    Expired,
    /// Can never be used again
    Revoked,
}

impl From<State> for ApiKeyState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Disabled => Self::Disabled,
            State::Expired => Self::Expired,
            State::Revoked => Self::Revoked,
        }
    }
}

impl List {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { states, limit } = self;
        let list = session.client().await?.list_api_keys().states(states.into_iter().map(ApiKeyState::from));
        session.output.list(list.page_size(limit.page_size()).items(), limit).await?;
        Ok(Exit::Done)
    }
}

//! `registryctl keys`: a file for each verb, and one for all that changes whether a key can be used.

mod create;
mod fields;
mod get;
mod list;
mod rotate;
mod secret;
mod transition;
mod update;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    Create(create::Create),
    Get(get::Get),
    /// Prints the key that this program uses
    Whoami,
    List(list::List),
    Update(update::Update),
    Rotate(rotate::Rotate),
    /// Switches a key off, until it is enabled again
    Disable(transition::Transition),
    /// Switches a key on again that was disabled
    Enable(transition::Transition),
    Revoke(transition::Revoke),
}

impl Keys {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(session).await,
            Self::Get(get) => get.run(session).await,
            Self::Whoami => {
                session.output.one(&session.client().await?.get_caller_api_key().send().await?)?;
                Ok(Exit::Done)
            }
            Self::List(list) => list.run(session).await,
            Self::Update(update) => update.run(session).await,
            Self::Rotate(rotate) => rotate.run(session).await,
            Self::Disable(disable) => disable.run(transition::To::Disabled, session).await,
            Self::Enable(enable) => enable.run(transition::To::Enabled, session).await,
            Self::Revoke(revoke) => revoke.run(session).await,
        }
    }
}

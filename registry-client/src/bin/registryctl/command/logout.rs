//! `registryctl logout`: the credentials of a registry are forgotten.

use clap::Args;

use crate::context::Contexts;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Forgets a registry and its credentials
///
/// A key that was kept is gone from this machine, and goes on to be valid: `keys revoke` ends that.
#[derive(Debug, Args)]
pub struct Logout {
    /// The name that they are remembered under. Without this, those that are used at present
    name: Option<String>,
}

impl Logout {
    pub(super) fn run(self, session: &Session) -> Result<Exit, Failure> {
        let path = session.connection.config()?;
        let said = self.name.or_else(|| session.connection.context_name().map(str::to_owned));
        let name = Contexts::change(&path, |contexts| {
            let name = said.or_else(|| contexts.current.clone());
            let name = name.ok_or_else(|| Failure::Usage("nobody is logged in: say which context to forget".to_owned()))?;
            forget(contexts, &name).map(|()| name)
        })?;
        session.output.say(&format!("forgot `{name}`"));
        Ok(Exit::Done)
    }
}

/// What is not remembered cannot be used either.
pub(super) fn forget(contexts: &mut Contexts, name: &str) -> Result<(), Failure> {
    contexts.named(name)?;
    contexts.contexts.remove(name);
    if contexts.current.as_deref() == Some(name) {
        contexts.current = None;
    }
    Ok(())
}

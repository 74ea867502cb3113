//! What the registry says of itself.

use super::Registry;
use crate::domain::{Error, RegistryId, Revision, Scope, Timestamp};
use crate::store::{contents, events, state};
use std::time::Duration;
use tokio::time::timeout;

/// How long a read waits for a write that it is to see.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which registry this is, and how far it has come.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// Drawn once, when the database was created.
    pub registry_id: RegistryId,
    /// The newest revision.
    pub revision: Revision,
    /// The oldest revision that history can be read after.
    pub compacted_revision: Revision,
}

impl Registry {
    /// When the oldest event happened that is kept.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn oldest_event(&self) -> Result<Option<Timestamp>, Error> {
        events::oldest(&self.store.snapshot(&Scope::everything()).await?).await
    }

    /// How many bytes of artifacts are stored. Every artifact is looked at.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn stored_bytes(&self) -> Result<i64, Error> {
        contents::stored_bytes(&self.store.snapshot(&Scope::everything()).await?).await
    }

    /// Reads it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn info(&self) -> Result<Info, Error> {
        let state::State { registry_id, revision, compacted_revision } =
            state::get(&self.store.snapshot(&Scope::everything()).await?).await?;
        Ok(Info { registry_id, revision, compacted_revision })
    }

    /// Waits until what is read is at least as new as a revision.
    ///
    /// # Errors
    /// [`Error::Behind`] if it does not come in a while.
    pub async fn at_least(&self, wanted: Revision) -> Result<(), Error> {
        if self.store.head() >= wanted
            || self.store.current_revision(&self.store.snapshot(&Scope::everything()).await?).await? >= wanted
        {
            return Ok(());
        }
        let mut heads = self.store.heads();
        match timeout(PATIENCE, heads.wait_for(|head| *head >= wanted)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Error::Behind { wanted, current: self.store.head() }),
        }
    }
}

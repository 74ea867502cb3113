//! What the registry says of itself.

use super::Registry;
use crate::domain::{Error, RegistryId, Revision};
use crate::store::state;

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
    /// Reads it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn info(&self) -> Result<Info, Error> {
        let state::State { registry_id, revision, compacted_revision } = state::get(&self.store.snapshot().await?).await?;
        Ok(Info { registry_id, revision, compacted_revision })
    }
}

//! Use cases on the audit log. What succeeds is written by the store, with what it changes.

use super::Registry;
use crate::domain::audit::{AuditFilter, FailedCalls};
use crate::domain::page::{List, Page};
use crate::domain::{AuditEntryId, Error, Scope};
use crate::store::Tx;
use crate::store::audit::{self, Entry};
use std::sync::Arc;

/// Writes which calls failed. What was written by an earlier attempt stays as it is.
///
/// # Errors
/// Those of the database.
pub async fn record(tx: Tx, failed: Arc<Vec<(AuditEntryId, FailedCalls)>>) -> Result<(), Error> {
    audit::insert(&tx, &failed).await?;
    tx.keep();
    Ok(())
}

impl Registry {
    /// One page of entries, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_audit_entries(&self, list: &List<AuditFilter, ()>) -> Result<Page<Entry>, Error> {
        let snapshot = self.store.snapshot(&Scope::everything()).await?;
        let (rows, more) = audit::list(&snapshot, list).await?;
        let revision = self.revision_of(&snapshot, list.resume.as_ref()).await?;
        Ok(Page { rows, more, total: None, revision })
    }
}

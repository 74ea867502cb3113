//! API keys and entries of the audit log of another system.
//!
//! May not: see a secret. What is stored of one is its hash and the salt of that.

use super::{Member, Put};
use crate::domain::AuditEntryId;
use crate::domain::api_key::MAX_KEYS;
use crate::domain::error::{Error, Kind};
use crate::domain::import::{Fate, OnConflict};
use crate::store::api_keys::{self, ApiKey};
use crate::store::audit::{self, Entry};
use crate::store::{Tx, stored};
use std::collections::HashSet;
use std::sync::Arc;

/// Takes over API keys. One whose name another key has is left out, because nothing can stand for it: what is merged is what they
/// may open, and that is nobody's to decide here.
///
/// # Errors
/// [`Error::LimitExceeded`] if there would be too many.
pub async fn put_api_keys(tx: Tx, command: Arc<(Vec<Member<ApiKey>>, OnConflict)>) -> Result<Put, Error> {
    let (keys, on_conflict) = &*command;
    let here = stored::api_keys(&tx).await?;
    let mut names: HashSet<_> = here.values().cloned().collect();
    let mut fates = Vec::new();
    for member in keys {
        let fate = match names.contains(&member.row.name) {
            _ if here.contains_key(&member.row.id) => Fate::Unchanged,
            true => taken(&member.row, *on_conflict),
            false => Fate::Created,
        };
        if fate == Fate::Created {
            names.insert(member.row.name.clone());
            let key = ApiKey { revision: tx.revision(), ..member.row.clone() };
            api_keys::insert(&tx, &key).await?;
            api_keys::record(&tx, &key, &[]);
        }
        fates.push(fate);
    }
    let count = api_keys::count(&tx).await?;
    if count > MAX_KEYS {
        return Err(Error::LimitExceeded { subject: "API keys".to_owned(), limit: MAX_KEYS, actual: count });
    }
    Ok(Put { fates, changes: Vec::new() })
}

fn taken(key: &ApiKey, on_conflict: OnConflict) -> Fate {
    let error = Error::Exists { kind: Kind::ApiKey, name: key.name.to_string(), id: String::new(), deleted: false };
    match on_conflict {
        OnConflict::Fail => Fate::Failed(error.to_string()),
        OnConflict::Skip | OnConflict::Merge => Fate::Skipped(error.to_string()),
    }
}

/// Takes over entries of an audit log.
///
/// # Errors
/// Those of the database.
pub async fn put_audit_entries(tx: Tx, entries: Arc<Vec<Member<Entry>>>) -> Result<Put, Error> {
    let ids: Vec<AuditEntryId> = entries.iter().map(|entry| entry.row.id).collect();
    let here = stored::audit_entries(&tx, &ids).await?;
    let new = entries.iter().filter(|entry| !here.contains(&entry.row.id)).map(|entry| entry.row.clone()).collect::<Vec<_>>();
    if !new.is_empty() {
        audit::take_over(&tx, new).await?;
        tx.keep();
    }
    let fate = |entry: &Member<Entry>| if here.contains(&entry.row.id) { Fate::Unchanged } else { Fate::Created };
    Ok(Put { fates: entries.iter().map(fate).collect(), changes: Vec::new() })
}

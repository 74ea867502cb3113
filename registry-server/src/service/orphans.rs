//! Removing bytes that belong to nothing: what uploads left that were broken off, and what artifacts had that are purged.
//!
//! First the database says that nothing may refer to them any more, then they are removed, then the database forgets them. Every server
//! does it, and one that stops half way is followed by another: a key of the storage is never used twice, so that removing too late, or
//! twice, removes nothing else. May not: look into the storage for what the database does not know.

use super::Registry;
use super::uploads::of_storage;
use crate::domain::{ContentId, Context, Error, Scope, Timestamp, UploadId};
use crate::storage::ContentKey;
use crate::store::entity::upload;
use crate::store::{Tx, contents, uploads};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many are removed before it is looked again which there are.
const SOME: u64 = 100;
/// How many that cannot be removed end a round: the storage may not be there at all, and each attempt takes its time.
const STUCK: usize = 10;

impl Registry {
    /// Removes what is due; tells how many contents and leftovers there were. What cannot be removed now is left for the next time, and
    /// keeps nothing else from being removed.
    pub(super) async fn remove_orphans(&self, ctx: &Context) -> Result<u64, Error> {
        let (leftovers, contents) = (self.remove_leftovers(ctx).await, self.remove_contents(ctx).await);
        Ok(leftovers? + contents?)
    }

    async fn remove_leftovers(&self, ctx: &Context) -> Result<u64, Error> {
        let (mut removed, mut stuck) = (0, BTreeSet::new());
        loop {
            let dead = uploads::dead(&self.store.snapshot(&Scope::everything()).await?, ctx.now(), SOME).await?;
            let due: Vec<UploadId> = dead.into_iter().filter(|id| !stuck.contains(id)).collect();
            if due.is_empty() || stuck.len() >= STUCK {
                return Ok(removed);
            }
            for id in due {
                match self.clear_away(ctx, id, Some(ctx.now())).await {
                    Ok(true) => removed += 1,
                    Ok(false) => drop(stuck.replace(id)),
                    Err(error) => {
                        stuck.insert(id);
                        complain("what an upload left", &error);
                        self.run(ctx, id, postpone_upload).await?;
                    }
                }
            }
        }
    }

    /// Removes what an upload left, now or if it is due. Tells whether there was anything to look for.
    pub(super) async fn clear_away(&self, ctx: &Context, id: UploadId, due: Option<Timestamp>) -> Result<bool, Error> {
        // Of most uploads nothing is left: no write is made to find that out.
        if !uploads::is_known(&self.store.snapshot(&Scope::everything()).await?, id).await? {
            return Ok(false);
        }
        let Some(row) = self.run(ctx, (id, due), condemn_upload).await? else { return Ok(false) };
        let made = row.sha256.as_ref().map(|sha256| contents::key(id.uuid(), sha256)).transpose()?;
        self.storage.abandon(id.uuid(), row.ticket.as_deref(), made.as_ref()).await.map_err(of_storage)?;
        self.run(ctx, id, forget_upload).await?;
        Ok(true)
    }

    async fn remove_contents(&self, ctx: &Context) -> Result<u64, Error> {
        let before = ctx.now().before(self.retention.orphans);
        let (mut removed, mut stuck) = (0, BTreeSet::new());
        loop {
            let dead = contents::dead(&self.store.snapshot(&Scope::everything()).await?, before, SOME).await?;
            let due: Vec<ContentId> = dead.into_iter().filter(|id| !stuck.contains(id)).collect();
            if due.is_empty() || stuck.len() >= STUCK {
                return Ok(removed);
            }
            for id in due {
                match self.remove_content(ctx, id, before).await {
                    Ok(true) => removed += 1,
                    Ok(false) => drop(stuck.replace(id)),
                    Err(error) => {
                        stuck.insert(id);
                        complain("bytes that belong to nothing", &error);
                        self.run(ctx, id, postpone_content).await?;
                    }
                }
            }
        }
    }

    async fn remove_content(&self, ctx: &Context, id: ContentId, before: Timestamp) -> Result<bool, Error> {
        let Some(key) = self.run(ctx, (id, before), condemn_content).await? else { return Ok(false) };
        self.storage.remove(&key).await.map_err(of_storage)?;
        self.run(ctx, id, forget_content).await?;
        Ok(true)
    }
}

fn complain(what: &str, error: &Error) {
    tracing::warn!(error = %crate::chain::of(error), "could not remove {what}, will try again");
}

async fn postpone_upload(tx: Tx, id: Arc<UploadId>) -> Result<(), Error> {
    uploads::postpone(&tx, *id).await?;
    tx.keep();
    Ok(())
}

async fn postpone_content(tx: Tx, id: Arc<ContentId>) -> Result<(), Error> {
    contents::postpone(&tx, *id).await?;
    tx.keep();
    Ok(())
}

async fn condemn_upload(tx: Tx, command: Arc<(UploadId, Option<Timestamp>)>) -> Result<Option<upload::Model>, Error> {
    let (id, due) = *command;
    let condemned = uploads::condemn(&tx, id, due).await?;
    tx.keep();
    Ok(condemned)
}

async fn forget_upload(tx: Tx, id: Arc<UploadId>) -> Result<(), Error> {
    uploads::remove(&tx, *id).await?;
    tx.keep();
    Ok(())
}

async fn condemn_content(tx: Tx, command: Arc<(ContentId, Timestamp)>) -> Result<Option<ContentKey>, Error> {
    let (id, before) = *command;
    let condemned = contents::condemn(&tx, id, before).await?;
    tx.keep();
    Ok(condemned)
}

async fn forget_content(tx: Tx, id: Arc<ContentId>) -> Result<(), Error> {
    contents::remove(&tx, *id).await?;
    tx.keep();
    Ok(())
}

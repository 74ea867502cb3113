//! What the registry does by itself: purging what is due, forgetting answers, dropping old events and entries of the audit
//! log, noting when keys were used. Every server of a database does it, and each thing is done once, because it is a write
//! like any other.

use super::history::Compaction;
use super::{Registry, artifacts, history, keyring, models, releases};
use crate::domain::page::Cursor;
use crate::domain::{Caller, Context, Error, RequestId, Revision, Scope, Timestamp};
use crate::store::artifacts::removal as artifact_removal;
use crate::store::{Snapshot, Tx, answers, audit, events, imports, removal, state};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How many rows are removed by one write: others wait for it.
const CHUNK: u64 = 2000;
/// How many refusals of callers without credentials the audit log keeps. They cost nothing to make.
const STRANGERS: u64 = 10_000;
/// How long an import may pause before something is purged again: a parent that is due would be gone before its children come.
const IMPORTING: Duration = Duration::from_secs(60 * 60);
/// How many keys are noted by one write, a statement each.
const KEYS: usize = 200;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// How many models were purged.
    pub models: u64,
    /// How many releases were purged by themselves.
    pub releases: u64,
    /// How many artifacts were purged by themselves.
    pub artifacts: u64,
    /// How many answers were forgotten.
    pub answers: u64,
    /// How many events were removed.
    pub events: u64,
    /// How many entries of the audit log were removed.
    pub entries: u64,
    /// How many contents that belong to nothing were removed from the storage, and leftovers of uploads.
    pub orphans: u64,
    /// How much could not be done, and is tried again.
    pub failed: u64,
}

impl Registry {
    /// Does everything that is due. What fails keeps nothing else from being done, and is tried again the next time.
    pub async fn tidy(&self) -> Tidied {
        let ctx = self.context(Arc::new(Caller::registry()), RequestId::fresh());
        let mut failed = 0;
        self.note_used_keys(&ctx, &mut failed).await;
        Tidied {
            answers: told(&mut failed, "forget answers", self.forget_answers(&ctx).await),
            events: told(&mut failed, "drop old events", self.drop_events(&ctx).await),
            entries: told(&mut failed, "drop old entries of the audit log", self.drop_entries(&ctx).await),
            artifacts: self.purge_artifacts(&ctx, &mut failed).await,
            releases: self.purge_releases(&ctx, &mut failed).await,
            models: self.purge_models(&ctx, &mut failed).await,
            orphans: told(&mut failed, "remove bytes that belong to nothing", self.remove_orphans(&ctx).await),
            failed,
        }
    }

    /// Notes when keys were used, some at a time. What cannot be noted now is, the next time.
    async fn note_used_keys(&self, ctx: &Context, failed: &mut u64) {
        let mut used = self.keyring.take_used();
        while !used.is_empty() {
            let some: HashMap<_, _> = used.extract_if(|_, _| true).take(KEYS).collect();
            if let Err(error) = self.run(ctx, some.clone(), keyring::note_used).await {
                self.keyring.note(some.into_iter().chain(used));
                told(failed, "note when API keys were used", Err(error));
                return;
            }
        }
    }

    /// Notes what else would be forgotten with this process.
    pub async fn last_words(&self) {
        self.note_used_keys(&self.context(Arc::new(Caller::registry()), RequestId::fresh()), &mut 0).await;
    }

    /// What there is to purge; `None` while something is imported. What is not purged now is, the next time.
    async fn when_nobody_imports(&self, ctx: &Context) -> Result<Option<Snapshot>, Error> {
        let snapshot = self.store.snapshot(&Scope::everything()).await?;
        let importing = imports::any_since(&snapshot, ctx.now().before(IMPORTING)).await?;
        Ok((!importing).then_some(snapshot))
    }

    async fn purge_models(&self, ctx: &Context, failed: &mut u64) -> u64 {
        let due = async {
            let Some(snapshot) = self.when_nobody_imports(ctx).await? else { return Ok(Vec::new()) };
            crate::store::models::due(&snapshot, ctx.now()).await
        };
        let mut purged = 0;
        for id in due_or_told(failed, "purge models", due.await) {
            let done = self.run(ctx, id, models::purge_if_due).await.map(u64::from);
            purged += told(failed, &format!("purge model {id}"), done);
        }
        purged
    }

    async fn purge_releases(&self, ctx: &Context, failed: &mut u64) -> u64 {
        let due = async {
            let Some(snapshot) = self.when_nobody_imports(ctx).await? else { return Ok(Vec::new()) };
            removal::due(&snapshot, ctx.now()).await
        };
        let mut purged = 0;
        for id in due_or_told(failed, "purge releases", due.await) {
            let done = self.run(ctx, id, releases::purge_if_due).await.map(u64::from);
            purged += told(failed, &format!("purge release {id}"), done);
        }
        purged
    }

    async fn purge_artifacts(&self, ctx: &Context, failed: &mut u64) -> u64 {
        let due = async {
            let Some(snapshot) = self.when_nobody_imports(ctx).await? else { return Ok(Vec::new()) };
            artifact_removal::due(&snapshot, ctx.now()).await
        };
        let mut purged = 0;
        for id in due_or_told(failed, "purge artifacts", due.await) {
            let done = self.run(ctx, id, artifacts::purge_if_due).await.map(u64::from);
            purged += told(failed, &format!("purge artifact {id}"), done);
        }
        purged
    }

    async fn forget_answers(&self, ctx: &Context) -> Result<u64, Error> {
        let before = ctx.now().before(self.retention.answers);
        let mut forgotten = 0;
        while answers::any_before(&self.store.snapshot(&Scope::everything()).await?, before).await? {
            forgotten += self.run(ctx, before, forget).await?;
        }
        Ok(forgotten)
    }

    /// Removes entries of the audit log that are older than its retention, and those of strangers that are too many.
    async fn drop_entries(&self, ctx: &Context) -> Result<u64, Error> {
        let before = ctx.now().before(self.retention.audit);
        let mut dropped = 0;
        while audit::any_before(&self.store.snapshot(&Scope::everything()).await?, before).await? {
            dropped += self.run(ctx, before, drop_old).await?;
        }
        while let Some(last) = audit::last_of_too_many(&self.store.snapshot(&Scope::everything()).await?, STRANGERS).await? {
            dropped += self.run(ctx, last, drop_strangers).await?;
        }
        Ok(dropped)
    }

    /// Takes out of history what is older than its retention, and removes what was taken out of it.
    async fn drop_events(&self, ctx: &Context) -> Result<u64, Error> {
        let before = ctx.now().before(self.retention.events);
        while let Some(through) = self.old_events(before).await? {
            self.run(ctx, through, history::compact).await?;
        }
        self.remove_compacted(ctx).await
    }

    async fn old_events(&self, before: Timestamp) -> Result<Option<Revision>, Error> {
        let snapshot = self.store.snapshot(&Scope::everything()).await?;
        let compacted = state::get(&snapshot).await?.compacted_revision;
        events::old_after(&snapshot, compacted, before, CHUNK).await
    }

    /// Takes the events up to a revision out of history: nobody is given them any more. They are removed with the next
    /// round of housekeeping, which is at once.
    ///
    /// # Errors
    /// [`Error::InFuture`].
    pub async fn compact_events(&self, ctx: &Context, through: Revision) -> Result<Compaction, Error> {
        let compaction = self.run(ctx, through, history::compact).await?;
        self.untidy.notify_one();
        Ok(compaction)
    }

    /// Waits until there is something to tidy that cannot wait for the next round.
    pub async fn is_untidy(&self) {
        self.untidy.notified().await;
    }

    async fn remove_compacted(&self, ctx: &Context) -> Result<u64, Error> {
        let mut removed = 0;
        while self.any_compacted().await? {
            removed += self.run(ctx, CHUNK, history::remove_compacted).await?;
        }
        Ok(removed)
    }

    async fn any_compacted(&self) -> Result<bool, Error> {
        let snapshot = self.store.snapshot(&Scope::everything()).await?;
        let compacted = state::get(&snapshot).await?.compacted_revision;
        events::any_through(&snapshot, compacted).await
    }
}

/// How much was done; what could not be done is told to the operator.
fn told(failed: &mut u64, what: &str, done: Result<u64, Error>) -> u64 {
    done.unwrap_or_else(|error| {
        *failed = failed.saturating_add(1);
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(%error, cause, "could not {what}, will try again");
        0
    })
}

/// What is due; nothing, and the operator is told, if that cannot be found out.
fn due_or_told<T>(failed: &mut u64, what: &str, due: Result<Vec<T>, Error>) -> Vec<T> {
    due.unwrap_or_else(|error| {
        told(failed, what, Err(error));
        Vec::new()
    })
}

async fn drop_old(tx: Tx, before: Arc<Timestamp>) -> Result<u64, Error> {
    let count = audit::drop_before(&tx, *before, CHUNK).await?;
    tx.keep();
    Ok(count)
}

async fn drop_strangers(tx: Tx, last: Arc<Cursor>) -> Result<u64, Error> {
    let count = audit::drop_refusals(&tx, &last, CHUNK).await?;
    tx.keep();
    Ok(count)
}

async fn forget(tx: Tx, before: Arc<Timestamp>) -> Result<u64, Error> {
    let count = answers::forget(&tx, *before, CHUNK).await?;
    tx.keep();
    Ok(count)
}

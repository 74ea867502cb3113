//! Imports: a run of items at a time, each in one write, so that what was acknowledged is stored and nothing is stored twice.
//!
//! Who writes is alone, so what an item would meet can be looked up for the whole run and decided item by item, before the first row is
//! written: an item that fails leaves no trace, and the others need no savepoint.

mod aliases;
mod artifacts;
mod contents;
mod deployments;
mod entries;
mod models;
mod plan;
mod releases;

use self::plan::{Change, Plan};
use super::Registry;
use crate::domain::content::ContentState;
use crate::domain::event::EventType;
use crate::domain::transfer::{ImportOptions, Skipped};
use crate::domain::{Context, Error, Refused, Revision};
use crate::storage::StorageError;
use crate::store::entity::content;
use crate::store::imports::{self, Import};
use crate::store::transfers::known::Known;
use crate::store::transfers::{Incoming, Item, put};
use crate::store::{Source, Subject, Tx, contents as stored, state};
use futures::FutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;
use std::sync::Arc;

/// How many bytes are looked for at once.
const LOOKS: usize = 16;

/// How far an import has come.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// Every item up to this one is done.
    pub acknowledged: i64,
    /// How many of them have failed.
    pub failed: i64,
    /// Whether what comes keeps the revisions that it had.
    pub keeps_revisions: bool,
}

/// A run of items.
#[derive(Debug)]
pub struct Run {
    /// How they are imported.
    pub options: Arc<ImportOptions>,
    /// The number of the first.
    pub first: i64,
    /// The number of the last.
    pub last: i64,
    /// Those that can be read, with their numbers.
    pub items: Vec<(i64, Incoming)>,
    /// The numbers of those that cannot, and have failed.
    pub unread: Vec<i64>,
}

/// What has become of a run.
#[derive(Debug, Default)]
pub struct Taken {
    /// Items up to this one were done before.
    pub before: i64,
    /// How many have failed by now, of all that are acknowledged.
    pub failed_in_all: i64,
    /// How many were created.
    pub created: i64,
    /// How many were written over what was stored.
    pub replaced: i64,
    /// Which were skipped.
    pub skipped: Vec<(i64, Skipped)>,
    /// Which failed.
    pub failed: Vec<(i64, Error)>,
    /// With which revision they were stored, if anything was.
    pub revision: Option<Revision>,
}

/// Begins an import, or finds out how far it has come.
///
/// # Errors
/// [`Error::ImportChanged`].
pub async fn begin(tx: Tx, options: Arc<ImportOptions>) -> Result<Begun, Error> {
    if let Some(import) = begun(&tx, &options).await? {
        let keeps_revisions = import.keeps_revisions || may_keep(&tx, &options, &import).await?.is_some();
        let Import { acknowledged_sequence: acknowledged, failed_count: failed, .. } = import;
        return Ok(Begun { acknowledged, failed, keeps_revisions });
    }
    let now = tx.ctx().now();
    let import = Import {
        id: options.id,
        options_hash: options.hash.clone(),
        acknowledged_sequence: 0,
        failed_count: 0,
        keeps_revisions: false,
        create_time: now,
        update_time: now,
    };
    let keeps_revisions = may_keep(&tx, &options, &import).await?.is_some();
    imports::insert(&tx, import).await?;
    tx.keep();
    Ok(Begun { acknowledged: 0, failed: 0, keeps_revisions })
}

async fn begun(source: &impl Source, options: &ImportOptions) -> Result<Option<Import>, Error> {
    match imports::get(source, options.id).await? {
        Some(Import { id, options_hash, .. }) if options_hash != options.hash => Err(Error::ImportChanged { id }),
        import => Ok(import),
    }
}

/// From where the registry would go on counting, if this import has brought nothing yet, nor has anybody else.
async fn may_keep(source: &impl Source, options: &ImportOptions, import: &Import) -> Result<Option<Revision>, Error> {
    match options.source_revision.filter(|_| options.preserve_identity && import.acknowledged_sequence == 0) {
        Some(revision) if imports::nothing_is_stored(source).await? => Ok(Some(revision)),
        Some(_) | None => Ok(None),
    }
}

/// Decides, when the first items are here and before they are stored, whether what comes keeps its revisions: it does if it comes to
/// a registry that never held anything, which goes on counting from there. Whoever only says that something will come moves no
/// counter.
///
/// # Errors
/// [`Error::ImportChanged`].
pub async fn settle(tx: Tx, options: Arc<ImportOptions>) -> Result<bool, Error> {
    let import = begun(&tx, &options).await?.ok_or_else(|| Error::bug("an import was never begun"))?;
    let Some(source_revision) = may_keep(&tx, &options, &import).await?.filter(|_| !import.keeps_revisions) else {
        return Ok(import.keeps_revisions);
    };
    let counter = source_revision.max(tx.revision().previous());
    state::compact(&tx, counter).await?;
    tx.count_from(counter);
    imports::keep_revisions(&tx, import.id).await?;
    Ok(true)
}

/// Takes a run of items, and acknowledges it. Those that were acknowledged before are passed over.
///
/// # Errors
/// [`Error::Invalid`] if there is a gap before the first; those of the database. Items fail by themselves.
pub async fn take(tx: Tx, run: Arc<Run>) -> Result<Taken, Error> {
    let Run { options, first, last, items, unread } = &*run;
    let import = imports::get(&tx, options.id).await?.ok_or_else(|| Error::bug("an import was never begun"))?;
    let before = import.acknowledged_sequence;
    no_gap(*first, before)?;
    let mut plan = Plan::new(tx.ctx(), options, import.keeps_revisions, tx.revision());
    plan.learn(&tx, items).await?;
    let mut taken = decide(&mut plan, items, before);
    taken.failed_in_all = import.failed_count;
    if *last <= before || (options.fail_fast && !taken.failed.is_empty()) {
        return Ok(taken);
    }
    let Plan { rows, changes, ids, .. } = plan;
    put::all(&tx, rows).await?;
    record(&tx, &changes, put::written(&tx, &ids).await?)?;
    let failed = count(taken.failed.len() + unread.iter().filter(|sequence| **sequence > before).count());
    imports::acknowledge(&tx, options.id, *last, failed).await?;
    taken.failed_in_all = import.failed_count.saturating_add(failed);
    tx.keep();
    taken.revision = (!changes.is_empty()).then(|| tx.revision());
    Ok(taken)
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn no_gap(first: i64, acknowledged: i64) -> Result<(), Error> {
    if first <= acknowledged.saturating_add(1) {
        return Ok(());
    }
    let why = format!("leaves a gap: the last item that was acknowledged is {acknowledged}");
    Err(Error::invalid(Refused::new("SEQUENCE_GAP", why).at("items.first_sequence")))
}

fn decide(plan: &mut Plan, items: &[(i64, Incoming)], before: i64) -> Taken {
    let mut taken = Taken { before, ..Taken::default() };
    for (sequence, item) in items.iter().filter(|(sequence, _)| *sequence > before) {
        match plan.item(item.clone()) {
            Ok(plan::Done::Created) => taken.created += 1,
            Ok(plan::Done::Replaced) => taken.replaced += 1,
            Ok(plan::Done::Skipped(why)) => taken.skipped.push((*sequence, why)),
            Err(why) => taken.failed.push((*sequence, why)),
        }
    }
    taken
}

/// Records what was written, in the order in which it came.
fn record(tx: &Tx, changes: &[(Change, EventType)], written: Vec<Item>) -> Result<(), Error> {
    let written: HashMap<Change, Item> = written.into_iter().filter_map(|item| Some((Change::of(&item)?, item))).collect();
    for (change, event_type) in changes {
        let subject: Subject<'_> = match written.get(change) {
            Some(Item::Model(model)) => (&**model).into(),
            Some(Item::Release(release)) => (&**release).into(),
            Some(Item::Alias(alias)) => (&**alias).into(),
            Some(Item::Artifact(artifact)) => (&**artifact).into(),
            Some(Item::Deployment(deployment)) => (&**deployment).into(),
            Some(Item::AliasMove(_) | Item::Content(_) | Item::AuditEntry(_)) | None => {
                return Err(Error::bug("what was imported is not there"));
            }
        };
        tx.record(*event_type, subject, &[]);
    }
    Ok(())
}

/// What would come of an import that only validates: what would be there is remembered for the items that follow.
#[derive(Debug, Default)]
pub struct Rehearsal(Known);

impl Registry {
    /// Begins an import: see [`begin`]. One that only validates is not begun.
    ///
    /// # Errors
    /// Those of [`begin`] and of the database.
    pub async fn begin_import(&self, ctx: &Context, options: &ImportOptions) -> Result<Begun, Error> {
        if !options.validate_only {
            return self.run(ctx, options.clone(), begin).await;
        }
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let moved = options.preserve_identity && options.source_revision.is_some();
        let keeps_revisions = moved && imports::nothing_is_stored(&snapshot).await?;
        Ok(Begun { acknowledged: 0, failed: 0, keeps_revisions })
    }

    /// Whether what comes keeps its revisions: see [`settle`].
    ///
    /// # Errors
    /// Those of [`settle`] and of the database.
    pub async fn settle_import(&self, ctx: &Context, options: &ImportOptions) -> Result<bool, Error> {
        self.run(ctx, options.clone(), settle).await
    }

    /// Takes a run of items: see [`take`].
    ///
    /// # Errors
    /// Those of [`take`] and of the database.
    pub async fn take_items(&self, ctx: &Context, mut run: Run) -> Result<Taken, Error> {
        self.look_for_contents(&mut run.items).await?;
        self.run(ctx, run, take).await
    }

    /// Finds out what would come of a run of items, and writes nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rehearse_items(
        &self,
        ctx: &Context,
        (mut run, begun): (Run, Begun),
        rehearsal: &mut Rehearsal,
    ) -> Result<Taken, Error> {
        self.look_for_contents(&mut run.items).await?;
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let next = self.store.current_revision(&snapshot).await?.next();
        let mut plan = Plan::new(ctx, &run.options, begun.keeps_revisions, next);
        plan.known = std::mem::take(&mut rehearsal.0);
        plan.learn(&snapshot, &run.items).await?;
        let mut taken = decide(&mut plan, &run.items, begun.acknowledged);
        taken.failed_in_all = begun.failed.saturating_add(count(taken.failed.len() + run.unread.len()));
        rehearsal.0 = plan.known;
        Ok(taken)
    }

    /// Which of the bytes that are told of are in the storage of this server. Those that are not may come later.
    async fn look_for_contents(&self, items: &mut [(i64, Incoming)]) -> Result<(), Error> {
        let mut looks = Vec::new();
        for (_, item) in items {
            let Incoming::Content(row) = item else { continue };
            looks.push(self.look_for(row).boxed());
        }
        stream::iter(looks).buffer_unordered(LOOKS).try_collect().await
    }

    async fn look_for(&self, row: &mut content::Model) -> Result<(), Error> {
        let (key, size) = (stored::key(row.id.uuid(), &row.sha256)?, row.size_bytes.unsigned_abs());
        // From the end: that asks for nothing but how large it is.
        match self.storage.read(&key, size, size).await {
            Ok(_) => row.state = ContentState::Stored,
            Err(StorageError::Missing | StorageError::Damaged(_)) => row.state = ContentState::Lost,
            Err(error) => return Err(super::uploads::of_storage(error)),
        }
        Ok(())
    }
}

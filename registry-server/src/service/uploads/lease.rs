//! What an upload has of the database: a row that says what may lie in the storage, for how long it is alive, and how much of the
//! quota it takes. May not: touch the storage.

use crate::domain::{Error, UploadId};
use crate::service::Registry;
use crate::store::entity::upload;
use crate::store::uploads::{self, Renewal};
use crate::store::{Source, Tx, contents};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

/// The least time between two words that an upload is alive.
const LEAST: Duration = Duration::from_millis(100);

/// Room for the bytes of an upload, within what there may be in all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) id: UploadId,
    pub(super) bytes: u64,
    pub(super) total: u64,
}

impl Room {
    /// Nothing, if there is no limit.
    pub(super) fn of(registry: &Registry, id: UploadId, bytes: u64) -> Option<Self> {
        registry.quota.total.map(|total| Self { id, bytes, total })
    }

    pub(super) async fn is_there(&self, source: &impl Source) -> Result<(), Error> {
        let Self { id, bytes, total } = *self;
        let taken = contents::stored_bytes(source).await?.saturating_add(uploads::reserved_by_others(source, id).await?);
        let wanted = u64::try_from(taken).unwrap_or(0).saturating_add(bytes);
        if wanted > total { Err(Error::QuotaExceeded { limit: total }) } else { Ok(()) }
    }
}

/// Writes an upload down, if there is room for it.
pub(super) async fn begin(tx: Tx, command: Arc<(upload::Model, Option<Room>)>) -> Result<(), Error> {
    let (row, room) = &*command;
    if let Some(room) = room {
        room.is_there(&tx).await?;
    }
    let (lease_time, create_time) = (tx.ctx().orphan_time(), tx.ctx().now());
    uploads::insert(&tx, upload::Model { lease_time, create_time, ..row.clone() }).await?;
    tx.keep();
    Ok(())
}

/// Notes what is new of it, if there is room for more.
pub(super) async fn renew(tx: Tx, command: Arc<(Renewal, Option<Room>)>) -> Result<(), Error> {
    let (renewal, room) = &*command;
    if let Some(room) = room {
        room.is_there(&tx).await?;
    }
    if !uploads::renew(&tx, renewal, tx.ctx().orphan_time()).await? {
        return Err(Error::UploadForgotten);
    }
    tx.keep();
    Ok(())
}

async fn keep(tx: Tx, id: Arc<UploadId>) -> Result<(), Error> {
    uploads::keep_alive(&tx, *id, tx.ctx().orphan_time()).await?;
    tx.keep();
    Ok(())
}

/// Says now and then that an upload is alive, however long its bytes take.
pub(super) fn kept(registry: Registry, ctx: crate::domain::Context, id: UploadId) -> AbortOnDropHandle<()> {
    let every = (registry.retention.orphans / 3).max(LEAST);
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut tick = interval(every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick.tick().await; // the first one is at once
        loop {
            tick.tick().await;
            if let Err(error) = registry.run(&ctx, id, keep).await {
                tracing::warn!(%error, upload = %id, "could not say that an upload is alive");
            }
        }
    }))
}

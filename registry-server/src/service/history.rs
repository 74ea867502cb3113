//! The history of changes: reading it in order, and dropping what is too old.

use super::Registry;
use crate::domain::event::EventFilter;
use crate::domain::{Error, Revision, Scope};
use crate::store::entity::event;
use crate::store::events::{self, Place};
use crate::store::{Tx, state};
use std::sync::Arc;

/// How many revisions are looked through at once for events that meet a filter.
const WINDOW: i64 = 10_000;
/// How many events are read at once with their pictures, of which the largest have half a megabyte.
pub const FEW: u64 = 32;
/// How many bytes of pictures are more than an answer has room for.
const ROOM: usize = 2 * 1024 * 1024;

/// What a reader of history wants to see.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which models there are for him.
    pub scope: Scope,
    /// Which events.
    pub filter: EventFilter,
    /// With the resources as they were.
    pub pictures: bool,
}

/// Some events, and how far they reach.
#[derive(Debug)]
pub struct Events {
    /// In order. Each says whether it is the last of its revision that the reader is given.
    pub rows: Vec<event::Model>,
    /// Everything up to this place is among the rows, or is not for the reader.
    pub through: Place,
    /// The newest revision when they were read.
    pub current: Revision,
}

/// Where a reader of history begins.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Behind this revision.
    pub after: Revision,
    /// The newest revision.
    pub current: Revision,
    /// The oldest revision one can begin behind.
    pub compacted: Revision,
}

impl Registry {
    /// Where a reader begins who asks for what is behind `after`: `None` is the newest revision, and zero the oldest
    /// one that is kept.
    ///
    /// # Errors
    /// [`Error::Compacted`], [`Error::InFuture`].
    pub async fn start_of(&self, after: Option<Revision>) -> Result<Start, Error> {
        let state::State { registry_id: _, revision: current, compacted_revision: compacted } =
            state::get(&self.store.snapshot(&Scope::everything()).await?).await?;
        let after = match after {
            None => current,
            Some(Revision::ZERO) => compacted,
            Some(after) => after,
        };
        if after < compacted {
            return Err(Error::Compacted { after, compacted, current });
        }
        if after > current {
            return Err(Error::InFuture { after, current });
        }
        Ok(Start { after, current, compacted })
    }

    /// Reads up to `limit` events behind a place, of a limited number of revisions: `through` says how far it came.
    ///
    /// # Errors
    /// [`Error::Compacted`] if what comes next is gone.
    pub async fn events_after(&self, place: Place, wanted: &Wanted, limit: u64) -> Result<Events, Error> {
        let end = Revision::new(place.revision.number().saturating_add(WINDOW));
        self.events_between(place, end, wanted, limit).await
    }

    /// Reads up to `limit` events behind a place and up to the end of a revision.
    async fn events_between(&self, place: Place, end: Revision, wanted: &Wanted, limit: u64) -> Result<Events, Error> {
        let Wanted { scope, filter, pictures } = wanted;
        let snapshot = self.store.snapshot(scope).await?;
        let state::State { registry_id: _, revision: current, compacted_revision: compacted } = state::get(&snapshot).await?;
        // A place within a revision that is gone has lost the rest of it.
        if place.complete() < compacted {
            return Err(Error::Compacted { after: place.complete(), compacted, current });
        }
        if place.complete() > current {
            return Err(Error::InFuture { after: place.complete(), current });
        }
        let end = end.min(current);
        let rows = events::after(&snapshot, place, end, filter, limit.saturating_add(1), *pictures).await?;
        Ok(Events { current, ..up_to(limit, rows, end) })
    }

    /// Reads a page of whole revisions: about `limit` events, and more if the first revision alone has more.
    ///
    /// # Errors
    /// Those of [`start_of`](Self::start_of).
    pub async fn events_page(&self, after: Revision, wanted: &Wanted, limit: u64) -> Result<Events, Error> {
        let start = Place::end_of(self.start_of(Some(after)).await?.after);
        let mut page = self.some_events(start, wanted, limit).await?;
        let whole = page.through.complete();
        if let Some(first) = page.rows.first().map(|first| first.revision).filter(|first| *first > whole) {
            return self.events_between(start, first, wanted, u64::from(u32::MAX)).await;
        }
        page.rows.retain(|row| row.revision <= whole);
        Ok(Events { through: Place::end_of(whole), ..page })
    }
}

impl Registry {
    /// Reads up to `limit` events behind a place. With their pictures they can be large: then a few at a time, until
    /// there are as many as an answer has room for.
    async fn some_events(&self, place: Place, wanted: &Wanted, limit: u64) -> Result<Events, Error> {
        let few = if wanted.pictures { FEW.min(limit) } else { limit };
        let mut page = self.events_after(place, wanted, few).await?;
        let (mut read, mut bytes) = (few, size(&page.rows));
        while read < limit && bytes < ROOM && page.through.complete() < page.current {
            let next = self.events_after(page.through, wanted, FEW.min(limit - read)).await?;
            (read, bytes) = (read + FEW, bytes + size(&next.rows));
            page.rows.extend(next.rows);
            page.through = next.through;
        }
        Ok(page)
    }
}

/// How many bytes the pictures have.
fn size(rows: &[event::Model]) -> usize {
    rows.iter().filter_map(|row| row.resource.as_ref()).map(Vec::len).sum()
}

/// The first `limit` of the rows that were read up to the end of a revision, of which there is one more if there are more.
fn up_to(limit: u64, mut rows: Vec<event::Model>, end: Revision) -> Events {
    let next = rows.iter().skip(1).map(|row| Some(row.revision)).chain([None]).collect::<Vec<_>>();
    for (row, next) in rows.iter_mut().zip(next) {
        row.last_in_revision = next != Some(row.revision);
    }
    let full = u64::try_from(rows.len()).is_ok_and(|count| count > limit);
    if full {
        rows.pop();
    }
    let through = rows.last().filter(|_| full).map_or(Place::end_of(end), Place::after);
    Events { rows, through, current: end }
}

/// What a compaction came to.
#[derive(Debug, Clone, Copy)]
pub struct Compaction {
    /// The oldest revision one can now begin behind.
    pub compacted: Revision,
    /// How many events it drops.
    pub dropped: u64,
}

/// Takes the events up to a revision out of history. They are removed afterwards, a few at a time
/// ([`remove_compacted`]), so that nobody waits for it; nobody is given them from now on.
///
/// # Errors
/// [`Error::InFuture`].
pub async fn compact(tx: Tx, through: Arc<Revision>) -> Result<Compaction, Error> {
    let state::State { registry_id: _, revision: current, compacted_revision: compacted } = state::get(&tx).await?;
    if *through > current {
        return Err(Error::InFuture { after: *through, current });
    }
    if *through <= compacted {
        return Ok(Compaction { compacted, dropped: 0 });
    }
    let dropped = events::count(&tx, compacted, *through).await?;
    state::compact(&tx, *through).await?;
    tx.keep();
    Ok(Compaction { compacted: *through, dropped })
}

/// Removes up to that many events that were taken out of history; tells how many.
///
/// # Errors
/// Those of the database.
pub async fn remove_compacted(tx: Tx, limit: Arc<u64>) -> Result<u64, Error> {
    let compacted_revision = state::get(&tx).await?.compacted_revision;
    let removed = events::remove(&tx, compacted_revision, *limit).await?;
    tx.keep();
    Ok(removed)
}

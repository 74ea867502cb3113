//! Exports: everything as of one moment, a page at a time, in an order that depends on nothing but the content.
//!
//! Whoever has an [`Exporting`] holds a snapshot of the database, which cannot clean up meanwhile: not for longer than somebody
//! takes what comes.

use super::Registry;
use crate::domain::transfer::{Key, Place, Section, Wanted};
use crate::domain::{Context, Error, ReleaseId, Revision};
use crate::store::transfers::{Item, export};
use crate::store::{Snapshot, Tx, state};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many items are read at once. Those with labels, or with digests of bytes, can be as large as a message.
const fn page_size(section: Section) -> u64 {
    match section {
        Section::Models | Section::Releases | Section::DerivedReleases | Section::Contents => 8,
        Section::Aliases | Section::AliasMoves | Section::Artifacts | Section::Deployments | Section::AuditEntries => 64,
    }
}

/// An export under way.
#[derive(Debug)]
pub struct Exporting {
    snapshot: Snapshot,
    wanted: Wanted,
    place: Option<Place>,
    /// The releases that were made from others, in order, once they are needed.
    derived: Option<Vec<Key>>,
    /// The revision of the registry.
    pub revision: Revision,
    /// The greatest revision of anything that is exported.
    pub source_revision: Revision,
}

/// The beginning of every export.
pub const BEGINNING: Place = Place { section: Section::Models, after: None };

/// Notes that somebody exports.
///
/// # Errors
/// None of its own.
pub async fn note(tx: Tx, _: Arc<()>) -> Result<(), Error> {
    tx.keep();
    Ok(())
}

impl Registry {
    /// Begins an export at a place. That is written to the audit log, and nothing else is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn export(&self, ctx: &Context, wanted: Wanted, place: Place) -> Result<Exporting, Error> {
        self.run(ctx, (), note).await?;
        let snapshot = self.store.long_snapshot(ctx.scope()).await?;
        let revision = self.store.current_revision(&snapshot).await?;
        let source_revision = export::greatest_revision(&snapshot, &wanted).await?;
        Ok(Exporting { snapshot, wanted, place: Some(place), derived: None, revision, source_revision })
    }
}

impl Exporting {
    /// Keeps the database from giving up the snapshot, of which it was asked nothing for a while.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn stay(&self) -> Result<(), Error> {
        state::revision(&self.snapshot).await.map(drop)
    }

    /// The next items, each with the place behind it. None at the end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next(&mut self) -> Result<Vec<(Place, Item)>, Error> {
        while let Some(Place { section, after }) = self.place.clone() {
            let items = if self.wanted.has(section) { self.page(section, after.as_ref()).await? } else { Vec::new() };
            let Some((last, _)) = items.last() else {
                self.place = section.next().map(|section| Place { section, after: None });
                continue;
            };
            self.place = Some(Place { section, after: Some(last.clone()) });
            return Ok(items.into_iter().map(|(key, item)| (Place { section, after: Some(key) }, item)).collect());
        }
        Ok(Vec::new())
    }

    async fn page(&mut self, section: Section, after: Option<&Key>) -> Result<Vec<(Key, Item)>, Error> {
        if section == Section::DerivedReleases {
            return self.derived_page(after).await;
        }
        export::page(&self.snapshot, &self.wanted, section, after, page_size(section)).await
    }

    /// Few releases are made from others, so the order of all of them is made in memory.
    async fn derived_page(&mut self, after: Option<&Key>) -> Result<Vec<(Key, Item)>, Error> {
        let order = match self.derived.take() {
            Some(order) => order,
            None => order(&export::bases(&self.snapshot, self.wanted.deleted).await?),
        };
        let from = after.map_or(0, |after| order.partition_point(|key| key <= after));
        let page: Vec<Key> =
            order.iter().skip(from).take(usize::try_from(page_size(Section::DerivedReleases)).unwrap_or(1)).cloned().collect();
        self.derived = Some(order);
        if page.is_empty() { Ok(Vec::new()) } else { export::derived(&self.snapshot, &page).await }
    }
}

/// Releases behind those that they were made from: by how many steps it is to one that was made from none, then by id.
fn order(bases: &HashMap<ReleaseId, ReleaseId>) -> Vec<Key> {
    let mut depths: HashMap<ReleaseId, i64> = HashMap::new();
    for release in bases.keys() {
        let (mut line, mut met) = (vec![*release], HashSet::from([*release]));
        // A release exists before those that are made from it, so there are no circles; if there were one, this ends all the same.
        while let Some(base) = line.last().and_then(|last| bases.get(last)).filter(|base| !depths.contains_key(base)) {
            if !met.insert(*base) {
                break;
            }
            line.push(*base);
        }
        for release in line.into_iter().rev() {
            let depth = bases.get(&release).map_or(0, |base| depths.get(base).copied().unwrap_or(0).saturating_add(1));
            depths.insert(release, depth);
        }
    }
    let derived = depths.into_iter().filter(|(_, depth)| *depth > 0);
    let mut keys: Vec<Key> = derived.map(|(release, depth)| Key { depth, ..Key::of(release.uuid()) }).collect();
    keys.sort();
    keys
}

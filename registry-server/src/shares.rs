//! A number of places, and how many of them one holder may have: of connections by address, of calls, bytes and streams by
//! caller. Knows neither what a place is nor who holds it. Nobody waits for one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places. Cheap to clone.
#[derive(Debug)]
pub struct Shares<K>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K> {
    total: usize,
    each: usize,
    taken: Mutex<Taken<K>>,
}

/// How many places are taken, in all and by whom; no entry stands for none.
#[derive(Debug)]
struct Taken<K> {
    total: usize,
    by: HashMap<K, usize>,
}

/// The places of one holder, free again when this value goes.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    shares: Shares<K>,
    holder: K,
    places: usize,
}

/// Which places are all taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Those of everybody together.
    Total,
    /// Those that the holder may have.
    Each,
}

impl<K> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// So many places, and so many for each holder.
    #[must_use]
    pub fn new(total: usize, each: usize) -> Self {
        Self(Arc::new(Shared { total, each, taken: Mutex::new(Taken { total: 0, by: HashMap::new() }) }))
    }

    /// One place.
    ///
    /// # Errors
    /// [`Full`].
    pub fn take(&self, holder: K) -> Result<Share<K>, Full> {
        let mut share = self.none(holder);
        share.add(1)?;
        Ok(share)
    }

    /// How many are taken, by all.
    #[must_use]
    pub fn taken(&self) -> usize {
        lock(&self.0.taken).total
    }

    /// No place yet, of which there can be more.
    pub fn none(&self, holder: K) -> Share<K> {
        Share { shares: self.clone(), holder, places: 0 }
    }
}

impl<K: Eq + Hash + Clone> Share<K> {
    /// So many more places, or none of them.
    ///
    /// # Errors
    /// [`Full`].
    pub fn add(&mut self, places: usize) -> Result<(), Full> {
        let Shared { total, each, taken } = &*self.shares.0;
        let mut taken = lock(taken);
        let all = taken.total.saturating_add(places);
        let own = taken.by.get(&self.holder).copied().unwrap_or_default().saturating_add(places);
        if own > *each {
            return Err(Full::Each);
        }
        if all > *total {
            return Err(Full::Total);
        }
        taken.total = all;
        taken.by.insert(self.holder.clone(), own);
        self.places = self.places.saturating_add(places);
        Ok(())
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.shares.0.taken);
        taken.total = taken.total.saturating_sub(self.places);
        let own = taken.by.get(&self.holder).copied().unwrap_or_default().saturating_sub(self.places);
        match taken.by.get_mut(&self.holder) {
            Some(places) if own > 0 => *places = own,
            Some(_) => drop(taken.by.remove(&self.holder)),
            None => {}
        }
    }
}

/// Nothing is left half done under this lock, whoever panics.
fn lock<K>(taken: &Mutex<Taken<K>>) -> MutexGuard<'_, Taken<K>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

//! So many times in so long, for each of many: a bucket that is full at first and fills up again evenly.
//!
//! May not: wait.

use governor::clock::{Clock, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How often buckets that are full again are thrown away, in checks. What is kept meanwhile is this many, and those that were
/// used in the time that a bucket takes to fill up: each costs less than 100 bytes, and its first use costs a connection.
const CLEAN_UP: u32 = 1024;

/// The buckets; none if there is no limit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rate<K: Hash + Eq + Clone>(Option<Arc<Buckets<K>>>);

#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, HashMapStateStore<K>, MonotonicClock>,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    /// So many times in so long; 0 is no limit.
    #[must_use]
    pub fn new(times: u32, within: Duration) -> Self {
        let quota = NonZeroU32::new(times).and_then(|times| {
            let period = within.checked_div(times.get())?;
            Some(Quota::with_period(period)?.allow_burst(times))
        });
        let buckets = |quota| {
            let limiter = RateLimiter::hashmap_with_clock(quota, MonotonicClock);
            Arc::new(Buckets { limiter, checks: AtomicU32::new(0) })
        };
        Self(quota.map(buckets))
    }

    /// Once more.
    ///
    /// # Errors
    /// How long it takes until it may be.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        let Some(Buckets { limiter, checks }) = self.0.as_deref() else { return Ok(()) };
        if checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CLEAN_UP) {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|not_until| not_until.wait_time_from(limiter.clock().now()))
    }
}

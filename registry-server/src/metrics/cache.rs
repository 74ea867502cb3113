//! What the answers are worth that are kept in memory.

use super::book::Book;
use super::calls::Labels;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// What has come of looking for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheOutcome {
    /// It was given again.
    Hit,
    /// There was none.
    Miss,
    /// There was one, and what it tells of may have changed.
    Stale,
    /// It was not looked for, or could not be given to whoever asked.
    Passed,
}

impl CacheOutcome {
    const ALL: [Self; 4] = [Self::Hit, Self::Miss, Self::Stale, Self::Passed];

    const fn label(self) -> Labels<1> {
        let outcome = match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Passed => "passed",
        };
        [("outcome", outcome)]
    }
}

/// The answers that are kept.
#[derive(Debug, Clone)]
pub struct Cache {
    hit: Counter,
    miss: Counter,
    stale: Counter,
    passed: Counter,
    entries: Gauge,
    bytes: Gauge,
}

impl Cache {
    pub(super) fn new(book: &mut Book) -> Self {
        let outcomes: Family<Labels<1>, Counter> = Family::default();
        let [hit, miss, stale, passed] = CacheOutcome::ALL.map(|outcome| outcomes.get_or_create(&outcome.label()).clone());
        let (entries, bytes) = (Gauge::default(), Gauge::default());
        let help = "Reads of one thing: answered from the cache (hit), not there (miss), there and perhaps out of date (stale), or not to be answered from it (passed)";
        book.add("registry_cache_reads", &["outcome"], help, outcomes);
        book.add("registry_cache_entries", &[], "Answers in the cache", entries.clone());
        book.add("registry_cache_bytes", &[], "Bytes of memory that they take, --cache-size at the most", bytes.clone());
        Self { hit, miss, stale, passed, entries, bytes }
    }

    /// One more.
    pub fn count(&self, outcome: CacheOutcome) {
        let counter = match outcome {
            CacheOutcome::Hit => &self.hit,
            CacheOutcome::Miss => &self.miss,
            CacheOutcome::Stale => &self.stale,
            CacheOutcome::Passed => &self.passed,
        };
        counter.inc();
    }

    /// So many answers are kept now, of so many bytes.
    pub fn holds(&self, entries: usize, bytes: u64) {
        self.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

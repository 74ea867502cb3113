//! What the database does for the registry: the writer, and the beginning of reads.

use super::book::Book;
use super::calls::Labels;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// How many writes share a commit: 64 at the most.
const BATCH: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
const SECONDS: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 3.0];

/// The connections of a pool to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// What they are for.
    pub name: &'static str,
    /// How many there are.
    pub open: u32,
    /// How many of them somebody has.
    pub in_use: u32,
    /// How many there can be.
    pub most: u32,
}

impl Pool {
    /// As its driver counts them.
    #[must_use]
    pub fn of(name: &'static str, open: u32, idle: usize, most: u32) -> Self {
        Self { name, open, in_use: open.saturating_sub(u32::try_from(idle).unwrap_or(u32::MAX)), most }
    }
}

/// What has come of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk.
    Committed,
    /// There was nothing to change.
    Unchanged,
    /// An earlier call had done it: its answer was given again.
    Replayed,
    /// It was refused, or the database failed.
    Failed,
    /// Another server was in the way: it is run again.
    Conflict,
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Committed, Self::Unchanged, Self::Replayed, Self::Failed, Self::Conflict];

    const fn label(self) -> Labels<1> {
        let outcome = match self {
            Self::Committed => "committed",
            Self::Unchanged => "unchanged",
            Self::Replayed => "replayed",
            Self::Failed => "failed",
            Self::Conflict => "conflict",
        };
        [("outcome", outcome)]
    }
}

/// The work of the database. The one of a store that nobody scrapes counts all the same.
#[derive(Debug, Clone)]
pub struct Work {
    batch: Histogram,
    commit: Histogram,
    writes: Family<Labels<1>, Counter>,
    read: Histogram,
    entries: Counter,
    confirmations: Counter,
    flushes: Counter,
}

impl Default for Work {
    fn default() -> Self {
        let (batch, seconds) = (Histogram::new(BATCH), || Histogram::new(SECONDS));
        let (commit, read) = (seconds(), seconds());
        let (entries, confirmations, flushes) = (Counter::default(), Counter::default(), Counter::default());
        Self { batch, commit, writes: Family::default(), read, entries, confirmations, flushes }
    }
}

impl Work {
    pub(super) fn new(book: &mut Book) -> Self {
        let work = Self::default();
        for outcome in Outcome::ALL {
            drop(work.writes.get_or_create(&outcome.label()));
        }
        book.add("registry_writer_batch_size", &[], "How many writes shared a transaction", work.batch.clone());
        book.add(
            "registry_writer_commit_seconds",
            &[],
            "How long commits took: on SQLite, most of it is the disk",
            work.commit.clone(),
        );
        book.add(
            "registry_writes",
            &["outcome"],
            "Writes, by what has come of them; replayed is a retry that was given the first answer, conflict is run again",
            work.writes.clone(),
        );
        book.add(
            "registry_read_begin_seconds",
            &[],
            "How long reads waited for a connection and the beginning of their snapshot",
            work.read.clone(),
        );
        book.add("registry_audit_entries_written", &[], "Entries written to the audit log", work.entries.clone());
        work.describe_cache(book);
        work
    }

    fn describe_cache(&self, book: &mut Book) {
        book.add(
            "registry_cache_confirmations",
            &[],
            "Times PostgreSQL was asked whether what is in the cache still holds; one answer serves all who wait",
            self.confirmations.clone(),
        );
        book.add(
            "registry_cache_flushes",
            &[],
            "Times nothing in the cache held any more: other servers had changed too much, an API key, or the database was replaced",
            self.flushes.clone(),
        );
    }

    /// It was asked how far the registry has come.
    pub fn confirmed(&self) {
        self.confirmations.inc();
    }

    /// Nothing that was read before holds any more.
    pub fn flushed(&self) {
        self.flushes.inc();
    }

    /// So many writes share a transaction.
    pub fn batch(&self, writes: usize) {
        self.batch.observe(f64::from(u32::try_from(writes).unwrap_or(u32::MAX)));
    }

    /// A commit has ended, well or not.
    pub fn committed(&self, after: Duration) {
        self.commit.observe(after.as_secs_f64());
    }

    /// What has come of a write.
    pub fn written(&self, outcome: Outcome) {
        self.writes.get_or_create(&outcome.label()).inc();
    }

    /// Entries of the audit log are on disk.
    pub fn audited(&self, entries: usize) {
        self.entries.inc_by(u64::try_from(entries).unwrap_or(u64::MAX));
    }

    /// A read has begun.
    pub fn read(&self, after: Duration) {
        self.read.observe(after.as_secs_f64());
    }
}

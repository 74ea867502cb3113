//! What the registry does by itself.

use super::book::Book;
use super::calls::Labels;
use crate::domain::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// A moment, in seconds since 1970; 0 before there is one.
pub(super) type Moment = Gauge<f64, AtomicU64>;

pub(super) fn set(moment: &Moment, time: Timestamp) {
    moment.set(Duration::from_micros(time.micros().unsigned_abs()).as_secs_f64());
}

/// The chores.
#[derive(Debug, Clone, Default)]
pub struct Chores {
    tidied: Moment,
    failed: Counter,
    removed: Family<Labels<1>, Counter>,
    lost: Counter,
}

impl Chores {
    pub(super) fn new(book: &mut Book) -> Self {
        let chores = Self::default();
        book.add(
            "registry_housekeeping_last_success_timestamp_seconds",
            &[],
            "When housekeeping last did everything that was due; 0 before the first time",
            chores.tidied.clone(),
        );
        book.add(
            "registry_housekeeping_failures",
            &[],
            "Chores of housekeeping that could not be done, and are tried again",
            chores.failed.clone(),
        );
        book.add(
            "registry_housekeeping_removed",
            &["kind"],
            "What housekeeping has removed because it was due",
            chores.removed.clone(),
        );
        book.add(
            "registry_audit_calls_lost",
            &[],
            "Calls that failed and could not be written to the audit log",
            chores.lost.clone(),
        );
        chores
    }

    /// A round of housekeeping has ended, and so many chores of it have failed.
    pub fn tidied(&self, now: Timestamp, failed: u64, removed: &[(&'static str, u64)]) {
        if failed == 0 {
            set(&self.tidied, now);
        }
        self.failed.inc_by(failed);
        for (kind, count) in removed {
            self.removed.get_or_create(&[("kind", *kind)]).inc_by(*count);
        }
    }

    /// Calls are not in the audit log, and will not be.
    pub fn lost(&self, calls: u64) {
        self.lost.inc_by(calls);
    }
}

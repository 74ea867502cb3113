//! How long things are kept that nobody removes by hand.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long what is kept for a while is kept. Things go when the registry next looks, so never sooner and a little later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Soft-deleted models and releases, until they are purged.
    pub deleted: Duration,
    /// Events, until they are compacted.
    pub events: Duration,
    /// Answers to calls with a request id.
    pub answers: Duration,
    /// Entries of the audit log.
    pub audit: Duration,
    /// Bytes that belong to no artifact: of uploads that were broken off, and of artifacts that were purged.
    pub orphans: Duration,
}

impl Default for Retention {
    /// 30 days, 7 days, 24 hours, 90 days, 1 hour.
    fn default() -> Self {
        Self { deleted: 30 * DAY, events: 7 * DAY, answers: DAY, audit: 90 * DAY, orphans: DAY / 24 }
    }
}

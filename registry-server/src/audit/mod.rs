//! The part of the audit log that is written behind the answers: the calls that were refused or failed.
//!
//! They delay and fail nobody: who notes one takes a lock and no more, and a task writes what was noted. What a crash
//! takes with it is the last half second of them, and how often the calls of the last minute were repeated. May not: know
//! messages, or decide what an entry is removed for (`service/housekeeping.rs`).

mod book;
mod task;

pub use task::keep;

use crate::domain::audit::FailedCalls;
use crate::domain::{Clock, Timestamp};
use book::Book;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where calls that failed are noted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    book: Mutex<Book>,
}

impl AuditLog {
    /// One in which nothing is noted, by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared { clock, book: Mutex::default() }))
    }

    /// What time it is for it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Notes a call that failed, to be written within a second or, if it is one of many, within a minute.
    pub fn note(&self, call: FailedCalls) {
        self.book().note(call);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The task that writes what was noted, twice a second, until the last call has ended.

use super::AuditLog;
use crate::domain::audit::FailedCalls;
use crate::domain::{AuditEntryId, Caller, Context, Error, RequestId};
use crate::service::{Registry, audit};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often what was noted is written.
const EVERY: Duration = Duration::from_millis(500);
/// How many entries are written by one write: others wait for it.
const CHUNK: usize = 500;
/// How often the operator is told that something is wrong at the most.
const TELL: Duration = Duration::from_secs(60);

/// Writes what is noted in `log`, and when `last` is cancelled what is left of it.
pub async fn keep(registry: Registry, log: AuditLog, last: CancellationToken) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ctx = registry.context(Arc::new(Caller::registry()), RequestId::fresh());
    let mut unwritten = Unwritten { registry, ctx, log, entries: Vec::new(), failed: Seldom(None), lost: Seldom(None) };
    while last.run_until_cancelled(tick.tick()).await.is_some() {
        let now = unwritten.log.now();
        unwritten.log.book().turn(now);
        unwritten.write().await;
    }
    unwritten.log.book().end();
    unwritten.write().await;
    unwritten.give_up();
}

/// What is being written. An entry keeps its id over all attempts, so it is never there twice.
struct Unwritten {
    registry: Registry,
    ctx: Context,
    log: AuditLog,
    entries: Vec<(AuditEntryId, FailedCalls)>,
    failed: Seldom,
    lost: Seldom,
}

impl Unwritten {
    /// Writes what is left of the last time, and what was noted since. What the database cannot take now stays for the
    /// next time; meanwhile the book fills up, and then it loses.
    async fn write(&mut self) {
        loop {
            if self.entries.is_empty() {
                let noted = self.log.book().take();
                self.entries = noted.into_iter().map(|call| (self.ctx.new_id(), call)).collect();
            }
            if self.entries.is_empty() {
                break;
            }
            if let Err(error) = self.write_some().await {
                self.tell(&error);
                break;
            }
        }
        self.tell_of_losses();
    }

    async fn write_some(&mut self) -> Result<(), Error> {
        let count = self.entries.len().min(CHUNK);
        let some: Vec<_> = self.entries.iter().take(count).cloned().collect();
        let written = self.registry.run(&self.ctx, some, audit::record).await;
        match &written {
            Err(error) if may_pass(error) => {}
            // What cannot be written at all must not keep the rest from being written.
            Err(_) => self.lose(count),
            Ok(()) => drop(self.entries.drain(..count)),
        }
        written
    }

    fn lose(&mut self, count: usize) {
        let lost = self.entries.drain(..count).map(|(_, call)| call.count).sum();
        self.log.book().lose(lost);
    }

    /// Nobody will write what is left.
    fn give_up(&mut self) {
        self.lose(self.entries.len());
        self.lost = Seldom(None);
        self.tell_of_losses();
    }

    fn tell(&mut self, error: &Error) {
        if self.failed.may_be_said() {
            self.failed = Seldom(Some(Instant::now()));
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%error, cause, "could not write to the audit log which calls failed");
        }
    }

    fn tell_of_losses(&mut self) {
        let calls = if self.lost.may_be_said() { self.log.book().take_lost() } else { 0 };
        if calls > 0 {
            self.lost = Seldom(Some(Instant::now()));
            tracing::error!(calls, "calls that failed are not in the audit log: they could not be written, or were too many");
        }
    }
}

/// When something was last said.
struct Seldom(Option<Instant>);

impl Seldom {
    fn may_be_said(&self) -> bool {
        self.0.is_none_or(|said| said.elapsed() >= TELL)
    }
}

/// Whether the same write may succeed later.
const fn may_pass(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable(_) | Error::OutcomeUnknown(_) | Error::Conflict(_) | Error::StorageFull(_) | Error::ReadOnly(_)
    )
}

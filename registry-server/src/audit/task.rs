//! The task that writes what was noted, twice a second, until the last call has ended.

use super::AuditLog;
use crate::domain::audit::FailedCalls;
use crate::domain::{AuditEntryId, Caller, Context, Error, RequestId};
use crate::metrics::Metrics;
use crate::seldom::Seldom;
use crate::service::{Registry, audit};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often what was noted is written.
const EVERY: Duration = Duration::from_millis(500);
/// How many entries are written by one write: others wait for it.
const CHUNK: usize = 500;

/// Writes what is noted in `log`, and when `last` is cancelled what is left of it.
pub async fn keep(registry: Registry, log: AuditLog, metrics: Metrics, last: CancellationToken) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ctx = registry.context(Arc::new(Caller::registry()), RequestId::fresh());
    let (failed, lost) = (Seldom::default(), Seldom::default());
    let mut unwritten = Unwritten { registry, ctx, log, metrics, entries: Vec::new(), failed, lost };
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
    metrics: Metrics,
    entries: Vec<(AuditEntryId, FailedCalls)>,
    failed: Seldom<Error>,
    lost: Seldom<()>,
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
                self.failed.happened(error);
                break;
            }
        }
        self.tell();
    }

    async fn write_some(&mut self) -> Result<(), Error> {
        let count = self.entries.len().min(CHUNK);
        let some: Vec<_> = self.entries.iter().take(count).cloned().collect();
        let written = self.registry.run(&self.ctx, some, audit::record).await;
        match &written {
            Err(error) if may_pass(error) => {}
            // What cannot be written at all must not keep the rest from being written.
            Err(_) => self.lose(count),
            Ok(()) => {
                drop(self.entries.drain(..count));
                self.metrics.work.audited(count);
            }
        }
        written
    }

    fn lose(&mut self, count: usize) {
        let lost = self.entries.drain(..count).map(|(_, call)| call.count).sum();
        self.log.book().lose(lost);
    }

    /// Nobody will write what is left.
    fn give_up(mut self) {
        self.lose(self.entries.len());
        self.count_losses();
        if let Some((calls, ())) = self.lost.rest() {
            tell_of_losses(calls);
        }
    }

    fn tell(&mut self) {
        if let Some((times, error)) = self.failed.due_now() {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(times, %error, cause, "could not write to the audit log which calls failed");
        }
        self.count_losses();
        if let Some((calls, ())) = self.lost.due_now() {
            tell_of_losses(calls);
        }
    }

    fn count_losses(&mut self) {
        let calls = self.log.book().take_lost();
        if calls > 0 {
            self.metrics.chores.lost(calls);
            self.lost.happened_times(calls, ());
        }
    }
}

fn tell_of_losses(calls: u64) {
    tracing::error!(calls, "calls that failed are not in the audit log: they could not be written, or were too many");
}

/// Whether the same write may succeed later.
const fn may_pass(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable(_) | Error::OutcomeUnknown(_) | Error::Conflict(_) | Error::StorageFull(_) | Error::ReadOnly(_)
    )
}

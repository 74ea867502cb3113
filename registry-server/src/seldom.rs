//! Saying seldom what happens often: a flood of calls must not become a flood of log lines.

use futures::FutureExt;
use std::mem::take;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often one thing is said at most.
const EVERY: Duration = Duration::from_secs(10);

/// Something that may happen a thousand times a second.
pub(crate) struct Seldom<W> {
    /// How often it has happened since it was said.
    times: u64,
    /// Why, the last time.
    why: Option<W>,
    said: Option<Instant>,
}

impl<W> Default for Seldom<W> {
    fn default() -> Self {
        Self { times: 0, why: None, said: None }
    }
}

impl<W> Seldom<W> {
    pub(crate) fn happened(&mut self, why: W) {
        self.happened_times(1, why);
    }

    pub(crate) fn happened_times(&mut self, times: u64, why: W) {
        self.times = self.times.saturating_add(times);
        self.why = Some(why);
    }

    /// Waits until it is to be said: how often it has happened, and why the last time. Nothing is lost if nobody waits on.
    pub(crate) async fn due(&mut self) -> (u64, W) {
        if let (Some(_), Some(said)) = (&self.why, self.said) {
            sleep_until(said + EVERY).await;
        }
        let Some(why) = self.why.take() else { return std::future::pending().await };
        self.said = Some(Instant::now());
        (take(&mut self.times), why)
    }

    /// The same without waiting: what is to be said now, if anything is.
    pub(crate) fn due_now(&mut self) -> Option<(u64, W)> {
        self.due().now_or_never()
    }

    /// What was not said, to be said last.
    pub(crate) fn rest(self) -> Option<(u64, W)> {
        self.why.map(|why| (self.times, why))
    }
}

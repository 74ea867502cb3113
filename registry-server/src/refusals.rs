//! How often something was refused because of a limit: counted by limit, and told in the log at most once in ten seconds for
//! each. A refused call has no line of its own there, or a flood of calls would become one of lines.

use crate::domain::Limit;
use crate::seldom::Seldom;
use futures::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The counters, one for each limit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Refusals(Arc<BTreeMap<Limit, watch::Sender<u64>>>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(Limit::ALL.into_iter().map(|limit| (limit, watch::Sender::new(0))).collect()))
    }
}

impl Refusals {
    /// Counts one more.
    pub fn happened(&self, limit: Limit) {
        if let Some(counter) = self.0.get(&limit) {
            counter.send_modify(|times| *times = times.saturating_add(1));
        }
    }

    /// How often it has happened since the server was started.
    #[must_use]
    pub fn times(&self, limit: Limit) -> u64 {
        self.0.get(&limit).map(|counter| *counter.borrow()).unwrap_or_default()
    }

    /// Tells the log, for as long as it is polled.
    pub async fn tell(self) {
        join_all(self.0.iter().map(|(limit, counter)| tell(*limit, counter.subscribe()))).await;
    }
}

async fn tell(limit: Limit, mut counter: watch::Receiver<u64>) {
    let (mut seldom, mut known) = (Seldom::default(), 0);
    loop {
        tokio::select! {
            changed = counter.changed() => {
                if changed.is_err() {
                    return;
                }
                let times = *counter.borrow_and_update();
                seldom.happened_times(times.saturating_sub(known), ());
                known = times;
            }
            (times, ()) = seldom.due() => {
                tracing::warn!(times, limit = limit.flag(), "refused: {limit}");
            }
        }
    }
}

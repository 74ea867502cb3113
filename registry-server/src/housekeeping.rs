//! The task that removes what is due, now and then, until the server stops.
//!
//! May not: decide what is due (`service/housekeeping.rs`).

use crate::metrics::Chores;
use crate::service::Registry;
use crate::service::housekeeping::Tidied;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// Tidies `registry` now and then until `stop`. What fails is tried again the next time.
pub async fn keep(registry: Registry, every: Duration, chores: Chores, stop: CancellationToken) {
    let mut tick = interval_at(Instant::now() + every, every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = registry.is_untidy() => {}
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            tidied = registry.tidy() => tell(&registry, &chores, tidied),
        }
    }
}

fn tell(registry: &Registry, chores: &Chores, tidied: Tidied) {
    let Tidied { models, releases, artifacts, answers, events, entries, orphans, failed } = tidied;
    let removed = [
        ("models", models),
        ("releases", releases),
        ("artifacts", artifacts),
        ("answers", answers),
        ("events", events),
        ("audit_entries", entries),
        ("orphans", orphans),
    ];
    chores.tidied(registry.now(), failed, &removed);
    if removed.iter().any(|(_, count)| *count > 0) {
        tracing::info!(models, releases, artifacts, answers, events, entries, orphans, "removed what was due");
    }
}

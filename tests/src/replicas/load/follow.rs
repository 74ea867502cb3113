//! Those who follow: a watch, and a memory of aliases that is kept current by one.

use super::{PAUSE, Progress};
use futures::StreamExt;
use registry_client::{CachedResolver, Client, Freshness, WatchItem};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{interval, timeout};

/// What a watch has told.
#[derive(Debug, Default)]
pub(in crate::replicas) struct Watched {
    /// Where each event is, and whether it is the last of its revision.
    pub(in crate::replicas) told: Vec<(i64, i32, bool)>,
    /// How often the stream broke.
    pub(in crate::replicas) disconnected: usize,
}

/// What a resolver has answered.
#[derive(Debug, Default)]
pub(in crate::replicas) struct Resolved {
    /// How many answers.
    pub(in crate::replicas) resolved: usize,
    /// What failed.
    pub(in crate::replicas) wrong: Vec<String>,
}

/// Follows from the beginning to the revision at which everything ends.
pub(super) async fn watch(client: Client, end: watch::Receiver<Option<i64>>) -> Watched {
    let mut watched = Watched::default();
    let mut watching = client.watch().after_revision(0).progress_interval(Duration::from_secs(1)).stream();
    while !watching.revision().is_some_and(|revision| end.borrow().is_some_and(|end| revision >= end)) {
        let item = timeout(crate::replicas::PATIENCE, watching.next()).await.expect("some news").expect("a stream without end");
        match item.expect("a stream that mends itself") {
            WatchItem::Event(event) => watched.told.push((event.revision, event.index, event.last_in_revision)),
            WatchItem::Disconnected(_) => watched.disconnected += 1,
            WatchItem::StartedOver { reason, .. } => panic!("events are lost: {reason:?}"),
            _ => {}
        }
    }
    watched
}

/// Asks again and again for what an alias stands for; in the end, the answer has to be current and of the end.
pub(super) async fn resolve(
    client: Client,
    model: String,
    progress: Arc<Progress>,
    mut end: watch::Receiver<Option<i64>>,
) -> Resolved {
    let (resolver, mut resolved) = (CachedResolver::start(&client), Resolved::default());
    let mut tick = interval(PAUSE);
    while !progress.is_enough() && resolved.wrong.is_empty() {
        tick.tick().await;
        match resolver.resolve(model.as_str(), "production").await {
            Ok(_) => resolved.resolved += 1,
            Err(error) => resolved.wrong.push(format!("the resolver failed: {error} ({error:?})")),
        }
    }
    end.wait_for(Option::is_some).await.expect("an end");
    let truth = match client.resolve_release(model.as_str()).alias("production").send().await {
        Ok(release) => release,
        Err(error) => {
            resolved.wrong.push(format!("the resolver has nobody to ask: {error} ({error:?})"));
            return resolved;
        }
    };
    let look = async || {
        let answer = resolver.resolve(model.as_str(), "production").await.ok()?;
        (answer.freshness == Freshness::Current && answer.release.id == truth.id).then_some(())
    };
    super::soon("the resolver is current", look).await;
    resolved
}

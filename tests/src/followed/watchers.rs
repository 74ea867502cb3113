//! Those who follow, and lose their streams.

use super::Seen;
use crate::proxy::Proxy;
use crate::watching::{after, open};
use futures::StreamExt;
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use registry_client::pb::watch_response::Message;
use registry_client::{Client, EventFilter, WatchItem, pb};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a watcher may hear nothing at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a watcher has got.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Every event, in the order in which it came.
    pub(super) seen: Vec<Seen>,
    /// How often it dropped its stream.
    pub(super) dropped: usize,
    /// How often its connection was cut.
    pub(super) cut: usize,
}

/// Whether everything through this revision is everything.
fn is_all(end: &watch::Receiver<Option<i64>>, through: i64) -> bool {
    end.borrow().is_some_and(|end| through >= end)
}

/// Holds the raw stream, and drops it after some messages; opens the next one on any of the servers, behind the last
/// revision that came as a whole. What came of the revision after that comes again.
pub(super) async fn dropping(
    servers: Vec<Client>,
    filter: EventFilter,
    mut random: StdRng,
    end: watch::Receiver<Option<i64>>,
) -> Followed {
    let mut followed = Followed::default();
    let (mut whole, mut patience) = (0, 1);
    while !is_all(&end, whole) {
        let request = pb::WatchRequest { filter: Some(filter.clone()), ..after(whole) };
        let server = &servers[random.random_range(0..servers.len())];
        // A server may not yet have heard what another one has committed: it has it in its database all the same.
        let mut stream = open(server, request).await.expect("a stream");
        assert_eq!(stream.started.after_revision, whole);
        let before = whole;
        followed.seen.truncate(followed.seen.partition_point(|seen| seen.revision <= whole));
        for _ in 0..patience * random.random_range(1..30) {
            match stream.next().await.expect("a stream that goes on") {
                Message::Events(message) => followed.seen.extend(message.events.iter().map(Seen::of)),
                Message::Progress(progress) => whole = progress.revision,
                Message::Started(_) => unreachable!("the watcher sees to that"),
            }
            let last = followed.seen.iter().rev().find(|seen| seen.last);
            whole = last.map_or(whole, |last| whole.max(last.revision));
            if is_all(&end, whole) {
                break;
            }
        }
        // A revision with more messages than that is never seen as a whole by who always gives up so soon.
        patience = if whole == before { patience + 1 } else { 1 };
        followed.dropped += usize::from(!is_all(&end, whole));
    }
    followed
}

/// The client's own stream, behind a connection that is cut now and then.
pub(super) async fn cut(
    server: SocketAddr,
    filter: EventFilter,
    mut random: impl Rng,
    end: watch::Receiver<Option<i64>>,
) -> Followed {
    let proxy = Proxy::start([server], random.random()).await;
    let client = crate::keys::admin(proxy.endpoint()).connect_lazy().expect("an endpoint");
    let mut watching = client.watch().after_revision(0).filter(filter).progress_interval(Duration::from_secs(1)).stream();
    let mut followed = Followed::default();
    let mut left = random.random_range(1..2000);
    while !watching.revision().is_some_and(|revision| is_all(&end, revision)) {
        let item = timeout(PATIENCE, watching.next()).await.expect("some news").expect("a stream without end");
        match item.expect("a stream that mends itself") {
            WatchItem::Event(event) => followed.seen.push(Seen::of(&event)),
            WatchItem::StartedOver { reason, .. } => panic!("events are lost: {reason:?}"),
            _ => left = left.min(20), // it is quiet: sooner then
        }
        left -= 1;
        if left == 0 {
            proxy.cut();
            followed.cut += 1;
            left = random.random_range(1..2000);
        }
    }
    followed
}

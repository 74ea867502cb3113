//! Watching, when there is nothing to say: progress, and going on from it.

use registry_client::pb::WatchRequest;
use registry_client::pb::watch_response::Message;
use registry_client::{EventFilter, ResourceKind};
use registry_tests::watching::{after, places, watch};
use registry_tests::{conformance, given};
use std::time::Duration;
use tokio::time::{Instant, timeout};

fn of_kind(kind: ResourceKind) -> Option<EventFilter> {
    Some(EventFilter { resource_kinds: vec![kind.into()], ..EventFilter::default() })
}

conformance! {
    /// Silence is broken as often as was asked, and not more often.
    async fn a_silent_stream_tells_how_far_it_is(registry: &Harness) {
        given::model(registry, "a").await;
        given::model(registry, "b").await;
        let began = Instant::now();
        let mut events = watch(&registry.client, after(2)).await;
        assert_eq!((events.progress().await, events.progress().await), (2, 2));
        assert!(began.elapsed() >= Duration::from_secs(2), "twice in {:?}", began.elapsed());
        given::model(registry, "c").await;
        assert_eq!(events.event().await.revision, 3);
        assert_eq!(events.progress().await, 3);
    }

    /// Unless asked otherwise, silence lasts fifteen seconds: more than five, at least.
    async fn a_silent_stream_is_silent_for_a_while_by_itself(registry: &Harness) {
        let mut events = watch(&registry.client, WatchRequest { progress_interval: None, ..after(0) }).await;
        assert!(timeout(Duration::from_secs(5), events.next()).await.is_err(), "silence was broken");
    }

    /// When the filter hides everything, progress is where to go on: nothing that it lets through is missed from there.
    async fn progress_is_where_to_go_on_when_everything_is_hidden(registry: &Harness) {
        let model = given::model(registry, "iris").await;
        let request = |revision| WatchRequest { filter: of_kind(ResourceKind::Release), ..after(revision) };
        let mut events = watch(&registry.client, request(0)).await;
        for number in 0..20 {
            given::model(registry, &format!("hidden-{number}")).await;
        }
        let mut reached = 0;
        while reached < 21 {
            let further = events.progress().await;
            assert!(further >= reached, "from {reached} to {further}");
            reached = further;
        }
        drop(events);
        given::release(registry, "iris", "1").await;
        registry.client.delete_model(&model).force().send().await.unwrap();
        let mut events = watch(&registry.client, request(reached)).await;
        assert_eq!(places(&events.through(23).await), [(22, 0, true), (23, 0, true)]);
        // The event of the model is behind the one that was sent, and the revision is complete all the same.
        assert_eq!(events.progress().await, 23);
    }

    /// While hidden things happen without end, a stream still says how far it is.
    async fn progress_comes_although_the_registry_is_busy(registry: &Harness) {
        let request = WatchRequest { filter: of_kind(ResourceKind::ReleaseAlias), ..after(0) };
        let mut events = watch(&registry.client, request).await;
        let writes = async {
            for number in 0.. {
                given::model(registry, &format!("model-{number}")).await;
            }
        };
        let reads = async {
            let mut reached = Vec::new();
            while reached.len() < 3 {
                match events.next().await.unwrap() {
                    Message::Progress(progress) => reached.push(progress.revision),
                    other => panic!("{other:?}"),
                }
            }
            reached
        };
        let reached = tokio::select! {
            () = writes => unreachable!("there is no last one"),
            reached = reads => reached,
        };
        assert!(reached[0] > 0 && reached.is_sorted_by(|one, next| one < next), "{reached:?}");
        assert!(reached[2] <= given::revision(registry).await);
    }
}

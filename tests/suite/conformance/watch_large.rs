//! Watching what does not fit into one message: revisions of thousands of events, and events of large resources.

use prost::Message;
use registry_client::pb::WatchRequest;
use registry_client::pb::watch_response::Events;
use registry_client::{Code, ErrorReason, Event, Model};
use registry_tests::expect::refused;
use registry_tests::watching::{after, listed, watch};
use registry_tests::{Harness, conformance, given, on_every_database};
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

/// A model with 2,000 releases of 2 kB each, at revisions 1 to 9, that go with it at revision 10: more than three messages hold.
async fn two_thousand_gone(registry: &Harness) -> Model {
    let model = given::model(registry, "iris").await;
    let notes = "x".repeat(1800);
    for number in 0..8 {
        let one = |one| registry.client.create_release(&model, format!("{number}.{one}")).digest(given::digest(1));
        let batch = (0..250).map(|number| one(number).labels([("notes", notes.clone())]));
        registry.client.batch_create_releases(batch).send().await.unwrap();
    }
    let deleted = registry.client.delete_model(&model).force().send().await.unwrap();
    assert_eq!(deleted.deleted_release_count, 2000);
    model
}

/// A model with 48 releases of 100 kB each, at revisions 1 to 13, that go with it at revision 14.
async fn five_megabytes_gone(registry: &Harness) {
    let model = given::model(registry, "iris").await;
    let label = "x".repeat(5000);
    for number in 0..12 {
        let large = |one| {
            let create = registry.client.create_release(&model, format!("{number}.{one}")).digest(given::digest(1));
            create.labels((0..20).map(|key| (format!("label-{key}"), label.clone())))
        };
        registry.client.batch_create_releases((0..4).map(large)).send().await.unwrap();
    }
    registry.client.delete_model(&model).force().send().await.unwrap();
}

/// Whether these are all the events of the large revision, once and in order.
fn is_whole(events: &[Event]) -> bool {
    events.iter().map(|event| (event.revision, event.index)).eq((0..2001).map(|index| (10, index)))
}

fn bytes(message: &[Event]) -> usize {
    Events { events: message.to_vec() }.encoded_len()
}

conformance! {
    /// It comes in several messages, each event once, in order, and only the very last one completes it.
    async fn a_large_revision_comes_in_parts(registry: &Harness) {
        two_thousand_gone(registry).await;
        let messages = watch(&registry.client, after(9)).await.messages_through(10).await;
        assert!(messages.len() > 1, "{} messages", messages.len());
        let events = messages.concat();
        assert!(is_whole(&events));
        assert!(events.iter().all(|event| event.last_in_revision == (event.index == 2000)));
    }

    /// Who loses the stream in the middle goes on behind the last whole revision, and has lost nothing.
    async fn a_large_revision_can_be_resumed(registry: &Harness) {
        two_thousand_gone(registry).await;
        // With what they show they fill four messages, also where somebody has read them before.
        let whole = || WatchRequest { include_resource: true, ..after(9) };
        for parts in 1..4 {
            let mut events = watch(&registry.client, whole()).await;
            let mut seen = Vec::new();
            for _ in 0..parts {
                seen.extend(events.message().await);
            }
            drop(events);
            assert!(seen.iter().all(|event| event.revision == 10 && !event.last_in_revision));
            let again = watch(&registry.client, whole()).await.through(10).await;
            assert!(is_whole(&again));
            assert_eq!(again[..seen.len()], seen, "the same events at the same places");
        }
    }

    /// Several events share a message as long as it has a mebibyte at the most.
    async fn messages_of_large_resources_are_small_enough(registry: &Harness) {
        five_megabytes_gone(registry).await;
        let messages = watch(&registry.client, WatchRequest { include_resource: true, ..after(0) }).await.messages_through(14).await;
        for message in &messages {
            assert!(bytes(message) <= MIB, "{} events of {} bytes", message.len(), bytes(message));
        }
        assert!(messages.iter().any(|message| message.len() > 5), "messages are not filled");
        let events: Vec<Event> = messages.concat().into_iter().map(|event| Event { resource: None, ..event }).collect();
        assert_eq!(events.len(), 1 + 48 + 49);
        assert_eq!(events, listed(&registry.client, 0, &Default::default()).await);
    }

    /// What ListEvents cannot answer, because one revision alone is too large, the stream delivers.
    async fn a_revision_too_large_for_a_page_comes_by_stream(registry: &Harness) {
        five_megabytes_gone(registry).await;
        let page = || registry.client.list_events().after_revision(13);
        refused(page().include_resource().send().await, Code::ResourceExhausted, ErrorReason::MessageTooLarge);
        assert_eq!(page().send().await.unwrap().events.len(), 49);
        let request = WatchRequest { include_resource: true, ..after(13) };
        let events = watch(&registry.client, request).await.through(14).await;
        assert!(events.iter().map(|event| event.index).eq(0..49));
        assert!(events.iter().all(|event| event.resource.is_some()));
    }
}

on_every_database! {
    /// A stream that cannot say that the server stops, because nobody takes what it has to say, gets the grace period and no more.
    async fn a_stream_that_nobody_reads_does_not_hold_up_the_stop(database: Database) {
        let registry = Harness::start(database).await;
        five_megabytes_gone(&registry).await;
        let client = registry_tests::keys::admin(registry.endpoint()).connect().await.unwrap();
        let unread = watch(&client, WatchRequest { include_resource: true, ..after(0) }).await;
        let began = Instant::now();
        registry.stop().await;
        // Five seconds of grace, and half a second for the last write.
        assert!(began.elapsed() < Duration::from_secs(7), "it took {:?}", began.elapsed());
        drop(unread);
    }
}

//! Watching: which streams are refused, and how streams end.

use futures::StreamExt;
use registry_client::pb::WatchRequest;
use registry_client::{Client, Code, Error, ErrorReason, EventFilter, Watch, WatchItem};
use registry_tests::expect::{fact, invalid, refused};
use registry_tests::raw::{call, framed};
use registry_tests::watching::{after, facts, open, watch};
use registry_tests::{Harness, conformance, given, on_every_database};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What a watch of the client begins with.
async fn first(watch: Watch) -> Result<WatchItem, Error> {
    timeout(Duration::from_secs(10), watch.stream().next()).await.expect("an answer").expect("something")
}

fn silence(client: &Client, silence: Duration) -> Watch {
    client.watch().progress_interval(silence)
}

/// Sixteen models, and what they were written to be of use for.
async fn sixteen(registry: &Harness) {
    for number in 0..16 {
        given::model(registry, &format!("model-{number}")).await;
    }
}

conformance! {
    /// What breaks a rule of the contract is refused, with the field and the rule.
    async fn a_request_that_makes_no_sense_is_refused(registry: &Harness) {
        let client = &registry.client;
        let seconds = Duration::from_secs;
        for wrong in [Duration::ZERO, Duration::from_millis(999), seconds(300) + Duration::from_nanos(1), seconds(301), Duration::MAX] {
            let answer = first(silence(client, wrong)).await;
            let error = refused(answer, Code::InvalidArgument, ErrorReason::InvalidField);
            assert_eq!(error.violations()[0].field, "progress_interval", "{wrong:?}");
        }
        for right in [seconds(1), seconds(300)] {
            assert!(matches!(first(silence(client, right)).await, Ok(WatchItem::Connected { .. })), "{right:?}");
        }
        invalid(first(client.watch().after_revision(-1)).await, &[("after_revision", "INT64_GTE")]);
        let unknown = EventFilter { resource_kinds: vec![0, 99], event_types: vec![0, 7], model_ids: vec!["iris".into()] };
        let answer = first(client.watch().filter(unknown)).await;
        let error = refused(answer, Code::InvalidArgument, ErrorReason::InvalidField);
        let mut fields: Vec<&str> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        let (kinds, types) = (["filter.resource_kinds[0]", "filter.resource_kinds[1]"], ["filter.event_types[0]", "filter.event_types[1]"]);
        assert_eq!(fields, [types[0], types[1], "filter.model_ids[0]", kinds[0], kinds[1]]);
        let id = uuid::Uuid::nil().to_string();
        let many = EventFilter { resource_kinds: vec![1; 17], event_types: vec![1; 17], model_ids: vec![id.clone(); 101] };
        let rules = ["filter.resource_kinds", "filter.event_types", "filter.model_ids"].map(|field| (field, "REPEATED_MAX_ITEMS"));
        invalid(first(client.watch().filter(many)).await, &rules);
        let most = EventFilter { resource_kinds: vec![1; 16], event_types: vec![1; 16], model_ids: vec![id; 100] };
        assert!(matches!(first(client.watch().filter(most)).await, Ok(WatchItem::Connected { .. })));
    }

    /// A start that is no longer kept, or not yet reached, is refused at once: the call fails, and no stream begins.
    async fn a_start_out_of_range_is_refused(registry: &Harness) {
        sixteen(registry).await;
        registry.client.compact_events(10).send().await.unwrap();
        for revision in [1, 9] {
            let status = open(&registry.client, after(revision)).await.expect_err("events that are gone");
            let facts = facts(&status, Code::OutOfRange, ErrorReason::RevisionCompacted);
            assert_eq!((&*facts["compactedRevision"], &*facts["currentRevision"]), ("10", "16"));
            let error = refused(first(registry.client.watch().after_revision(revision)).await, Code::OutOfRange, ErrorReason::RevisionCompacted);
            assert_eq!(fact(&error, "compactedRevision"), "10");
        }
        for revision in [17, i64::MAX] {
            let status = open(&registry.client, after(revision)).await.expect_err("events to come");
            let facts = facts(&status, Code::OutOfRange, ErrorReason::RevisionInFuture);
            assert_eq!(&*facts["currentRevision"], "16");
        }
        // That is what "as the answer to the call" looks like on the wire: the status is in the headers, and nothing else comes.
        let answer = call(registry, "/modelregistry.v1.WatchService/Watch", &[], framed(&after(9))).await;
        assert_eq!((answer.status.code(), answer.reason(), answer.body.len()), (Code::OutOfRange, Some(ErrorReason::RevisionCompacted), 0));
        assert!(answer.header("grpc-status").is_some(), "{:?}", answer.headers);
        assert_eq!(open(&registry.client, after(10)).await.unwrap().through(16).await.len(), 6);
    }

    /// A stream that has not sent what is compacted ends and says so; one that has sent it goes on.
    async fn a_stream_that_compaction_overtakes_ends(registry: &Harness) {
        let model = given::model(registry, "iris").await;
        for number in 0..12 {
            let batch = (0..250).map(|one| registry.client.create_release(&model, format!("{number}.{one}")).digest(given::digest(1)));
            registry.client.batch_create_releases(batch).send().await.unwrap();
        }
        let current = given::revision(registry).await;
        let mut up_to_date = watch(&registry.client, after(current)).await;
        // More than its connection lets through before somebody reads.
        let behind = watch(&registry.client, WatchRequest { include_resource: true, ..after(0) }).await;
        registry.client.compact_events(current).send().await.unwrap();
        let status = behind.end().await;
        let facts = facts(&status, Code::OutOfRange, ErrorReason::RevisionCompacted);
        assert_eq!((&facts["compactedRevision"], &facts["currentRevision"]), (&current.to_string(), &current.to_string()));
        given::model(registry, "news").await;
        assert_eq!(up_to_date.event().await.revision, current + 1);
    }

    /// A stream in the middle of a revision that is compacted ends too: it must not pass over the rest of it.
    async fn a_stream_that_compaction_meets_within_a_revision_ends(registry: &Harness) {
        let model = given::model(registry, "iris").await;
        for number in 0..12 {
            let batch = (0..250).map(|one| registry.client.create_release(&model, format!("{number}.{one}")).digest(given::digest(1)));
            registry.client.batch_create_releases(batch).send().await.unwrap();
        }
        registry.client.delete_model(&model).force().send().await.unwrap();
        let mut behind = watch(&registry.client, WatchRequest { include_resource: true, ..after(13) }).await;
        let mut seen = behind.message().await;
        assert!(seen.iter().all(|event| event.revision == 14 && !event.last_in_revision), "not within the revision");
        registry.client.compact_events(14).send().await.unwrap();
        let status = loop {
            match behind.next().await {
                Ok(registry_client::pb::watch_response::Message::Events(more)) => seen.extend(more.events),
                Ok(other) => panic!("after {} of 3001 events: {other:?}", seen.len()),
                Err(status) => break status,
            }
        };
        let _ = facts(&status, Code::OutOfRange, ErrorReason::RevisionCompacted);
        assert!(seen.iter().map(|event| event.index).eq(0..i32::try_from(seen.len()).unwrap()));
        assert!(seen.len() < 3001, "all of it was on its way already: this tested nothing");
    }

    /// A deadline that passes ends the call as it ends any other.
    async fn a_deadline_ends_the_stream(registry: &Harness) {
        let began = Instant::now();
        let answer = timeout(
            Duration::from_secs(10),
            call(registry, "/modelregistry.v1.WatchService/Watch", &[("grpc-timeout", "1500m")], framed(&after(0))),
        );
        let answer = answer.await.expect("the end of the stream");
        assert_eq!((answer.status.code(), answer.reason()), (Code::DeadlineExceeded, Some(ErrorReason::DeadlineExceeded)));
        assert!(began.elapsed() >= Duration::from_millis(1500));
    }
}

on_every_database! {
    /// When the server stops, streams end and say that it is not their fault; they do not hold up the stop.
    async fn a_server_that_stops_ends_its_streams(database: Database) {
        let registry = Harness::start(database).await;
        sixteen(&registry).await;
        let client = registry_tests::keys::admin(registry.endpoint()).connect().await.unwrap();
        let mut idle = watch(&client, after(16)).await;
        idle.progress().await;
        let unread = watch(&client, after(0)).await;
        let began = Instant::now();
        let (idle, unread, ()) = futures::join!(idle.end(), unread.end(), registry.stop());
        // The grace of a test is five seconds.
        assert!(began.elapsed() < Duration::from_secs(4), "it took {:?}", began.elapsed());
        for status in [idle, unread] {
            let _ = facts(&status, Code::Unavailable, ErrorReason::BackendUnavailable);
        }
    }
}

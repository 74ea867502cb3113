//! Watching: where a stream begins, what its events say, and which of them a filter lets through.

use registry_client::pb::watch_response::Started;
use registry_client::pb::{WatchRequest, event::Resource};
use registry_client::{Client, Event, EventFilter, EventType, ReleaseState, ResourceKind};
use registry_tests::watching::{after, from_now, places, watch};
use registry_tests::{Harness, conformance, given};
use std::time::Duration;

async fn started(client: &Client, request: WatchRequest) -> (i64, i64, i64) {
    let Started { after_revision, current_revision, compacted_revision } = watch(client, request).await.started;
    (after_revision, current_revision, compacted_revision)
}

/// Every kind of change there is, each at a revision of its own: 1 to 14.
async fn everything(registry: &Harness) {
    let client = &registry.client;
    let model = given::model(registry, "iris").await;
    let first = given::candidate(registry, "iris", "1.0").await;
    client.update_release(&first).digest(given::digest(1)).release_notes("long").send().await.unwrap();
    client.transition_release(&first, ReleaseState::Active).send().await.unwrap();
    client.set_release_alias(&first, "production").send().await.unwrap();
    let second = given::release(registry, "iris", "2.0").await;
    client.set_release_alias(&second, "production").send().await.unwrap();
    client.delete_release_alias("iris", "production").send().await.unwrap();
    client.rename_model("iris", "lily").send().await.unwrap();
    client.delete_release(&first).send().await.unwrap();
    client.undelete_release(&first).send().await.unwrap();
    client.delete_release(&second).send().await.unwrap();
    client.purge_release(&second).send().await.unwrap();
    client.delete_model(&model).force().send().await.unwrap();
}

/// The values that a filter has for each condition.
type Conditions<'a> = (&'a [ResourceKind], &'a [EventType], &'a [&'a str]);

/// Where an event is, of what it is, and what happened to that.
type Said<'a> = (i64, i32, ResourceKind, EventType, &'a str);

fn said(events: &[Event]) -> Vec<Said<'_>> {
    let said = |event: &Event| (event.revision, event.index, event.resource_kind(), event.event_type());
    events
        .iter()
        .map(|event| (said(event), event.resource_name.as_str()))
        .map(|((r, i, k, t), name)| (r, i, k, t, name))
        .collect()
}

fn changed(event: &Event) -> Vec<&str> {
    event.changed_fields.iter().flat_map(|mask| &mask.paths).map(String::as_str).collect()
}

/// What a resource of an event is: its id, and its revision.
fn shown(event: &Event) -> Option<(String, i64)> {
    Some(match event.resource.as_ref()? {
        Resource::Model(model) => (model.id.clone(), model.revision),
        Resource::Release(release) => (release.id.clone(), release.revision),
        Resource::Artifact(artifact) => (artifact.id.clone(), artifact.revision),
        Resource::Deployment(deployment) => (deployment.id.clone(), deployment.revision),
        Resource::ReleaseAlias(alias) => (format!("{}/{}", alias.model_id, alias.alias), alias.revision),
    })
}

fn only(kinds: &[ResourceKind], types: &[EventType], models: &[&str]) -> EventFilter {
    EventFilter {
        resource_kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
        event_types: types.iter().map(|kind| i32::from(*kind)).collect(),
        model_ids: models.iter().map(|id| (*id).to_owned()).collect(),
    }
}

/// What comes through a filter, up to where the registry is.
async fn through(registry: &Harness, filter: EventFilter) -> Vec<Event> {
    let request = WatchRequest { filter: Some(filter), ..after(0) };
    watch(&registry.client, request).await.through(given::revision(registry).await).await
}

conformance! {
    /// The first message says where the stream begins: behind the revision asked for, behind everything, or behind what is
    /// no longer kept.
    async fn a_stream_says_where_it_begins(registry: &Harness) {
        assert_eq!(started(&registry.client, from_now()).await, (0, 0, 0));
        assert_eq!(started(&registry.client, after(0)).await, (0, 0, 0));
        for name in ["a", "b", "c", "d"] {
            given::model(registry, name).await;
        }
        assert_eq!(started(&registry.client, from_now()).await, (4, 4, 0));
        for revision in 0..=4 {
            assert_eq!(started(&registry.client, after(revision)).await, (revision, 4, 0));
        }
        registry.client.compact_events(2).send().await.unwrap();
        assert_eq!(started(&registry.client, after(0)).await, (2, 4, 2), "from the oldest that is kept");
        assert_eq!(started(&registry.client, after(2)).await, (2, 4, 2));
        assert_eq!(started(&registry.client, from_now()).await, (4, 4, 2));
        let kept = watch(&registry.client, after(0)).await.through(4).await;
        assert_eq!(places(&kept), [(3, 0, true), (4, 0, true)]);
    }

    /// What was there before comes first, then what happens, without a pause in between.
    async fn a_stream_goes_from_the_past_into_the_present(registry: &Harness) {
        given::model(registry, "a").await;
        given::model(registry, "b").await;
        // The one that looks back, the one that does not, and one that is never to hear anything by itself.
        let mut all = watch(&registry.client, after(1)).await;
        let silent = prost_types::Duration { seconds: 300, nanos: 0 };
        let mut new = watch(&registry.client, WatchRequest { progress_interval: Some(silent), ..WatchRequest::default() }).await;
        assert_eq!(places(&all.through(2).await), [(2, 0, true)]);
        for revision in 3..6 {
            given::model(registry, &format!("model-{revision}")).await;
            assert_eq!(places(&[all.event().await]), [(revision, 0, true)]);
            assert_eq!(places(&[new.event().await]), [(revision, 0, true)]);
        }
    }

    /// An event says what happened, to what, when, and who did it by which call.
    async fn events_say_what_happened(registry: &Harness) {
        use EventType::{Created, Deleted, Purged, StateChanged, Undeleted, Updated};
        use ResourceKind::{Model, Release, ReleaseAlias};
        everything(registry).await;
        let events = watch(&registry.client, after(0)).await.through(14).await;
        let (one, two, alias) = ("iris:1.0 (linux/amd64)", "iris:2.0 (linux/amd64)", "iris@production");
        let (lily_one, lily_two) = ("lily:1.0 (linux/amd64)", "lily:2.0 (linux/amd64)");
        let expected: [Said<'_>; 15] = [
            (1, 0, Model, Created, "iris"),
            (2, 0, Release, Created, one),
            (3, 0, Release, Updated, one),
            (4, 0, Release, StateChanged, one),
            (5, 0, ReleaseAlias, Created, alias),
            (6, 0, Release, Created, two),
            (7, 0, ReleaseAlias, Updated, alias),
            (8, 0, ReleaseAlias, Deleted, alias),
            (9, 0, Model, Updated, "lily"),
            (10, 0, Release, Deleted, lily_one),
            (11, 0, Release, Undeleted, lily_one),
            (12, 0, Release, Deleted, lily_two),
            (13, 0, Release, Purged, lily_two),
            (14, 0, Release, Deleted, lily_one),
            (14, 1, Model, Deleted, "lily"),
        ];
        assert_eq!(said(&events), expected);
        assert_eq!(changed(&events[2]), ["digest", "release_notes"]);
        assert_eq!(changed(&events[8]), ["name"]);
        let model = &events[0].resource_id;
        for event in &events {
            assert_eq!((&event.model_id, event.actor.as_str()), (model, "bootstrap-admin"), "{event:?}");
            assert_eq!(event.event_time, Some(given::time(0)), "the clock stands still");
            assert_eq!(uuid::Uuid::parse_str(&event.request_id).map(|_| ()), Ok(()), "{event:?}");
            let says = matches!(event.event_type(), Updated | StateChanged);
            assert_eq!(!changed(event).is_empty(), says, "{event:?}");
            assert_eq!(event.last_in_revision, (event.revision, event.index) != (14, 0), "{event:?}");
        }
        assert_eq!(events[4].resource_id, format!("{model}/production"));
        assert_eq!(events[14].resource_id, *model);
    }

    /// The call that made a change and when it was made are those of the change.
    async fn an_event_has_the_time_and_the_call_of_its_change(registry: &Harness) {
        let id = "0f3a1c9e-0000-4000-8000-000000000001";
        given::model(registry, "a").await;
        registry.advance(Duration::from_micros(5));
        registry.client.create_model("b", "/b").request_id(id).send().await.unwrap();
        // The same once more is not a change, and neither is one that changes nothing.
        registry.client.create_model("b", "/b").request_id(id).send().await.unwrap();
        registry.client.update_model("b").storage_path("/b").send().await.unwrap();
        registry.client.create_model("c", "/c").validate_only().send().await.unwrap();
        let mut events = watch(&registry.client, after(0)).await;
        assert_eq!(events.through(2).await[1].request_id, id);
        given::model(registry, "d").await;
        let last = events.event().await;
        assert_eq!((last.revision, last.event_time), (3, Some(given::time(5))));
    }

    /// The resource comes with its event for those who ask, as it was after the change and without what is large in it; it
    /// never comes with its removal.
    async fn resources_come_with_their_events(registry: &Harness) {
        everything(registry).await;
        let without = watch(&registry.client, after(0)).await.through(14).await;
        let with = watch(&registry.client, WatchRequest { include_resource: true, ..after(0) }).await.through(14).await;
        assert!(without.iter().all(|event| event.resource.is_none()));
        let stripped: Vec<Event> = with.iter().map(|event| Event { resource: None, ..event.clone() }).collect();
        assert_eq!(stripped, without);
        for event in &with {
            match (event.event_type(), event.resource_kind()) {
                (EventType::Purged, _) => assert_eq!(shown(event), None),
                // As it was before: it has no revision of its deletion.
                (EventType::Deleted, ResourceKind::ReleaseAlias) => assert_eq!(shown(event), Some((event.resource_id.clone(), 7))),
                _ => assert_eq!(shown(event), Some((event.resource_id.clone(), event.revision)), "{event:?}"),
            }
        }
        let Some(Resource::Release(updated)) = &with[2].resource else { panic!("{:?}", with[2]) };
        assert_eq!((updated.digest.as_deref(), updated.release_notes.as_deref()), (Some(&*given::digest(1)), None));
        assert_eq!(updated.state(), ReleaseState::Candidate, "as it was then, and not as it is now");
        let Some(Resource::Model(deleted)) = &with[14].resource else { panic!("{:?}", with[14]) };
        assert!(deleted.delete_time.is_some() && deleted.name == "lily", "{deleted:?}");
    }

    /// Conditions are met together, and each by any of its values.
    async fn a_filter_lets_through_what_meets_it(registry: &Harness) {
        use EventType::{Created, Deleted};
        use ResourceKind::{Model, Release, ReleaseAlias};
        everything(registry).await;
        let other = given::model(registry, "other").await;
        let all = through(registry, EventFilter::default()).await;
        let iris = all[0].model_id.as_str();
        let filters: [(Conditions<'_>, usize); 8] = [
            ((&[], &[], &[]), 16),
            ((&[Model], &[], &[]), 4),
            ((&[Model, ReleaseAlias], &[], &[]), 7),
            ((&[], &[Created], &[]), 5),
            ((&[Model], &[Created, Deleted], &[]), 3),
            ((&[], &[], &[iris]), 15),
            ((&[Model], &[Created], &[&other.id]), 1),
            ((&[Release], &[], &[&other.id]), 0),
        ];
        for ((kinds, types, models), count) in filters {
            let found = through(registry, only(kinds, types, models)).await;
            let meets = |event: &&Event| {
                (kinds.is_empty() || kinds.contains(&event.resource_kind()))
                    && (types.is_empty() || types.contains(&event.event_type()))
                    && (models.is_empty() || models.contains(&event.model_id.as_str()))
            };
            let expected: Vec<Event> = all.iter().filter(meets).cloned().collect();
            assert_eq!((said(&found), found.len()), (said(&expected), count), "{kinds:?} {types:?} {models:?}");
        }
    }

    /// Which event is the last of its revision depends on the filter; where it stands among them does not.
    async fn the_last_of_a_revision_is_the_last_that_is_let_through(registry: &Harness) {
        let model = given::model(registry, "iris").await;
        for version in ["1", "2", "3"] {
            given::release(registry, "iris", version).await;
        }
        registry.client.delete_model(&model).force().send().await.unwrap();
        let deleted = |kinds: &[ResourceKind]| through(registry, only(kinds, &[EventType::Deleted], &[]));
        assert_eq!(places(&deleted(&[]).await), [(5, 0, false), (5, 1, false), (5, 2, false), (5, 3, true)]);
        assert_eq!(places(&deleted(&[ResourceKind::Release]).await), [(5, 0, false), (5, 1, false), (5, 2, true)]);
        assert_eq!(places(&deleted(&[ResourceKind::Model]).await), [(5, 3, true)]);
        // Both are where a stream can go on.
        registry.client.undelete_model(&model).send().await.unwrap();
        let request = WatchRequest { filter: Some(only(&[ResourceKind::Release], &[], &[])), ..after(5) };
        assert_eq!(places(&watch(&registry.client, request).await.through(6).await), [(6, 1, false), (6, 2, false), (6, 3, true)]);
    }
}

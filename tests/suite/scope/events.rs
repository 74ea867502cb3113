//! History as a limited key sees it: the events of what had a name within its prefixes when they happened.

use super::{key, viewer};
use registry_client::{Client, Code, ErrorReason, Event, EventFilter, EventType, pb};
use registry_tests::raw::reason;
use registry_tests::watching::{after, from_now, listed, places, watch};
use registry_tests::{Harness, conformance, given};
use std::time::Duration;
use tokio::time::Instant;

/// Gives a key other prefixes.
pub(super) async fn limit(registry: &Harness, key: &pb::ApiKey, prefixes: &[&str]) {
    let model_name_prefixes = prefixes.iter().map(ToString::to_string).collect();
    let request = pb::UpdateApiKeyRequest {
        api_key_id: key.id.clone(),
        api_key: Some(pb::ApiKey { model_name_prefixes, ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["model_name_prefixes".into()] }),
        ..Default::default()
    };
    registry.client.call(request).send().await.expect("a key");
}

/// The name of the model that an event is about, or whose release, alias, artifact or deployment it is about.
pub(super) fn model_of(event: &Event) -> &str {
    event.resource_name.split([':', '@', '#']).next().unwrap_or_default()
}

/// The events of these models, each told whether it is the last of its revision among them.
pub(super) fn of_models(events: &[Event], is_within: impl Fn(&str) -> bool) -> Vec<Event> {
    let mut within: Vec<Event> = events.iter().filter(|event| is_within(model_of(event))).cloned().collect();
    let next: Vec<Option<i64>> = within.iter().skip(1).map(|event| Some(event.revision)).chain([None]).collect();
    for (event, next) in within.iter_mut().zip(next) {
        event.last_in_revision = next != Some(event.revision);
    }
    within
}

async fn all_events(client: &Client) -> Vec<Event> {
    listed(client, 0, &EventFilter::default()).await
}

/// Models, releases, aliases and deployments of two teams: created, changed, deleted, purged, and several of both by one call.
async fn two_teams(registry: &Harness) {
    let client = &registry.client;
    let both = ["team-b/first", "team-a/1", "team-b/1", "team-a/2", "team-b/last"].map(|name| client.create_model(name, "/m"));
    client.batch_create_models(both).send().await.unwrap();
    client.batch_create_models(["team-a/3", "team-b/3"].map(|name| client.create_model(name, "/m"))).send().await.unwrap();
    for team in ["team-a", "team-b"] {
        let model = format!("{team}/1");
        let release = given::release(registry, &model, "1.0-rc.1+x").await;
        given::alias(registry, &release, "prod").await;
        given::terminated(registry, &release, "production: @first").await;
        client.delete_release_alias(&*model, "prod").send().await.unwrap();
        given::artifact(registry, &release, "of the release").await;
        given::artifact(registry, &*model, "of the model").await;
        client.update_model(&*model).description("changed").send().await.unwrap();
        let gone = client.delete_model(&*model).force().send().await.unwrap();
        client.purge_model(&gone.model.unwrap()).send().await.unwrap();
    }
    client.create_model("team-a", "/m").send().await.unwrap();
    client.create_model("team-ab/1", "/m").send().await.unwrap();
}

conformance! {
    /// ListEvents and Watch give a limited key what they give to others, without the events of other models, and with the last
    /// event that is left of each revision marked as that.
    async fn history_is_that_of_what_is_within(registry: &Harness) {
        two_teams(registry).await;
        let all = all_events(&registry.client).await;
        for prefix in ["team-a/", "team-b/", "team-a", "team-a/1", "nobody/"] {
            let client = viewer(registry, &[prefix]).await;
            let expected = of_models(&all, |model| model.starts_with(prefix));
            assert!(expected.len() < all.len() && (prefix == "nobody/" || !expected.is_empty()));
            assert_eq!(all_events(&client).await, expected, "{prefix}");
            let current = given::revision(registry).await;
            assert_eq!(watch(&client, after(0)).await.through(current).await, expected, "{prefix}");
            for size in [1, 2, 3] {
                let pages = pb::ListEventsRequest { page_size: size, include_resource: true, ..Default::default() };
                let page = client.call(pages).send().await.unwrap();
                let told: Vec<Event> = page.events.into_iter().map(|event| Event { resource: None, ..event }).collect();
                assert_eq!(told, expected.iter().filter(|event| event.revision <= page.through_revision).cloned().collect::<Vec<_>>());
            }
        }
    }

    /// A filter on models chooses among what is within.
    async fn a_filter_does_not_lead_outside(registry: &Harness) {
        let ids = [given::model(registry, "team-a/m").await.id, given::model(registry, "team-b/m").await.id];
        let client = viewer(registry, &["team-a/"]).await;
        let both = EventFilter { model_ids: ids.to_vec(), ..Default::default() };
        assert_eq!(places(&listed(&client, 0, &both).await), [(1, 0, true)]);
        let other = EventFilter { model_ids: vec![ids[1].clone()], ..Default::default() };
        assert_eq!(listed(&client, 0, &other).await, []);
    }

    /// Whoever watches hears nothing of what happens outside but how far it has come.
    async fn what_happens_outside_is_progress(registry: &Harness) {
        let client = viewer(registry, &["team-a/"]).await;
        let mut watcher = watch(&client, from_now()).await;
        for number in 0..5 {
            given::model(registry, &format!("team-b/{number}")).await;
        }
        let current = given::revision(registry).await;
        assert_eq!(watcher.through(current).await, []);
        given::model(registry, "team-a/m").await;
        assert_eq!(watcher.event().await.resource_name, "team-a/m");
    }

    /// A model that comes into the prefixes is an update of its name, and what happened to it before stays outside. One that goes
    /// is not heard of any more, not even that it goes; what happened to it before stays within.
    async fn a_rename_across_the_prefixes_is_seen_from_one_side(registry: &Harness) {
        let client = viewer(registry, &["team-a/"]).await;
        let model = given::model(registry, "team-b/m").await;
        let start = given::revision(registry).await;
        let mut watcher = watch(&client, after(start)).await;
        registry.client.rename_model(&model, "team-a/m").send().await.unwrap();
        let came = watcher.event().await;
        assert_eq!((came.event_type(), &*came.resource_name), (EventType::Updated, "team-a/m"));
        assert_eq!(came.changed_fields.as_ref().unwrap().paths, ["name"]);
        registry.client.update_model(&model).description("x").send().await.unwrap();
        assert_eq!(watcher.event().await.resource_name, "team-a/m");
        registry.client.rename_model(&model, "team-b/gone").send().await.unwrap();
        registry.client.update_model(&model).description("y").send().await.unwrap();
        let current = given::revision(registry).await;
        assert_eq!(watcher.through(current).await, []);
        let names: Vec<String> = all_events(&client).await.into_iter().map(|event| event.resource_name).collect();
        assert_eq!(names, ["team-a/m", "team-a/m"]);
    }

    /// A stream whose key is given other prefixes ends within five seconds, and the next one has them.
    async fn a_stream_does_not_outlive_its_prefixes(registry: &Harness) {
        let (made, client) = key(registry, pb::Role::Viewer, &["team-a/"]).await;
        let watcher = watch(&client, after(0)).await;
        let changed = Instant::now();
        limit(registry, &made, &["team-b/"]).await;
        let status = watcher.end().await;
        assert!(changed.elapsed() < Duration::from_secs(5));
        assert_eq!((status.code(), reason(&status)), (Code::Unavailable, Some(ErrorReason::BackendUnavailable)));
        for name in ["team-a/m", "team-b/m"] {
            given::model(registry, name).await;
        }
        assert_eq!(watch(&client, after(0)).await.event().await.resource_name, "team-b/m");
    }
}

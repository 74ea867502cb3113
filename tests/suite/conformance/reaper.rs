//! What the registry removes by itself when its time has come: once, not sooner, and as soon as nothing is in the way.

use registry_client::{Event, EventFilter, EventType, Model, Release, ReleaseRef, ResourceKind, pb};
use registry_server::serve::Settings;
use registry_tests::{Database, Harness, given, on_every_database, wait};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const A_MICROSECOND: Duration = Duration::from_micros(1);
/// Longer than the registry can take to look once more.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks for what is due all the time, and remembers every event.
fn busy(settings: &mut Settings) {
    settings.housekeeping = Duration::from_millis(20);
    settings.retention.events = 3650 * DAY;
}

/// Every removal so far.
async fn removals(registry: &Harness) -> Vec<Event> {
    let filter = EventFilter { event_types: vec![EventType::Purged.into()], ..EventFilter::default() };
    let request = pb::ListEventsRequest { page_size: 1000, filter: Some(filter), include_resource: true, ..Default::default() };
    let page = registry.client.call(request).send().await.unwrap();
    assert!(!page.has_more);
    page.events
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.resource_id.as_str()).collect()
}

/// Waits until the registry has removed this.
async fn gone(registry: &Harness, what: &str, id: &str) {
    wait::until(what, PATIENCE, async || ids(&removals(registry).await).contains(&id).then_some(())).await;
}

/// A model that is deleted now. When it is gone, the registry has looked at everything that was due before it.
async fn mark(registry: &Harness, name: &str) -> Model {
    let model = given::model(registry, name).await;
    registry.client.delete_model(&model).send().await.unwrap();
    model
}

/// Waits until the registry has looked for what is due at this moment, all of it, once.
async fn a_round(registry: &Harness, mark: &Model) {
    gone(registry, "the removal of what was due", &mark.id).await;
    // Releases are looked at after models: by the next model, they have been.
    let again = self::mark(registry, &format!("{}-again", mark.name)).await;
    registry.advance(30 * DAY);
    gone(registry, "the next removal of what was due", &again.id).await;
}

async fn delete(registry: &Harness, release: &Release) {
    registry.client.delete_release(release).send().await.unwrap();
}

on_every_database! {
    /// What is deleted is removed when its time has come, by the registry itself: with all that belongs to it, once each.
    async fn what_is_due_is_removed_once(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let mut others = Vec::new();
        if database == Database::Postgres {
            for _ in 0..2 {
                let settings = |settings: &mut Settings| {
                    busy(settings);
                    settings.clock = registry.clock.clone();
                };
                others.push(registry.replica_with(settings).await);
            }
        }
        let mut expected = Vec::new();
        for number in 0..10 {
            let name = format!("m-{number}");
            let model = given::model(registry, &name).await;
            let releases = given::releases(registry, &name, 1..=2).await;
            given::alias(registry, &releases[0], "stable").await;
            registry.client.delete_model(&name).force().send().await.unwrap();
            let alias = format!("{}/stable", model.id);
            expected.extend([alias, releases[0].id.clone(), releases[1].id.clone(), model.id]);
        }
        given::model(registry, "live").await;
        for release in given::releases(registry, "live", 1..=10).await {
            delete(registry, &release).await;
            expected.push(release.id);
        }
        given::release(registry, "live", "stays").await;
        registry.advance(30 * DAY);
        let all = async || (removals(registry).await.len() >= expected.len()).then_some(());
        wait::until("everything that is due is removed", PATIENCE, all).await;
        let mark = mark(registry, "mark").await;
        registry.advance(30 * DAY);
        a_round(registry, &mark).await;
        let removals = removals(registry).await;
        for id in &expected {
            assert_eq!(removals.iter().filter(|event| event.resource_id == *id).count(), 1, "{id}");
        }
        assert_eq!(removals.len(), expected.len() + 2, "nothing else was removed");
        for event in &removals {
            assert_eq!((event.actor.as_str(), event.request_id.is_empty(), &event.resource), ("registry", false, &None));
        }
        let kinds = [ResourceKind::ReleaseAlias, ResourceKind::Release, ResourceKind::Release, ResourceKind::Model];
        let first = removals.iter().position(|event| event.resource_id == expected[0]).unwrap();
        let together = &removals[first..first + 4];
        assert_eq!((ids(together), together.iter().map(Event::resource_kind).collect::<Vec<_>>()), (ids_of(&expected[..4]), kinds.into()));
        assert!(together.iter().all(|event| event.revision == together[0].revision));
        assert_eq!(registry.client.list_models().show_deleted().send().await.unwrap().items.len(), 1);
        assert_eq!(registry.client.list_releases().show_deleted().send().await.unwrap().items.len(), 1);
        for other in others {
            other.stop().await;
        }
    }

    /// Nothing is removed a microsecond too soon.
    async fn nothing_is_removed_too_soon(database: Database) {
        let registry = &Harness::with(database, busy).await;
        given::model(registry, "live").await;
        let [due, later] = given::releases(registry, "live", 1..=2).await.try_into().unwrap();
        let mark = mark(registry, "due").await;
        delete(registry, &due).await;
        registry.advance(A_MICROSECOND);
        let model = given::model(registry, "later").await;
        registry.client.delete_model("later").send().await.unwrap();
        delete(registry, &later).await;
        registry.advance(30 * DAY - A_MICROSECOND);
        gone(registry, "the model that is due", &mark.id).await;
        gone(registry, "the release that is due", &due.id).await;
        assert_eq!(removals(registry).await.len(), 2);
        assert_eq!(registry.client.get_model(&model).send().await.unwrap().purge_time, Some(given::time(30 * 86_400_000_000 + 1)));
        registry.client.get_release(&later).send().await.unwrap();
        registry.advance(A_MICROSECOND);
        gone(registry, "the model a microsecond later", &model.id).await;
        gone(registry, "the release a microsecond later", &later.id).await;
    }

    /// What came back in time is not removed, and what is deleted again gets all of its time again.
    async fn what_came_back_is_not_removed(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        registry.client.delete_model("m").force().send().await.unwrap();
        registry.advance(29 * DAY);
        registry.client.undelete_model("m").send().await.unwrap();
        delete(registry, &release).await;
        let again = given::model(registry, "again").await;
        registry.client.delete_model("again").send().await.unwrap();
        let mark = mark(registry, "mark").await;
        registry.advance(29 * DAY);
        assert_eq!(registry.client.undelete_model("again").send().await.unwrap().id, again.id);
        registry.advance(DAY);
        a_round(registry, &mark).await;
        let removals = removals(registry).await;
        assert!(ids(&removals).contains(&release.id.as_str()) && removals.len() == 3, "{removals:?}");
        assert_eq!(registry.client.get_model(&model).send().await.unwrap().delete_time, None);
        assert_eq!(registry.client.get_model("again").send().await.unwrap().id, again.id);
    }

    /// What others are derived from stays until they are gone, however long that takes, and then goes.
    async fn what_is_in_use_stays_until_it_is_not(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let model = given::model(registry, "base").await;
        let of_model = given::release(registry, "base", "1").await;
        given::model(registry, "live").await;
        let of_live = given::release(registry, "live", "1").await;
        let derive = |version: &str, base: &Release| {
            registry.client.create_release("live", version).digest(given::digest(2)).base_release(base).send()
        };
        let (one, other) = (derive("2", &of_model).await.unwrap(), derive("3", &of_live).await.unwrap());
        registry.client.delete_model("base").force().send().await.unwrap();
        delete(registry, &of_live).await;
        let mark = mark(registry, "mark").await;
        registry.advance(300 * DAY);
        a_round(registry, &mark).await;
        assert_eq!(removals(registry).await.len(), 2, "only the marks");
        let stayed = registry.client.get_model(&model).send().await.unwrap();
        assert_eq!(stayed.purge_time, Some(given::time(30 * 86_400_000_000)));
        registry.client.get_release(&of_live).send().await.unwrap();
        for release in [one, other] {
            delete(registry, &release).await;
            registry.client.purge_release(&release).send().await.unwrap();
        }
        gone(registry, "the model that is in use no more", &model.id).await;
        gone(registry, "the release that is in use no more", &of_live.id).await;
    }

    /// An artifact that was deleted by itself goes when its own time has come. One that was deleted with its release or its model
    /// goes with that and not before it, whatever keeps that from going.
    async fn an_artifact_goes_alone_or_with_what_it_is_of(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let base = given::model(registry, "base").await;
        let of_base = given::release(registry, "base", "1").await;
        given::model(registry, "live").await;
        let of_live = given::release(registry, "live", "1").await;
        let derive = |version: &str, base: &Release| {
            registry.client.create_release("live", version).digest(given::digest(2)).base_release(base).send()
        };
        let (one, other) = (derive("2", &of_base).await.unwrap(), derive("3", &of_live).await.unwrap());
        let [with_model, with_all] = [given::artifact(registry, "base", "a").await, given::artifact(registry, &of_base, "a").await];
        let with_release = given::artifact(registry, &of_live, "a").await;
        let mut alone = Vec::new();
        for artifact in [given::artifact(registry, &of_live, "b").await, given::artifact(registry, "live", "b").await, given::artifact(registry, "base", "b").await] {
            registry.client.delete_artifact(&artifact).send().await.unwrap();
            alone.push(artifact.id);
        }
        registry.client.delete_model("base").force().send().await.unwrap();
        delete(registry, &of_live).await;
        registry.advance(30 * DAY - A_MICROSECOND);
        let mark = mark(registry, "mark").await;
        registry.advance(A_MICROSECOND);
        for id in &alone {
            gone(registry, "the artifact that was deleted by itself", id).await;
        }
        registry.advance(300 * DAY);
        a_round(registry, &mark).await;
        assert_eq!(removals(registry).await.len(), alone.len() + 2, "only those, and the marks");
        for artifact in [&with_model, &with_all, &with_release] {
            assert!(registry.client.get_artifact(artifact).send().await.unwrap().delete_time.is_some());
        }
        for release in [one, other] {
            delete(registry, &release).await;
            registry.client.purge_release(&release).send().await.unwrap();
        }
        gone(registry, "the model that is in use no more", &base.id).await;
        gone(registry, "the release that is in use no more", &of_live.id).await;
        let removals = removals(registry).await;
        for artifact in [&with_model, &with_all, &with_release] {
            let of = |id: &str| removals.iter().filter(|event| event.resource_id == id).map(|event| event.revision).collect::<Vec<_>>();
            let with = if artifact.id == with_release.id { &of_live.id } else { &base.id };
            assert_eq!((of(&artifact.id).len(), of(&artifact.id)), (1, of(with)));
        }
    }

    /// A release that was deleted before its model goes when its own time has come, and leaves the others to be undeleted.
    async fn a_release_goes_before_its_model(database: Database) {
        let registry = &Harness::with(database, busy).await;
        given::model(registry, "m").await;
        let [earlier, with_it] = given::releases(registry, "m", 1..=2).await.try_into().unwrap();
        given::alias(registry, &with_it, "stable").await;
        delete(registry, &earlier).await;
        registry.advance(DAY);
        registry.client.delete_model("m").force().send().await.unwrap();
        registry.advance(29 * DAY);
        gone(registry, "the release that was deleted first", &earlier.id).await;
        assert_eq!(removals(registry).await.len(), 1);
        let back = registry.client.undelete_model("m").send().await.unwrap();
        assert_eq!(back.release_count, Some(1));
        assert_eq!(registry.client.get_release(ReleaseRef::key("m", "2")).send().await.unwrap().id, with_it.id);
    }
}

fn ids_of(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

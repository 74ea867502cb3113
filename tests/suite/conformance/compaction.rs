//! Forgetting events: on demand and by age, and what is not forgotten with them.

use registry_client::{Code, CompactedEvents, ErrorReason, EventFilter, Release};
use registry_server::domain::Retention;
use registry_tests::expect::{fact, invalid, refused};
use registry_tests::watching::{after, from_now, listed, places, watch};
use registry_tests::{Database, Harness, conformance, given, on_every_database, wait};
use sea_orm::{ConnectionTrait, Statement};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SOON: Duration = Duration::from_secs(20);

/// The revisions of the events that are stored.
async fn stored(registry: &Harness) -> Vec<i64> {
    let db = registry.sql().await;
    let select = Statement::from_string(db.get_database_backend(), "SELECT revision FROM events ORDER BY revision, position");
    let rows = db.query_all_raw(select).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a number")).collect()
}

/// Waits until just the events of these revisions are stored: what is forgotten is removed behind the caller's back.
async fn left(registry: &Harness, revisions: &[i64]) {
    let look = || async { (stored(registry).await == revisions).then_some(()) };
    wait::until(format!("only {revisions:?} are stored"), SOON, look).await;
}

async fn compacted(registry: &Harness) -> i64 {
    registry.client.server_info().send().await.expect("the server info").compacted_revision
}

async fn compact(registry: &Harness, revision: i64) -> (i64, i64) {
    let CompactedEvents { compacted_revision, dropped_count } = registry.client.compact_events(revision).send().await.unwrap();
    (compacted_revision, dropped_count)
}

/// Revisions 1 to 5: the third has three events.
async fn five_revisions(registry: &Harness) {
    given::model(registry, "a").await;
    given::model(registry, "b").await;
    let create = |version: u8| registry.client.create_release("a", version.to_string()).digest(given::digest(1));
    registry.client.batch_create_releases((1..=3).map(create)).send().await.unwrap();
    given::model(registry, "c").await;
    given::model(registry, "d").await;
}

/// A registry that looks all the time for what is due.
async fn tidy(database: Database, change: impl FnOnce(&mut Retention)) -> Harness {
    Harness::with(database, |settings| {
        settings.housekeeping = Duration::from_millis(20);
        change(&mut settings.retention);
    })
    .await
}

conformance! {
    /// Events up to a revision are gone, and counted; those after it stay. A compaction is no change: it has no revision.
    async fn events_are_forgotten_up_to_a_revision(registry: &Harness) {
        five_revisions(registry).await;
        assert_eq!((compacted(registry).await, stored(registry).await), (0, vec![1, 2, 3, 3, 3, 4, 5]));
        assert_eq!(compact(registry, 3).await, (3, 5));
        assert_eq!(compacted(registry).await, 3);
        left(registry, &[4, 5]).await;
        assert_eq!(watch(&registry.client, from_now()).await.started.compacted_revision, 3);
        assert_eq!(given::revision(registry).await, 5);
        assert_eq!(given::model(registry, "e").await.revision, 6);
        assert_eq!(places(&watch(&registry.client, after(3)).await.through(6).await), [(4, 0, true), (5, 0, true), (6, 0, true)]);
        // All of them.
        assert_eq!(compact(registry, 6).await, (6, 3));
        assert_eq!(compacted(registry).await, 6);
        left(registry, &[]).await;
        assert_eq!(listed(&registry.client, 0, &EventFilter::default()).await, []);
        assert_eq!(given::model(registry, "f").await.revision, 7, "revisions go on where they were");
        assert_eq!(compact(registry, 7).await, (7, 1));
    }

    /// What is forgotten already can be forgotten again: nothing happens.
    async fn forgetting_twice_is_forgetting_once(registry: &Harness) {
        five_revisions(registry).await;
        assert_eq!(compact(registry, 4).await, (4, 6));
        for revision in [4, 3, 1] {
            assert_eq!(compact(registry, revision).await, (4, 0));
        }
        assert_eq!(compacted(registry).await, 4);
        left(registry, &[5]).await;
    }

    /// What has not happened cannot be forgotten.
    async fn the_future_cannot_be_forgotten(registry: &Harness) {
        five_revisions(registry).await;
        for revision in [6, i64::MAX] {
            let answer = registry.client.compact_events(revision).send().await;
            let error = refused(answer, Code::OutOfRange, ErrorReason::RevisionInFuture);
            assert_eq!(fact(&error, "currentRevision"), "5");
        }
        invalid(registry.client.compact_events(0).send().await, &[("revision", "REQUIRED")]);
        for revision in [-1, i64::MIN] {
            invalid(registry.client.compact_events(revision).send().await, &[("revision", "INT64_GTE")]);
        }
        assert_eq!((compacted(registry).await, stored(registry).await.len()), (0, 7));
    }

    /// Where an alias has pointed is not a matter of events: its history and what it stood for at a time stay.
    async fn the_history_of_aliases_is_kept(registry: &Harness) {
        given::model(registry, "iris").await;
        let one = given::release(registry, "iris", "1").await;
        let two = given::release(registry, "iris", "2").await;
        let point = async |release: &Release| {
            registry.advance(Duration::from_secs(10));
            registry.client.set_release_alias(release, "production").send().await.unwrap();
        };
        point(&one).await;
        point(&two).await;
        registry.advance(Duration::from_secs(10));
        let history = || registry.client.list_release_alias_history("iris", "production").send();
        let as_of = async |seconds: i64| {
            let request = registry_client::pb::ResolveReleaseRequest {
                model_ref: Some(registry_client::ModelRef::by_name("iris").into()),
                selector: Some(registry_client::pb::resolve_release_request::Selector::Alias("production".into())),
                as_of_time: Some(given::time(seconds * 1_000_000)),
                ..Default::default()
            };
            registry.client.call(request).send().await.unwrap().release.unwrap().id
        };
        let before = (history().await.unwrap().items, as_of(15).await, as_of(25).await);
        assert_eq!((before.0.len(), &before.1, &before.2), (2, &one.id, &two.id));
        assert_eq!(compact(registry, 5).await, (5, 5));
        assert_eq!((history().await.unwrap().items, as_of(15).await, as_of(25).await), before);
    }

    /// More than is removed at a time.
    async fn thousands_of_events_are_forgotten(registry: &Harness) {
        given::model(registry, "iris").await;
        for number in 0..20 {
            let create = |one| registry.client.create_release("iris", format!("{number}.{one}")).digest(given::digest(1));
            registry.client.batch_create_releases((0..250).map(create)).send().await.unwrap();
        }
        registry.client.delete_model("iris").force().send().await.unwrap();
        assert_eq!(compact(registry, 22).await, (22, 1 + 5000 + 5001));
        left(registry, &[]).await;
        assert_eq!((given::revision(registry).await, compacted(registry).await), (22, 22));
    }
}

on_every_database! {
    /// After seven days events go by themselves; what is a microsecond younger stays. Nothing else changes.
    async fn events_older_than_a_week_go(database: Database) {
        let registry = tidy(database, |_| ()).await;
        given::model(&registry, "a").await;
        given::model(&registry, "b").await;
        registry.advance(Duration::from_micros(1));
        given::model(&registry, "c").await;
        registry.advance(6 * DAY);
        given::model(&registry, "d").await;
        registry.advance(DAY - Duration::from_micros(1));
        // Exactly a week old is not older than a week. That nothing happens shows when something else has.
        assert_eq!((compacted(&registry).await, stored(&registry).await), (0, vec![1, 2, 3, 4]));
        registry.advance(Duration::from_micros(1));
        wait::until("the oldest events go", SOON, async || (stored(&registry).await == [3, 4]).then_some(())).await;
        assert_eq!((compacted(&registry).await, given::revision(&registry).await), (2, 4));
        registry.advance(6 * DAY);
        wait::until("the third goes", SOON, async || (stored(&registry).await == [4]).then_some(())).await;
        registry.advance(7 * DAY);
        wait::until("the last goes", SOON, async || stored(&registry).await.is_empty().then_some(())).await;
        assert_eq!((compacted(&registry).await, given::revision(&registry).await), (4, 4));
        assert_eq!(given::model(&registry, "e").await.revision, 5);
        assert_eq!(listed(&registry.client, 0, &EventFilter::default()).await.len(), 1);
        registry.stop().await;
    }

    /// A revision goes as a whole, also if it has more events than are looked at in one go.
    async fn an_old_revision_goes_as_a_whole(database: Database) {
        let registry = tidy(database, |retention| retention.events = DAY).await;
        given::model(&registry, "iris").await;
        for number in 0..9 {
            let create = |one| registry.client.create_release("iris", format!("{number}.{one}")).digest(given::digest(1));
            registry.client.batch_create_releases((0..250).map(create)).send().await.unwrap();
        }
        registry.client.delete_model("iris").force().send().await.unwrap();
        registry.advance(DAY);
        let young = given::model(&registry, "young").await.revision;
        registry.advance(Duration::from_micros(1));
        wait::until("all but the young", SOON, async || (stored(&registry).await == [young]).then_some(())).await;
        assert_eq!((compacted(&registry).await, given::revision(&registry).await), (young - 1, young));
        registry.stop().await;
    }
}

//! Events page by page: whole revisions, everything once, and where to go on.

use prost::Message;
use registry_client::pb::{self, ListEventsRequest};
use registry_client::{Client, Code, ErrorReason, Event, EventFilter, EventPage, EventType, ReleaseRef, ResourceKind};
use registry_tests::expect::{fact, invalid, refused};
use registry_tests::watching::{after, places, watch};
use registry_tests::{Harness, conformance, given};
use sea_orm::ConnectionTrait;
use std::collections::BTreeSet;

/// A walk from the beginning, page by page.
async fn walk(client: &Client, page_size: i32, filter: EventFilter) -> Vec<EventPage> {
    let (mut pages, mut after, mut more) = (Vec::new(), 0, true);
    while more {
        let page = client.list_events().after_revision(after).page_size(page_size).filter(filter.clone()).send().await.unwrap();
        assert!(!page.has_more || page.through_revision > after, "{page:?} after {after}");
        (after, more) = (page.through_revision, page.has_more);
        pages.push(page);
    }
    pages
}

fn all(pages: &[EventPage]) -> Vec<Event> {
    pages.iter().flat_map(|page| page.events.clone()).collect()
}

fn counts(pages: &[EventPage]) -> Vec<usize> {
    pages.iter().map(|page| page.events.len()).collect()
}

fn throughs(pages: &[EventPage]) -> Vec<i64> {
    pages.iter().map(|page| page.through_revision).collect()
}

/// So many releases at one revision.
async fn releases(registry: &Harness, version: &str, count: usize) {
    let create = |one| registry.client.create_release("iris", format!("{version}.{one}")).digest(given::digest(1));
    registry.client.batch_create_releases((0..count).map(create)).send().await.unwrap();
}

/// Revisions of 1, 3, 25, 4, 4, 4, 9 and 1 events.
async fn eight_revisions(registry: &Harness) {
    given::model(registry, "iris").await;
    for (version, count) in [("1", 3), ("2", 25), ("3", 4), ("4", 4), ("5", 4), ("6", 9), ("7", 1)] {
        releases(registry, version, count).await;
    }
}

fn kinds(kind: ResourceKind) -> EventFilter {
    EventFilter { resource_kinds: vec![kind.into()], ..EventFilter::default() }
}

conformance! {
    /// A registry in which nothing has happened has an empty page and nothing more.
    async fn there_is_nothing_at_first(registry: &Harness) {
        let page = registry.client.list_events().send().await.unwrap();
        assert_eq!((page.events.len(), page.through_revision, page.has_more), (0, 0, false));
    }

    /// Pages end where revisions end, also if that makes them short, or long.
    async fn a_revision_is_never_split(registry: &Harness) {
        eight_revisions(registry).await;
        let pages = walk(&registry.client, 10, EventFilter::default()).await;
        assert_eq!((counts(&pages), throughs(&pages)), (vec![4, 25, 8, 4, 10], vec![2, 3, 5, 6, 8]));
        let pages = walk(&registry.client, 1, EventFilter::default()).await;
        assert_eq!((counts(&pages), throughs(&pages)), (vec![1, 3, 25, 4, 4, 4, 9, 1], (1..=8).collect()));
        let pages = walk(&registry.client, 0, EventFilter::default()).await;
        assert_eq!((counts(&pages), throughs(&pages)), (vec![50, 1], vec![7, 8]));
    }

    /// However large the pages are, together they are what a stream delivers.
    async fn pages_cover_everything_once(registry: &Harness) {
        eight_revisions(registry).await;
        registry.client.delete_model("iris").force().send().await.unwrap();
        let filters = [
            EventFilter::default(),
            kinds(ResourceKind::Model),
            kinds(ResourceKind::Release),
            EventFilter { event_types: vec![EventType::Deleted.into()], ..kinds(ResourceKind::Model) },
        ];
        for filter in filters {
            let request = pb::WatchRequest { filter: Some(filter.clone()), ..after(0) };
            let expected = watch(&registry.client, request).await.through(9).await;
            for size in [1, 2, 3, 7, 10, 24, 25, 26, 50, 1000, i32::MAX] {
                let pages = walk(&registry.client, size, filter.clone()).await;
                assert_eq!(all(&pages), expected, "{size} {filter:?}");
                assert_eq!(throughs(&pages).last(), Some(&9), "{size} {filter:?}");
                for page in &pages {
                    let revisions: BTreeSet<i64> = page.events.iter().map(|event| event.revision).collect();
                    assert!(i64::try_from(page.events.len()).unwrap() <= i64::from(size) || revisions.len() == 1, "{size}: {page:?}");
                    assert!(page.events.last().is_none_or(|last| last.last_in_revision && last.revision <= page.through_revision));
                }
            }
        }
    }

    /// Without a size a page has 50 events at the most; it never has more than 1000, whatever is asked for.
    async fn pages_have_a_size(registry: &Harness) {
        given::model(registry, "iris").await;
        for number in 0..9 {
            releases(registry, &number.to_string(), 125).await;
        }
        for number in 0..60 {
            given::model(registry, &format!("model-{number}")).await;
        }
        assert_eq!(counts(&walk(&registry.client, i32::MAX, EventFilter::default()).await), [876, 310]);
        let page = registry.client.list_events().after_revision(10).send().await.unwrap();
        assert_eq!((page.events.len(), page.through_revision, page.has_more), (50, 60, true));
    }

    /// The end of the walk is where the next one begins.
    async fn the_end_is_where_to_go_on(registry: &Harness) {
        eight_revisions(registry).await;
        let page = |after| registry.client.list_events().after_revision(after).filter(kinds(ResourceKind::Model)).send();
        let last = page(1).await.unwrap();
        assert_eq!((last.events.len(), last.through_revision, last.has_more), (0, 8, false), "there are no models behind 1");
        given::model(registry, "news").await;
        let news = page(last.through_revision).await.unwrap();
        assert_eq!((places(&news.events), news.through_revision, news.has_more), (vec![(9, 0, true)], 9, false));
    }

    /// Resources come for those who ask; a page with them ends at about 2 MiB, at the end of a revision.
    async fn a_page_is_cut_at_two_mebibytes(registry: &Harness) {
        given::model(registry, "iris").await;
        let label = "x".repeat(5000);
        for number in 0..20 {
            let create = |one| registry.client.create_release("iris", format!("{number}.{one}")).digest(given::digest(1));
            let large = |one| create(one).labels((0..20).map(|key| (format!("label-{key}"), label.clone())));
            registry.client.batch_create_releases((0..3).map(large)).send().await.unwrap();
        }
        let (mut events, mut after, mut pages) = (Vec::new(), 0, 0);
        loop {
            let request = ListEventsRequest { page_size: 1000, after_revision: after, include_resource: true, ..Default::default() };
            let page = registry.client.call(request).send().await.unwrap();
            let bytes = page.encoded_len();
            assert!(bytes <= 2 * 1024 * 1024 + 1024, "{bytes}");
            // Another revision, of 300 kB, would not have fitted.
            assert!(bytes > 1_700_000 || !page.has_more, "{bytes}");
            let last = page.events.last().unwrap();
            assert!(last.last_in_revision && last.revision == page.through_revision, "{}", page.through_revision);
            pages += 1;
            after = page.through_revision;
            events.extend(page.events);
            if !page.has_more {
                break;
            }
        }
        assert_eq!((events.len(), after), (61, 21));
        assert!((3..=5).contains(&pages), "{pages} pages of 6 MB");
        assert!(events.iter().all(|event| event.resource.is_some()));
    }

    /// A filter that lets nothing through for ten thousand revisions: pages can be empty, and the walk still ends.
    async fn a_walk_over_ten_thousand_hidden_revisions_ends(registry: &Harness) {
        let model = given::model(registry, "iris").await;
        given::release(registry, "iris", "1").await;
        // Written behind the server's back: so many calls take longer than the test is worth.
        let db = registry.sql().await;
        let columns = "event_type, event_time, resource_kind, resource_id, resource_name, model_id, actor, request_id, changed_fields";
        let more = format!(
            "INSERT INTO events (revision, position, last_in_revision, {columns})
             WITH RECURSIVE number(n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM number WHERE n < 25000)
             SELECT n, position, last_in_revision, {columns} FROM number, events WHERE revision = 1"
        );
        db.execute_unprepared(&more).await.unwrap();
        db.execute_unprepared("UPDATE registry_state SET revision = 25000").await.unwrap();
        registry.client.update_model(&model).description("last").send().await.unwrap();
        registry.client.delete_release(ReleaseRef::key("iris", "1")).send().await.unwrap();
        let pages = walk(&registry.client, 1000, kinds(ResourceKind::Release)).await;
        assert_eq!(places(&all(&pages)), [(2, 0, true), (25002, 0, true)]);
        assert!(pages.iter().any(|page| page.events.is_empty() && page.has_more), "{:?}", counts(&pages));
        assert!(pages.len() <= 4, "{:?}", throughs(&pages));
        // The stream has no pages.
        let request = pb::WatchRequest { filter: Some(kinds(ResourceKind::Release)), ..after(0) };
        assert_eq!(places(&watch(&registry.client, request).await.through(25002).await), [(2, 0, true), (25002, 0, true)]);
    }

    /// What cannot be answered is refused, as for a stream.
    async fn what_cannot_be_listed_is_refused(registry: &Harness) {
        eight_revisions(registry).await;
        registry.client.compact_events(4).send().await.unwrap();
        let page = |after| registry.client.list_events().after_revision(after).send();
        for revision in [1, 3] {
            let error = refused(page(revision).await, Code::OutOfRange, ErrorReason::RevisionCompacted);
            assert_eq!((fact(&error, "compactedRevision"), fact(&error, "currentRevision")), ("4", "8"));
        }
        for revision in [9, i64::MAX] {
            let error = refused(page(revision).await, Code::OutOfRange, ErrorReason::RevisionInFuture);
            assert_eq!(fact(&error, "currentRevision"), "8");
        }
        for revision in [0, 4] {
            assert_eq!(page(revision).await.unwrap().events[0].revision, 5);
        }
        assert_eq!(page(8).await.unwrap().events, []);
        invalid(page(-1).await, &[("after_revision", "INT64_GTE")]);
        invalid(registry.client.list_events().page_size(-1).send().await, &[("page_size", "INT32_GTE")]);
        let filter = EventFilter { resource_kinds: vec![1; 17], event_types: vec![1; 17], ..EventFilter::default() };
        let rules = [("filter.resource_kinds", "REPEATED_MAX_ITEMS"), ("filter.event_types", "REPEATED_MAX_ITEMS")];
        invalid(registry.client.list_events().filter(filter).send().await, &rules);
    }

    /// Every kind whose changes are events can be asked for; the others cannot.
    async fn every_kind_with_events_can_be_asked_for(registry: &Harness) {
        let known: Vec<ResourceKind> = (0..100).filter_map(|number| ResourceKind::try_from(number).ok()).collect();
        assert!(known.len() >= 7, "{known:?}");
        for kind in known {
            let answer = registry.client.list_events().filter(kinds(kind)).send().await;
            match kind {
                ResourceKind::Unspecified | ResourceKind::ApiKey => drop(invalid(answer, &[("filter.resource_kinds[0]", "ENUM_IN")])),
                _ => drop(answer.unwrap_or_else(|error| panic!("{kind:?}: {error}"))),
            }
        }
    }
}

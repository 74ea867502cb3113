//! Lists of models: their orders, their pages, and what they promise to whoever walks them.

use registry_client::{Model, ModelFilter, ModelOrder, ModelView, pb};
use registry_tests::{Harness, conformance, expect, given};
use std::collections::BTreeSet;
use std::time::Duration;

const ORDERS: [ModelOrder; 6] = [
    ModelOrder::Unspecified,
    ModelOrder::CreateTimeDesc,
    ModelOrder::CreateTimeAsc,
    ModelOrder::UpdateTimeDesc,
    ModelOrder::NameAsc,
    ModelOrder::NameDesc,
];

/// Sixty models: eight at each moment but the last, half of them changed later, names in no order.
async fn sixty(registry: &Harness) -> Vec<Model> {
    for number in 0..60_u32 {
        if number % 8 == 0 {
            registry.advance(Duration::from_secs(1));
        }
        given::model(registry, &format!("m{:02}", (number * 37) % 60)).await;
    }
    for number in (0..60).step_by(2) {
        if number % 10 == 0 {
            registry.advance(Duration::from_secs(1));
        }
        registry.client.update_model(format!("m{number:02}")).description("changed").send().await.unwrap();
    }
    let page = registry.client.list_models().page_size(1000).send().await.unwrap();
    assert_eq!((page.items.len(), page.next_page_token), (60, None));
    page.items
}

/// As the contract says each order is; the id breaks ties the same way.
fn sort(models: &mut [Model], order: ModelOrder) {
    let time = |time: Option<prost_types::Timestamp>| time.map(|time| (time.seconds, time.nanos));
    models.sort_by(|a, b| match order {
        ModelOrder::Unspecified | ModelOrder::CreateTimeDesc => (time(b.create_time), &b.id).cmp(&(time(a.create_time), &a.id)),
        ModelOrder::CreateTimeAsc => (time(a.create_time), &a.id).cmp(&(time(b.create_time), &b.id)),
        ModelOrder::UpdateTimeDesc => (time(b.update_time), &b.id).cmp(&(time(a.update_time), &a.id)),
        ModelOrder::NameAsc => a.name.as_bytes().cmp(b.name.as_bytes()),
        ModelOrder::NameDesc => b.name.as_bytes().cmp(a.name.as_bytes()),
    });
}

fn names(models: &[Model]) -> Vec<&str> {
    models.iter().map(|model| model.name.as_str()).collect()
}

conformance! {
    /// In every order, in pages of every size, the pages together are the whole list, sorted, each model once.
    async fn every_order_is_walked_page_by_page(registry: &Harness) {
        let mut expected = sixty(registry).await;
        for order in ORDERS {
            sort(&mut expected, order);
            for size in [7, 1, 59, 60, 61] {
                let pages = given::pages(registry.client.list_models().order(order).page_size(size).pages()).await;
                let size = usize::try_from(size).unwrap();
                assert_eq!(pages.len(), 60_usize.div_ceil(size), "{order:?} in pages of {size}");
                let walked: Vec<Model> = pages.into_iter().flat_map(|page| page.items).collect();
                assert_eq!(names(&walked), names(&expected), "{order:?} in pages of {size}");
                assert_eq!(walked, expected);
            }
        }
    }

    /// Not given, a page holds 50; it never holds more than 1000; a negative size is refused.
    async fn a_page_has_a_size(registry: &Harness) {
        sixty(registry).await;
        let list = || registry.client.list_models();
        let page = list().page_size(0).send().await.unwrap();
        assert_eq!((page.items.len(), page.next_page_token.is_some()), (50, true));
        assert_eq!(list().send().await.unwrap().items.len(), 50);
        for size in [1000, 5000, i32::MAX] {
            let page = list().page_size(size).send().await.unwrap();
            assert_eq!((page.items.len(), page.next_page_token), (60, None));
        }
        for size in [-1, i32::MIN] {
            expect::invalid(list().page_size(size).send().await, &[("page_size", "INT32_GTE")]);
            expect::invalid(registry.client.list_releases().page_size(size).send().await, &[("page_size", "INT32_GTE")]);
        }
        let first = list().page_size(7).send().await.unwrap();
        let rest = list().page_size(100).page_token(first.next_page_token.unwrap()).send().await.unwrap();
        assert_eq!((rest.items.len(), rest.next_page_token), (53, None));
    }

    /// The total is told when it is asked for, on any page, and counts what matches and not what is shown.
    async fn the_total_is_told_when_asked_for(registry: &Harness) {
        sixty(registry).await;
        let list = || registry.client.list_models().page_size(7);
        assert_eq!(list().send().await.unwrap().total_size, None);
        let page = list().include_total_size().send().await.unwrap();
        assert_eq!((page.items.len(), page.total_size), (7, Some(60)));
        let second = list().include_total_size().page_token(page.next_page_token.unwrap()).send().await.unwrap();
        assert_eq!(second.total_size, Some(60));
        let filter = ModelFilter { name_prefix: "m0".into(), ..ModelFilter::default() };
        assert_eq!(list().filter(filter).include_total_size().send().await.unwrap().total_size, Some(10));
        let filter = ModelFilter { name_prefix: "x".into(), ..ModelFilter::default() };
        let none = list().filter(filter).include_total_size().send().await.unwrap();
        assert_eq!((none.items.len(), none.total_size, none.next_page_token), (0, Some(0), None));
    }

    /// A list can be asked to show what is soft-deleted, also while nothing is.
    async fn deleted_models_can_be_asked_for(registry: &Harness) {
        sixty(registry).await;
        let with = given::pages(registry.client.list_models().show_deleted().page_size(25).pages()).await;
        let without = given::pages(registry.client.list_models().page_size(25).pages()).await;
        let items = |pages: Vec<registry_client::Page<Model>>| pages.into_iter().flat_map(|page| page.items).collect::<Vec<_>>();
        assert_eq!(items(with), items(without));
    }

    /// All pages of one walk tell the revision of the first, whatever is written in between.
    async fn a_walk_has_one_revision(registry: &Harness) {
        sixty(registry).await;
        let first = registry.client.list_models().page_size(7).send().await.unwrap();
        assert_eq!(first.revision, given::revision(registry).await);
        let (mut token, mut pages) = (first.next_page_token, 1);
        while let Some(next) = token {
            given::model(registry, &format!("new{pages}")).await;
            let page = registry.client.list_models().page_size(7).page_token(next).send().await.unwrap();
            assert_eq!(page.revision, first.revision);
            (token, pages) = (page.next_page_token, pages + 1);
        }
        assert_eq!(pages, 9);
    }

    /// A model that is there during the whole walk is seen once, whatever is created and changed between the pages.
    async fn a_walk_sees_every_model_once_whatever_is_written(registry: &Harness) {
        let there: BTreeSet<String> = sixty(registry).await.into_iter().map(|model| model.name).collect();
        for order in [ModelOrder::CreateTimeDesc, ModelOrder::CreateTimeAsc, ModelOrder::NameAsc, ModelOrder::NameDesc] {
            let (mut seen, mut token, mut round) = (Vec::new(), None::<String>, 0);
            loop {
                let list = registry.client.list_models().order(order).page_size(7);
                let list = if let Some(token) = &token { list.page_token(token) } else { list };
                let page = list.send().await.unwrap();
                seen.extend(page.items.into_iter().map(|model| model.name).filter(|name| there.contains(name)));
                token = page.next_page_token;
                if token.is_none() {
                    break;
                }
                registry.advance(Duration::from_millis(1));
                for (number, place) in ["a", "m3", "zz"].into_iter().enumerate() {
                    given::model(registry, &format!("{place}-{}-{round}-{number}", i32::from(order))).await;
                }
                let changed = format!("m{:02}", (round * 13) % 60);
                registry.client.update_model(changed).description(format!("{order:?} {round}")).send().await.unwrap();
                round += 1;
            }
            assert_eq!(seen.len(), there.len(), "{order:?}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), there, "{order:?}");
        }
    }

    /// Names are sorted byte by byte: capitals before small letters, punctuation where ASCII has it.
    async fn names_sort_in_byte_order(registry: &Harness) {
        let mut names = ["b", "B", "a", "A", "a-b", "a.b", "a/b", "a0b", "a_b", "aB", "ab", "Z", "z", "0", "9", "10", "a-", "a.", "aa"];
        for name in names {
            given::model(registry, name).await;
        }
        names.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        for size in [1, 4, 50] {
            let walk = |order| given::pages(registry.client.list_models().order(order).page_size(size).pages());
            let up: Vec<String> = walk(ModelOrder::NameAsc).await.into_iter().flat_map(|page| page.items).map(|m| m.name).collect();
            assert_eq!(up, names);
            let down = walk(ModelOrder::NameDesc).await.into_iter().flat_map(|page| page.items).map(|m| m.name);
            assert_eq!(down.collect::<Vec<_>>(), names.iter().rev().copied().collect::<Vec<_>>());
        }
    }

    /// A page also ends at about 2 MiB, and then the next one goes on where it ended.
    async fn a_page_ends_at_two_mebibytes(registry: &Harness) {
        use prost::Message;
        let description = "\u{1f600}".repeat(16_384);
        for number in 0..70 {
            registry.client.create_model(format!("m{number}"), "/m").description(&description).send().await.unwrap();
        }
        for view in [ModelView::Basic, ModelView::Full] {
            let pages = given::pages(registry.client.list_models().view(view).page_size(1000).pages()).await;
            assert_eq!(pages.len(), 3);
            for page in &pages {
                let bytes: usize = page.items.iter().map(Message::encoded_len).sum();
                assert!(bytes <= 2 * 1024 * 1024 + 66_000, "{bytes} bytes");
            }
            let names: Vec<String> = pages.into_iter().flat_map(|page| page.items).map(|model| model.name).collect();
            assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (70, 70));
        }
    }

    /// The registry without models has one page, without models.
    async fn an_empty_list_is_one_page(registry: &Harness) {
        let page = registry.client.call(pb::ListModelsRequest::default()).send().await.unwrap();
        assert_eq!(page, pb::ListModelsResponse::default());
        let page = registry.client.call(pb::ListReleasesRequest::default()).send().await.unwrap();
        assert_eq!(page, pb::ListReleasesResponse::default());
    }
}

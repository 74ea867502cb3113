//! Lists of releases, of one model and of all.

use registry_client::{Code, ErrorReason, Release, ReleaseOrder, ReleaseView};
use registry_tests::{Harness, conformance, expect, given};
use std::collections::BTreeSet;
use std::time::Duration;

/// Sixty releases of two models, eight at each moment but the last.
async fn sixty(registry: &Harness) -> Vec<Release> {
    given::model(registry, "m").await;
    given::model(registry, "n").await;
    for number in 0..60_u32 {
        if number % 8 == 0 {
            registry.advance(Duration::from_secs(1));
        }
        given::release(registry, if number % 3 == 0 { "n" } else { "m" }, &format!("1.{}.0", (number * 37) % 60)).await;
    }
    let page = registry.client.list_releases().page_size(1000).send().await.unwrap();
    assert_eq!((page.items.len(), page.next_page_token), (60, None));
    page.items
}

fn sort(releases: &mut [Release], order: ReleaseOrder) {
    let time = |release: &Release| release.create_time.map(|time| (time.seconds, time.nanos));
    releases.sort_by(|a, b| match order {
        ReleaseOrder::Unspecified | ReleaseOrder::CreateTimeDesc => (time(b), &b.id).cmp(&(time(a), &a.id)),
        ReleaseOrder::CreateTimeAsc => (time(a), &a.id).cmp(&(time(b), &b.id)),
        ReleaseOrder::VersionAsc => (a.version.as_bytes(), &a.id).cmp(&(b.version.as_bytes(), &b.id)),
    });
}

conformance! {
    /// In every order, of one model and of all, the pages together are the whole list, sorted, each release once.
    async fn every_order_of_releases_is_walked_page_by_page(registry: &Harness) {
        let all = sixty(registry).await;
        for order in [ReleaseOrder::Unspecified, ReleaseOrder::CreateTimeDesc, ReleaseOrder::CreateTimeAsc, ReleaseOrder::VersionAsc] {
            for model in [None, Some("m"), Some("n")] {
                if order == ReleaseOrder::VersionAsc && model.is_none() {
                    continue;
                }
                let mut expected = all.clone();
                expected.retain(|release| model.is_none_or(|model| release.model_name == model));
                sort(&mut expected, order);
                let list = registry.client.list_releases().order(order).page_size(7);
                let list = if let Some(model) = model { list.model(model) } else { list };
                let pages = given::pages(list.include_total_size().pages()).await;
                assert_eq!(pages.len(), expected.len().div_ceil(7));
                assert!(pages.iter().all(|page| page.total_size == i64::try_from(expected.len()).ok()));
                let walked: Vec<Release> = pages.into_iter().flat_map(|page| page.items).collect();
                assert_eq!(walked, expected, "{order:?} of {model:?}");
            }
        }
    }

    /// Five hundred releases of one moment are all seen, each once, in both directions: the id breaks the tie.
    async fn five_hundred_releases_of_one_moment_are_seen_once(registry: &Harness) {
        given::model(registry, "m").await;
        for number in 0..500 {
            given::release(registry, "m", &format!("{number}")).await;
        }
        for order in [ReleaseOrder::CreateTimeDesc, ReleaseOrder::CreateTimeAsc] {
            let pages = given::pages(registry.client.list_releases().order(order).page_size(7).pages()).await;
            let mut releases: Vec<Release> = pages.into_iter().flat_map(|page| page.items).collect();
            assert_eq!(releases.len(), 500);
            assert!(releases.iter().all(|release| release.create_time == releases[0].create_time));
            let walked: Vec<String> = releases.iter().map(|release| release.id.clone()).collect();
            sort(&mut releases, order);
            assert_eq!(walked, releases.iter().map(|release| release.id.clone()).collect::<Vec<_>>());
            assert_eq!(walked.into_iter().collect::<BTreeSet<_>>().len(), 500);
        }
    }

    /// Versions are sorted byte by byte, within one model; without a model they are not.
    async fn versions_sort_in_byte_order_within_a_model(registry: &Harness) {
        given::model(registry, "m").await;
        let mut versions = ["1.10.0", "1.9.0", "1.9.0-rc", "1.9.0+b", "V1", "v1", "10", "2", "1_0", "1-0", "1.0", "A", "a"];
        for version in versions {
            given::release(registry, "m", version).await;
        }
        versions.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        let list = || registry.client.list_releases().order(ReleaseOrder::VersionAsc);
        let pages = given::pages(list().model("m").page_size(2).pages()).await;
        let walked: Vec<String> = pages.into_iter().flat_map(|page| page.items).map(|release| release.version).collect();
        assert_eq!(walked, versions);
        assert!(walked.iter().position(|version| version == "1.10.0") < walked.iter().position(|version| version == "1.9.0"));
        expect::invalid(list().send().await, &[("model_ref", "REQUIRED")]);
    }

    /// Builds of one version are a tie, broken by the id, and none is lost between two pages.
    async fn builds_of_one_version_are_not_lost(registry: &Harness) {
        given::model(registry, "m").await;
        for number in 0..23 {
            let create = registry.client.create_release("m", "1").quantization(format!("q{number}")).digest(given::digest(1));
            create.send().await.unwrap();
        }
        let list = registry.client.list_releases().model("m").order(ReleaseOrder::VersionAsc).page_size(7);
        let walked: Vec<Release> = given::pages(list.pages()).await.into_iter().flat_map(|page| page.items).collect();
        let mut expected = walked.clone();
        sort(&mut expected, ReleaseOrder::VersionAsc);
        assert_eq!(walked, expected);
        assert_eq!(walked.iter().map(|release| &release.id).collect::<BTreeSet<_>>().len(), 23);
    }

    /// A release that is there during the whole walk is seen once, whatever is created, changed and yanked between the pages.
    async fn a_walk_over_releases_is_not_disturbed(registry: &Harness) {
        let there: BTreeSet<String> = sixty(registry).await.into_iter().map(|release| release.id).collect();
        for order in [ReleaseOrder::CreateTimeDesc, ReleaseOrder::CreateTimeAsc] {
            let (mut seen, mut token, mut round) = (Vec::new(), None::<String>, 0);
            loop {
                let list = registry.client.list_releases().order(order).page_size(7);
                let page = if let Some(token) = &token { list.page_token(token) } else { list }.send().await.unwrap();
                seen.extend(page.items.iter().map(|release| release.id.clone()).filter(|id| there.contains(id)));
                token = page.next_page_token;
                if token.is_none() {
                    break;
                }
                registry.advance(Duration::from_millis(1));
                given::release(registry, "m", &format!("new-{order:?}-{round}")).await;
                registry.client.update_release(&page.items[3]).release_notes(format!("{round}")).send().await.unwrap();
                registry.client.yank_release(&page.items[5]).send().await.unwrap();
                round += 1;
            }
            assert_eq!(seen.len(), 60, "{order:?}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), there, "{order:?}");
        }
    }

    /// The list of a model that is not there is an error, not an empty list.
    async fn the_list_of_a_missing_model_is_an_error(registry: &Harness) {
        let answer = registry.client.list_releases().model("gone").send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
        let model = given::model(registry, "m").await;
        assert_eq!(registry.client.list_releases().model("m").send().await.unwrap().items, []);
        given::release(registry, "m", "1").await;
        assert_eq!(registry.client.list_releases().model(&model).send().await.unwrap().items.len(), 1);
    }

    /// Large release notes are not part of the basic view, and cut the pages of the full one at about 2 MiB.
    async fn a_page_of_releases_ends_at_two_mebibytes(registry: &Harness) {
        given::model(registry, "m").await;
        let notes = "\u{1f600}".repeat(65_536);
        for number in 0..20 {
            let create = registry.client.create_release("m", number.to_string()).digest(given::digest(1));
            create.release_notes(&notes).send().await.unwrap();
        }
        let list = |view| registry.client.list_releases().show_deleted().view(view).page_size(1000);
        assert_eq!(given::pages(list(ReleaseView::Basic).pages()).await.len(), 1);
        let pages = given::pages(list(ReleaseView::Full).pages()).await;
        let sizes: Vec<usize> = pages.iter().map(|page| page.items.len()).collect();
        assert_eq!(sizes, [7, 7, 6]);
        let versions: BTreeSet<String> = pages.into_iter().flat_map(|page| page.items).map(|release| release.version).collect();
        assert_eq!(versions.len(), 20);
    }
}

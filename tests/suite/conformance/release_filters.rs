//! Filters on releases: each condition alone, together, and nested.

use super::filters::{label, texts};
use registry_client::{Release, ReleaseFilter, ReleaseState, pb::label_selector::Condition};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

/// The versions of the releases that match, sorted.
async fn matching(registry: &Harness, filter: ReleaseFilter) -> Vec<String> {
    let list = registry.client.list_releases().filter(filter).include_total_size().page_size(1000);
    let page = list.send().await.unwrap();
    assert_eq!(page.total_size, i64::try_from(page.items.len()).ok());
    let mut versions: Vec<String> = page.items.into_iter().map(|release| release.version).collect();
    versions.sort();
    versions
}

/// Releases 1 and 2 of a model with a company, and 3, a candidate without a digest, of one without. The id is that of 1.
async fn three(registry: &Harness) -> String {
    registry.client.create_model("m", "/m").company("acme").send().await.unwrap();
    registry.client.create_model("n", "/n").send().await.unwrap();
    let first = Release {
        version: "1".into(),
        tag: "v1".into(),
        digest: Some(given::digest(1)),
        quantization: Some("fp16".into()),
        platform: "linux/arm64".into(),
        release_notes: Some("First 100% release".into()),
        labels: [("gate".to_owned(), "passed".to_owned())].into(),
        ..Release::default()
    };
    let first = registry.client.create_release_from("m", first).send().await.unwrap();
    registry.advance(Duration::from_secs(1));
    let second = registry.client.create_release("m", "2").digest(given::digest(2)).base_release(&first).label("gate", "");
    registry.client.deprecate_release(&second.send().await.unwrap()).send().await.unwrap();
    registry.advance(Duration::from_secs(1));
    given::candidate(registry, "n", "3").await;
    first.id
}

conformance! {
    /// Each condition alone lets through exactly what it says.
    async fn each_condition_on_releases_alone(registry: &Harness) {
        let first = three(registry).await;
        let f = ReleaseFilter::default;
        let at = |micros| Some(given::time(micros));
        let states = |states: &[ReleaseState]| ReleaseFilter { states: states.iter().map(|state| (*state).into()).collect(), ..f() };
        let finer = at(1_000_000).map(|time| prost_types::Timestamp { nanos: 1, ..time });
        let cases: Vec<(ReleaseFilter, &[&str])> = vec![
            (f(), &["1", "2", "3"]),
            (ReleaseFilter { versions: texts(&["1", "3", "9"]), ..f() }, &["1", "3"]),
            (ReleaseFilter { tags: texts(&["v1", "2"]), ..f() }, &["1", "2"]),
            (ReleaseFilter { digests: vec![given::digest(2)], ..f() }, &["2"]),
            (ReleaseFilter { quantizations: texts(&["fp16"]), ..f() }, &["1"]),
            (ReleaseFilter { quantizations: texts(&[""]), ..f() }, &["2", "3"]),
            (ReleaseFilter { quantizations: texts(&["", "fp16"]), ..f() }, &["1", "2", "3"]),
            (ReleaseFilter { platforms: texts(&["linux/arm64"]), ..f() }, &["1"]),
            (ReleaseFilter { platforms: texts(&["linux/amd64"]), ..f() }, &["2", "3"]),
            (states(&[ReleaseState::Active]), &["1"]),
            (states(&[ReleaseState::Candidate, ReleaseState::Deprecated]), &["2", "3"]),
            (states(&[ReleaseState::Yanked, ReleaseState::Archived]), &[]),
            (ReleaseFilter { companies: texts(&["acme"]), ..f() }, &["1", "2"]),
            (ReleaseFilter { create_time_from: at(1_000_000), ..f() }, &["2", "3"]),
            (ReleaseFilter { create_time_from: finer, ..f() }, &["3"]),
            (ReleaseFilter { create_time_before: at(1_000_000), ..f() }, &["1"]),
            (ReleaseFilter { create_time_before: finer, ..f() }, &["1", "2"]),
            (ReleaseFilter { text_query: "FIRST 100%".into(), ..f() }, &["1"]),
            (ReleaseFilter { text_query: "V1".into(), ..f() }, &["1"]),
            (ReleaseFilter { text_query: "3".into(), ..f() }, &["3"]),
            (ReleaseFilter { text_query: "_".into(), ..f() }, &[]),
            (ReleaseFilter { labels: label("gate", Condition::Equals("passed".into())), ..f() }, &["1"]),
            (ReleaseFilter { labels: label("gate", Condition::NotEquals("passed".into())), ..f() }, &["2"]),
            (ReleaseFilter { labels: label("gate", Condition::Exists(false)), ..f() }, &["3"]),
            (ReleaseFilter { base_release_ids: vec![first.clone()], ..f() }, &["2"]),
            (ReleaseFilter { base_release_ids: vec![first.to_uppercase()], ..f() }, &["2"]),
        ];
        for (filter, versions) in cases {
            assert_eq!(matching(registry, filter.clone()).await, versions, "{filter:?}");
            let excluded = ReleaseFilter { none_of: vec![filter.clone()], ..f() };
            let others: Vec<&str> = ["1", "2", "3"].into_iter().filter(|version| !versions.contains(version)).collect();
            assert_eq!(matching(registry, excluded).await, others, "not {filter:?}");
        }
    }

    /// Conditions are combined and nested; what a release or its model does not say is no reason to leave it out.
    async fn conditions_on_releases_are_combined(registry: &Harness) {
        let first = three(registry).await;
        let f = ReleaseFilter::default;
        let acme = || ReleaseFilter { companies: texts(&["acme"]), ..f() };
        let derived = || ReleaseFilter { base_release_ids: vec![first.clone()], ..f() };
        let noted = || ReleaseFilter { text_query: "release".into(), ..f() };
        let cases: Vec<(ReleaseFilter, &[&str])> = vec![
            (ReleaseFilter { platforms: texts(&["linux/amd64"]), ..acme() }, &["2"]),
            (ReleaseFilter { any_of: vec![derived(), noted()], ..f() }, &["1", "2"]),
            (ReleaseFilter { none_of: vec![derived(), noted()], ..f() }, &["3"]),
            (ReleaseFilter { none_of: vec![ReleaseFilter { none_of: vec![acme()], ..f() }], ..f() }, &["1", "2"]),
            (ReleaseFilter { digests: vec![given::digest(9)], ..f() }, &[]),
            (ReleaseFilter { none_of: vec![ReleaseFilter { digests: vec![given::digest(9)], ..f() }], ..f() }, &["1", "2", "3"]),
            (ReleaseFilter { any_of: vec![f()], none_of: vec![f()], ..f() }, &[]),
        ];
        for (filter, versions) in cases {
            assert_eq!(matching(registry, filter.clone()).await, versions, "{filter:?}");
        }
        let of_model = registry.client.list_releases().model("n").filter(acme()).send().await.unwrap();
        assert_eq!(of_model.items, []);
    }

    /// Filters on releases have the same limits as those on models, and ids are ids.
    async fn filters_on_releases_have_limits(registry: &Harness) {
        three(registry).await;
        let f = ReleaseFilter::default;
        let deep = |depth| (0..depth).fold(f(), |inner, _| ReleaseFilter { any_of: vec![inner], ..f() });
        assert_eq!(matching(registry, deep(4)).await, ["1", "2", "3"]);
        let answer = registry.client.list_releases().filter(deep(5)).send().await;
        let error = expect::refused(answer, registry_client::Code::InvalidArgument, registry_client::ErrorReason::InvalidField);
        assert_eq!(error.violations()[0].reason, "FILTER_MAX_DEPTH");
        let four = ReleaseFilter { versions: texts(&["1"]), tags: texts(&["v1"]), companies: texts(&["acme"]), text_query: "1".into(), ..f() };
        let most = ReleaseFilter { any_of: vec![four; 16], ..f() };
        assert_eq!(matching(registry, most.clone()).await, ["1"]);
        let answer = registry.client.list_releases().filter(ReleaseFilter { versions: texts(&["1"]), ..most }).send().await;
        expect::invalid(answer, &[("filter", "FILTER_MAX_CONDITIONS")]);
        let broken = ReleaseFilter { base_release_ids: texts(&["x"]), states: vec![1, 6], ..f() };
        let answer = registry.client.list_releases().filter(broken).send().await;
        expect::invalid(answer, &[("filter.base_release_ids[0]", "STRING_UUID"), ("filter.states[1]", "ENUM_DEFINED_ONLY")]);
    }

    /// No state is the unspecified one: a filter that asks for it asks for nothing that there is.
    async fn no_release_is_in_the_unspecified_state(registry: &Harness) {
        three(registry).await;
        let states = |states: &[i32]| ReleaseFilter { states: states.to_vec(), ..ReleaseFilter::default() };
        assert_eq!(matching(registry, states(&[0])).await, [""; 0]);
        assert_eq!(matching(registry, states(&[0, 2])).await, ["1"]);
    }
}

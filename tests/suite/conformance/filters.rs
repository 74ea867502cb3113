//! Filters on models: each condition alone, together, and nested.

use registry_client::{LabelSelector, Model, ModelFilter, ModelSource, pb};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn label(key: &str, condition: pb::label_selector::Condition) -> Vec<LabelSelector> {
    vec![LabelSelector { key: key.into(), condition: Some(condition) }]
}

fn model(name: &str) -> Model {
    Model { name: name.into(), storage_path: "/m".into(), ..Model::default() }
}

/// The names of the models that match, sorted.
async fn matching(registry: &Harness, filter: ModelFilter) -> Vec<String> {
    let list = registry.client.list_models().filter(filter).include_total_size().page_size(1000);
    let page = list.send().await.unwrap();
    assert_eq!(page.total_size, i64::try_from(page.items.len()).ok());
    let mut names: Vec<String> = page.items.into_iter().map(|model| model.name).collect();
    names.sort();
    names
}

/// Three models: one that says everything, one that says other things, one that says nothing.
async fn three(registry: &Harness) {
    let full = Model {
        company: Some("acme".into()),
        base_model: Some("llama".into()),
        parameter_count: Some("7B".into()),
        server_type: Some("vllm".into()),
        task: Some("chat".into()),
        source: ModelSource::Filesystem.into(),
        tags: texts(&["x", "y"]),
        is_custom_base_model: true,
        requires_gpu: Some(false),
        labels: [("team".to_owned(), "nlp".to_owned())].into(),
        description: Some("Grüße".into()),
        ..model("full")
    };
    let other = Model {
        company: Some("".into()),
        base_model: Some("mistral".into()),
        parameter_count: Some("70B".into()),
        server_type: Some("tts".into()),
        task: Some("speech".into()),
        source: ModelSource::Orphaned.into(),
        tags: texts(&["y", "z"]),
        labels: [("team".to_owned(), "audio".to_owned()), ("tier".to_owned(), String::new())].into(),
        ..model("other")
    };
    for model in [full, other, model("plain")] {
        registry.client.create_model_from(model).send().await.unwrap();
        registry.advance(Duration::from_secs(1));
    }
}

conformance! {
    /// Each condition alone lets through exactly what it says.
    async fn each_condition_alone(registry: &Harness) {
        three(registry).await;
        let f = ModelFilter::default;
        let cases: Vec<(ModelFilter, &[&str])> = vec![
            (f(), &["full", "other", "plain"]),
            (ModelFilter { companies: texts(&["acme"]), ..f() }, &["full"]),
            (ModelFilter { companies: texts(&["", "none"]), ..f() }, &["other"]),
            (ModelFilter { companies: texts(&["ACME"]), ..f() }, &[]),
            (ModelFilter { base_models: texts(&["llama", "mistral"]), ..f() }, &["full", "other"]),
            (ModelFilter { parameter_counts: texts(&["7B"]), ..f() }, &["full"]),
            (ModelFilter { server_types: texts(&["tts"]), ..f() }, &["other"]),
            (ModelFilter { tasks: texts(&["chat", "chat"]), ..f() }, &["full"]),
            (ModelFilter { sources: vec![ModelSource::Manual.into()], ..f() }, &["plain"]),
            (ModelFilter { sources: vec![ModelSource::Orphaned.into(), ModelSource::Filesystem.into()], ..f() }, &["full", "other"]),
            (ModelFilter { tags_all: texts(&["x", "y"]), ..f() }, &["full"]),
            (ModelFilter { tags_all: texts(&["x", "z"]), ..f() }, &[]),
            (ModelFilter { tags_any: texts(&["x", "z"]), ..f() }, &["full", "other"]),
            (ModelFilter { tags_none: texts(&["x"]), ..f() }, &["other", "plain"]),
            (ModelFilter { is_custom_base_model: Some(true), ..f() }, &["full"]),
            (ModelFilter { is_custom_base_model: Some(false), ..f() }, &["other", "plain"]),
            (ModelFilter { requires_gpu: Some(false), ..f() }, &["full"]),
            (ModelFilter { requires_gpu: Some(true), ..f() }, &["other", "plain"]),
            (ModelFilter { name_prefix: "f".into(), ..f() }, &["full"]),
            (ModelFilter { name_prefix: "F".into(), ..f() }, &[]),
            (ModelFilter { name_prefix: "plain".into(), ..f() }, &["plain"]),
            (ModelFilter { name_prefix: "plains".into(), ..f() }, &[]),
            (ModelFilter { text_query: "ACM".into(), ..f() }, &["full"]),
            (ModelFilter { text_query: "LA".into(), ..f() }, &["full", "plain"]),
        ];
        for (filter, names) in cases {
            assert_eq!(matching(registry, filter.clone()).await, names, "{filter:?}");
        }
    }

    /// Times are from, inclusive, and before, exclusive, to the microsecond and finer.
    async fn times_are_half_open(registry: &Harness) {
        three(registry).await;
        registry.client.update_model("full").description("new").send().await.unwrap();
        let f = ModelFilter::default;
        let at = |micros| Some(given::time(micros));
        let finer = |micros| at(micros).map(|time| prost_types::Timestamp { nanos: time.nanos + 1, ..time });
        let cases: Vec<(ModelFilter, &[&str])> = vec![
            (ModelFilter { create_time_from: at(1_000_000), ..f() }, &["other", "plain"]),
            (ModelFilter { create_time_from: at(1_000_001), ..f() }, &["plain"]),
            (ModelFilter { create_time_from: finer(1_000_000), ..f() }, &["plain"]),
            (ModelFilter { create_time_before: at(1_000_000), ..f() }, &["full"]),
            (ModelFilter { create_time_before: at(1_000_001), ..f() }, &["full", "other"]),
            (ModelFilter { create_time_before: finer(1_000_000), ..f() }, &["full", "other"]),
            (ModelFilter { create_time_from: at(0), create_time_before: at(2_000_000), ..f() }, &["full", "other"]),
            (ModelFilter { create_time_from: at(2_000_000), create_time_before: at(2_000_000), ..f() }, &[]),
            (ModelFilter { update_time_from: at(2_000_000), ..f() }, &["full", "plain"]),
            (ModelFilter { update_time_before: at(2_000_000), ..f() }, &["other"]),
            (ModelFilter { update_time_from: at(3_000_000), create_time_before: at(1), ..f() }, &["full"]),
            (ModelFilter { create_time_from: Some(prost_types::Timestamp { seconds: -62_135_596_800, nanos: 0 }), ..f() }, &["full", "other", "plain"]),
            (ModelFilter { create_time_from: Some(prost_types::Timestamp { seconds: 253_402_300_799, nanos: 999_999_999 }), ..f() }, &[]),
        ];
        for (filter, names) in cases {
            assert_eq!(matching(registry, filter.clone()).await, names, "{filter:?}");
        }
        let broken = ModelFilter { create_time_from: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: -1 }), ..f() };
        let answer = registry.client.list_models().filter(broken).send().await;
        expect::invalid(answer, &[("filter.create_time_from", "TIMESTAMP_RANGE")]);
    }

    /// Conditions in one filter all hold; a page of a filtered list goes on within the filter.
    async fn conditions_are_combined(registry: &Harness) {
        three(registry).await;
        let f = ModelFilter::default;
        let both = ModelFilter { companies: texts(&["acme"]), tags_any: texts(&["y"]), is_custom_base_model: Some(true), ..f() };
        assert_eq!(matching(registry, both.clone()).await, ["full"]);
        assert_eq!(matching(registry, ModelFilter { requires_gpu: Some(true), ..both }).await, [""; 0]);
        let custom = ModelFilter { is_custom_base_model: Some(true), text_query: "llama".into(), tasks: texts(&["chat"]), ..f() };
        assert_eq!(matching(registry, ModelFilter { base_models: texts(&["llama"]), ..custom }).await, ["full"]);
        let tagged = ModelFilter { tags_any: texts(&["y"]), ..f() };
        let pages = given::pages(registry.client.list_models().filter(tagged).page_size(1).pages()).await;
        assert_eq!(pages.into_iter().flat_map(|page| page.items).map(|model| model.name).collect::<Vec<_>>(), ["other", "full"]);
    }

    /// Of several filters at least one matches, or none does; what a model does not say is no match, and so no reason to leave it out.
    async fn filters_nest(registry: &Harness) {
        three(registry).await;
        let f = ModelFilter::default;
        let acme = || ModelFilter { companies: texts(&["acme"]), ..f() };
        let any = |filters: Vec<ModelFilter>| ModelFilter { any_of: filters, ..f() };
        let none = |filters: Vec<ModelFilter>| ModelFilter { none_of: filters, ..f() };
        let speech = || ModelFilter { tasks: texts(&["speech"]), ..f() };
        let cases: Vec<(ModelFilter, &[&str])> = vec![
            (any(vec![acme(), speech()]), &["full", "other"]),
            (any(vec![acme()]), &["full"]),
            (any(vec![f()]), &["full", "other", "plain"]),
            (none(vec![f()]), &[]),
            (none(vec![acme()]), &["other", "plain"]),
            (none(vec![acme(), speech()]), &["plain"]),
            (none(vec![none(vec![acme()])]), &["full"]),
            (none(vec![any(vec![acme(), speech()])]), &["plain"]),
            (any(vec![none(vec![acme()]), acme()]), &["full", "other", "plain"]),
            (ModelFilter { any_of: vec![acme(), speech()], ..none(vec![speech()]) }, &["full"]),
            (ModelFilter { tags_any: texts(&["z"]), ..any(vec![acme()]) }, &[]),
            (none(vec![ModelFilter { text_query: "grüße".into(), ..f() }]), &["other", "plain"]),
            (none(vec![ModelFilter { companies: texts(&["acme"]), tasks: texts(&["speech"]), ..f() }]), &["full", "other", "plain"]),
            (any(vec![none(vec![any(vec![none(vec![acme()])])])]), &["full"]),
        ];
        for (filter, names) in cases {
            assert_eq!(matching(registry, filter.clone()).await, names, "{filter:?}");
        }
    }

    /// Filters nest four deep below the outermost and have 64 conditions; one more of either is refused.
    async fn filters_have_limits(registry: &Harness) {
        three(registry).await;
        let nested = |depth: usize| {
            let inner = ModelFilter { companies: texts(&["acme"]), ..ModelFilter::default() };
            (0..depth).fold(inner, |inner, level| match level % 2 {
                0 => ModelFilter { any_of: vec![inner], ..ModelFilter::default() },
                _ => ModelFilter { none_of: vec![inner], ..ModelFilter::default() },
            })
        };
        assert_eq!(matching(registry, nested(4)).await, ["full"]);
        let deep = registry.client.list_models().filter(nested(5)).send().await;
        let error = expect::refused(deep, registry_client::Code::InvalidArgument, registry_client::ErrorReason::InvalidField);
        assert_eq!(error.violations()[0].reason, "FILTER_MAX_DEPTH");
        assert!(error.violations()[0].field.starts_with("filter.any_of[0].none_of[0]"), "{error}");
        let four = || ModelFilter { companies: texts(&["acme"]), tasks: texts(&["chat"]), requires_gpu: Some(false), name_prefix: "f".into(), ..ModelFilter::default() };
        let many = |more| ModelFilter { any_of: vec![four(); 12], ..ModelFilter { none_of: more, ..ModelFilter::default() } };
        let most = ModelFilter { companies: texts(&["acme"]), base_models: texts(&["llama"]), ..many(vec![]) };
        assert_eq!(matching(registry, most.clone()).await, ["full"]);
        let too_many = ModelFilter { any_of: vec![four(); 16], name_prefix: "f".into(), ..most };
        let answer = registry.client.list_models().filter(too_many).send().await;
        expect::invalid(answer, &[("filter", "FILTER_MAX_CONDITIONS")]);
        let values = ModelFilter { companies: vec![String::new(); 101], any_of: vec![ModelFilter::default(); 17], ..ModelFilter::default() };
        let answer = registry.client.list_models().filter(values).send().await;
        let rule = "REPEATED_MAX_ITEMS";
        expect::invalid(answer, &[("filter.companies", rule), ("filter.any_of", rule)]);
    }

    /// No source is the unspecified one: a filter that asks for it asks for nothing that there is.
    async fn no_model_has_the_unspecified_source(registry: &Harness) {
        three(registry).await;
        let sources = |sources: &[i32]| ModelFilter { sources: sources.to_vec(), ..ModelFilter::default() };
        assert_eq!(matching(registry, sources(&[0])).await, [""; 0]);
        assert_eq!(matching(registry, sources(&[0, 1])).await, ["plain"]);
    }
}

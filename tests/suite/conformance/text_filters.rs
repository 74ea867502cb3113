//! Filters on text: every character is literal, and only the case of ASCII letters is ignored.

use super::filters::{label, texts};
use registry_client::{LabelSelector, Model, ModelFilter, pb::label_selector::Condition, pb::label_selector::Values};
use registry_tests::{Harness, conformance, expect, given};

/// The names of the models that match, sorted.
async fn matching(registry: &Harness, filter: ModelFilter) -> Vec<String> {
    let page = registry.client.list_models().filter(filter).page_size(1000).send().await.unwrap();
    let mut names: Vec<String> = page.items.into_iter().map(|model| model.name).collect();
    names.sort();
    names
}

async fn found(registry: &Harness, text: &str) -> Vec<String> {
    matching(registry, ModelFilter { text_query: text.into(), ..ModelFilter::default() }).await
}

async fn described(registry: &Harness, models: &[(&str, &str)]) {
    for (name, description) in models {
        registry.client.create_model(*name, "/zzz").description(*description).send().await.unwrap();
    }
}

fn labels(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Text that is meant for the database and not for the registry.
const INJECTIONS: [&str; 12] = [
    "'; DROP TABLE model; --",
    "' OR '1'='1",
    "\" OR 1=1 --",
    "\\'; --",
    "%' OR 1=1 --",
    "$1",
    "?",
    ":name",
    "E'\\\\'",
    "/*",
    "\u{2019} OR 1",
    "`x`",
];

conformance! {
    /// No character of a text query is special: percent, underscore and backslash stand for themselves.
    async fn a_text_query_has_no_wildcards(registry: &Harness) {
        described(registry, &[("m1", "100% sure"), ("m2", "100 sure"), ("m3", "a_b"), ("m4", "axb"), ("m5", r"c\d"), ("m6", r"c\%d"), ("m7", "c%d")]).await;
        let cases: [(&str, &[&str]); 12] = [
            ("100%", &["m1"]), ("100", &["m1", "m2"]), ("%", &["m1", "m6", "m7"]), ("a_b", &["m3"]), ("_", &["m3"]), (r"\", &["m5", "m6"]),
            (r"\d", &["m5"]), (r"c\%d", &["m6"]), ("%%", &[]), ("__", &[]), (r"\%", &["m6"]), ("c%d", &["m7"]),
        ];
        for (text, names) in cases {
            assert_eq!(found(registry, text).await, names, "{text}");
        }
    }

    /// The case of ASCII letters does not matter, that of all others does, on both databases alike.
    async fn only_ascii_letters_are_folded(registry: &Harness) {
        described(registry, &[("m1", "École"), ("m2", "école"), ("m3", "STRASSE"), ("m4", "straße"), ("m5", "İı Ii"), ("m6", "ΑΒΓ αβγ")]).await;
        let cases: [(&str, &[&str]); 11] = [
            ("École", &["m1"]), ("ÉCOLE", &["m1"]), ("école", &["m2"]), ("éCOLE", &["m2"]), ("COLE", &["m1", "m2"]), ("strasse", &["m3"]),
            ("STRAßE", &["m4"]), ("İ", &["m5"]), ("II", &["m5"]), ("αβγ", &["m6"]), ("Αβγ", &[]),
        ];
        for (text, names) in cases {
            assert_eq!(found(registry, text).await, names, "{text}");
        }
    }

    /// The text is looked for in the name, the description, the repository, the company and the base model, and nowhere else.
    async fn text_is_looked_for_in_five_fields(registry: &Harness) {
        let word = || Some("Needle".to_owned());
        let plain = |name: &str| Model { name: name.into(), storage_path: "/m".into(), ..Model::default() };
        let models = [
            plain("a-needle"),
            Model { description: word(), ..plain("b") },
            Model { repository: word(), ..plain("c") },
            Model { company: word(), ..plain("d") },
            Model { base_model: word(), ..plain("e") },
            Model {
                storage_path: "/needle".into(),
                display_name: word(),
                task: word(),
                tags: texts(&["needle"]),
                labels: labels(&[("needle", "needle")]),
                ..plain("x")
            },
        ];
        for model in models {
            registry.client.create_model_from(model).send().await.unwrap();
        }
        assert_eq!(found(registry, "nEEDLE").await, ["a-needle", "b", "c", "d", "e"]);
        let long = ModelFilter { text_query: "ü".repeat(200), ..ModelFilter::default() };
        assert_eq!(matching(registry, long).await, [""; 0]);
        let longer = ModelFilter { text_query: "x".repeat(201), ..ModelFilter::default() };
        let answer = registry.client.list_models().filter(longer).send().await;
        expect::invalid(answer, &[("filter.text_query", "STRING_MAX_LEN")]);
    }

    /// A prefix of a name is literal and case-sensitive, whatever is in it.
    async fn a_name_prefix_is_literal(registry: &Harness) {
        let names = ["a", "a-1", "a.1", "a/1", "a_1", "a1", "ab", "aB", "A", "B", "b", "zz", "zz/z"];
        for name in names {
            given::model(registry, name).await;
        }
        for prefix in ["a", "a-", "a.", "a/", "a_", "aB", "A", "z", "zz/", "zz/z", "a%", "%", "_", "a\\", "é", "\u{10ffff}", "zzz", "a'", ""] {
            let mut expected: Vec<&str> = names.into_iter().filter(|name| name.starts_with(prefix)).collect();
            expected.sort_unstable();
            let filter = ModelFilter { name_prefix: prefix.into(), ..ModelFilter::default() };
            assert_eq!(matching(registry, filter).await, expected, "{prefix}");
        }
    }

    /// Text that is meant for the database is text: it is stored, found by itself, and does nothing.
    async fn nothing_is_injected(registry: &Harness) {
        for (number, text) in INJECTIONS.into_iter().enumerate() {
            let create = registry.client.create_model(format!("m{number:02}"), text).company(text).tag(text).description(text).label("k", text);
            create.send().await.unwrap();
        }
        for (number, text) in INJECTIONS.into_iter().enumerate() {
            let name = format!("m{number:02}");
            let equals = label("k", Condition::Equals(text.into()));
            for filter in [
                ModelFilter { companies: texts(&[text]), ..ModelFilter::default() },
                ModelFilter { tags_all: texts(&[text]), ..ModelFilter::default() },
                ModelFilter { labels: equals, ..ModelFilter::default() },
            ] {
                assert_eq!(matching(registry, filter).await, [name.clone()], "{text}");
            }
            assert!(found(registry, text).await.contains(&name), "{text}");
            let key = ModelFilter { labels: label(text, Condition::Exists(true)), ..ModelFilter::default() };
            assert_eq!(matching(registry, key).await, [""; 0], "{text}");
            let prefix = ModelFilter { name_prefix: text.into(), ..ModelFilter::default() };
            assert_eq!(matching(registry, prefix).await, [""; 0], "{text}");
        }
        assert_eq!(registry.client.list_models().page_size(100).send().await.unwrap().items.len(), INJECTIONS.len());
    }

    /// Every kind of condition on a label does what it says; a model without the label matches only "it is not there".
    async fn labels_are_selected(registry: &Harness) {
        let long = "v".repeat(5000);
        let nearly = format!("{}w", "v".repeat(4999));
        let models = [
            ("m1", labels(&[("team", "nlp"), ("empty", "")])), ("m2", labels(&[("team", "NLP"), ("long", &long)])),
            ("m3", labels(&[("Team", "nlp"), ("long", &nearly)])), ("m4", labels(&[])),
        ];
        for (name, labels) in models {
            registry.client.create_model(name, "/m").labels(labels).send().await.unwrap();
        }
        let equals = |text: &str| Condition::Equals(text.into());
        let differs = |text: &str| Condition::NotEquals(text.into());
        let any = |values: &[&str]| Condition::Any(Values { values: texts(values) });
        let exists = Condition::Exists;
        let cases: Vec<(&str, Condition, &[&str])> = vec![
            ("team", equals("nlp"), &["m1"]), ("team", equals("NLP"), &["m2"]), ("team", equals(""), &[]), ("Team", equals("nlp"), &["m3"]),
            ("team", differs("nlp"), &["m2"]), ("team", differs("x"), &["m1", "m2"]), ("team", any(&["nlp", "NLP", "x"]), &["m1", "m2"]),
            ("team", any(&["x"]), &[]), ("team", exists(true), &["m1", "m2"]), ("team", exists(false), &["m3", "m4"]),
            ("empty", equals(""), &["m1"]), ("empty", differs(""), &[]), ("empty", exists(true), &["m1"]), ("gone", exists(true), &[]),
            ("gone", exists(false), &["m1", "m2", "m3", "m4"]), ("gone", differs("x"), &[]), ("long", equals(&long), &["m2"]),
            ("long", differs(&long), &["m3"]), ("long", any(&[&long, &nearly]), &["m2", "m3"]), ("long", equals(&long[..4999]), &[]),
            ("é", exists(false), &["m1", "m2", "m3", "m4"]), ("te%", exists(true), &[]),
        ];
        for (key, condition, names) in cases {
            let filter = ModelFilter { labels: label(key, condition.clone()), ..ModelFilter::default() };
            assert_eq!(matching(registry, filter.clone()).await, names, "{key}: {condition:?}");
            let excluded = ModelFilter { none_of: vec![filter], ..ModelFilter::default() };
            let others: Vec<&str> = ["m1", "m2", "m3", "m4"].into_iter().filter(|name| !names.contains(name)).collect();
            assert_eq!(matching(registry, excluded).await, others, "not {key}: {condition:?}");
        }
        let both = [label("team", equals("nlp")), label("empty", exists(true))].concat();
        assert_eq!(matching(registry, ModelFilter { labels: both, ..ModelFilter::default() }).await, ["m1"]);
        let contradiction = [label("team", equals("nlp")), label("team", equals("NLP"))].concat();
        assert_eq!(matching(registry, ModelFilter { labels: contradiction, ..ModelFilter::default() }).await, [""; 0]);
    }

    /// A label condition that says nothing, or too much, is refused.
    async fn a_label_condition_says_something(registry: &Harness) {
        let empty = LabelSelector { key: String::new(), condition: None };
        let none = LabelSelector { key: "k".into(), condition: Some(Condition::Any(Values { values: Vec::new() })) };
        let many = LabelSelector { key: "k".repeat(251), condition: Some(Condition::Any(Values { values: vec![String::new(); 101] })) };
        let filter = ModelFilter { labels: vec![empty, none, many], ..ModelFilter::default() };
        expect::invalid(
            registry.client.list_models().filter(filter).send().await,
            &[
                ("filter.labels[0].key", "REQUIRED"),
                ("filter.labels[0].condition", "REQUIRED"),
                ("filter.labels[1].any.values", "REQUIRED"),
                ("filter.labels[2].key", "STRING_MAX_LEN"),
                ("filter.labels[2].any.values", "REPEATED_MAX_ITEMS"),
            ],
        );
    }
}

//! Where a prefix ends: at a character and not at a word, in bytes and not in letters.

use super::viewer;
use registry_client::{Code, ErrorReason, pb};
use registry_tests::{conformance, expect, given};

/// Names that are easily taken for one another, in byte order.
const NAMES: [&str; 14] = [
    "0",
    "Team-a/x",
    "team",
    "team-",
    "team-a",
    "team-a-x",
    "team-a.b/x",
    "team-a/0",
    "team-a/x",
    "team-a/x/y",
    "team-a/xy",
    "team-ab/x",
    "team-b/x",
    "z",
];

/// Prefixes that cut between them.
const PREFIXES: [&[&str]; 15] = [
    &["team-a/"],
    &["team-a"],
    &["team-a/x"],
    &["team-a/x/"],
    &["team-a/x/y"],
    &["team-a/x/y/"],
    &["team-a."],
    &["team-"],
    &["t"],
    &["T"],
    &["0", "z"],
    &["team-b/", "team-ab/", "team-a/0"],
    &["team-a/", "team-a/x", "team-a/x"],
    &["team-a/", "no-such-team/"],
    &["no-such-team/"],
];

fn expected(prefixes: &[&str]) -> Vec<&'static str> {
    NAMES.into_iter().filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))).collect()
}

conformance! {
    /// Lists, counts, reads and resolutions find exactly the names that begin with one of the prefixes.
    async fn exactly_the_names_with_a_prefix_are_found(registry: &Harness) {
        for name in NAMES {
            given::model(registry, name).await;
            let release = given::release(registry, name, "1").await;
            given::alias(registry, &release, "prod").await;
        }
        for prefixes in PREFIXES {
            let (client, expected) = (viewer(registry, prefixes).await, expected(prefixes));
            let count = i64::try_from(expected.len()).unwrap();
            let by_name = pb::list_models_request::Order::NameAsc.into();
            let models = pb::ListModelsRequest { order: by_name, include_total_size: true, ..Default::default() };
            let models = client.call(models).send().await.unwrap();
            assert_eq!(models.models.iter().map(|model| &*model.name).collect::<Vec<_>>(), expected, "{prefixes:?}");
            assert_eq!(models.total_size, Some(count), "{prefixes:?}");
            let releases = pb::ListReleasesRequest { include_total_size: true, ..Default::default() };
            let releases = client.call(releases).send().await.unwrap();
            let mut found: Vec<&str> = releases.releases.iter().map(|release| &*release.model_name).collect();
            found.sort_unstable();
            assert_eq!((found, releases.total_size), (expected.clone(), Some(count)), "{prefixes:?}");
            let aliases = client.list_release_aliases().send().await.unwrap().items;
            assert_eq!(aliases.iter().map(|alias| &*alias.model_name).collect::<Vec<_>>(), expected, "{prefixes:?}");
            for name in NAMES {
                let (model, release) = (client.get_model(name).send().await, client.resolve_release(name).alias("prod").send().await);
                if expected.contains(&name) {
                    assert_eq!((model.unwrap().name, release.unwrap().model_name), (name.to_owned(), name.to_owned()));
                } else {
                    expect::refused(model, Code::NotFound, ErrorReason::ModelNotFound);
                    expect::refused(release, Code::NotFound, ErrorReason::ModelNotFound);
                }
            }
        }
    }

    /// A key without prefixes sees all, and so do admins.
    async fn without_prefixes_there_is_no_limit(registry: &Harness) {
        for name in NAMES {
            given::model(registry, name).await;
        }
        for client in [&viewer(registry, &[]).await, &registry.client] {
            assert_eq!(client.list_models().send().await.unwrap().items.len(), NAMES.len());
        }
    }

    /// The longest prefix there can be covers the longest name there can be.
    async fn the_longest_prefix_covers_the_longest_name(registry: &Harness) {
        let long = "x".repeat(255);
        given::model(registry, &long).await;
        given::model(registry, &"x".repeat(254)).await;
        let found = viewer(registry, &[&long]).await.list_models().send().await.unwrap().items;
        assert_eq!(found.into_iter().map(|model| model.name).collect::<Vec<_>>(), [long]);
    }

    /// Twenty prefixes are twenty alternatives.
    async fn twenty_prefixes_are_alternatives(registry: &Harness) {
        let prefixes: Vec<String> = (0..20).map(|number| format!("team-{number}/")).collect();
        for number in 0..25 {
            given::model(registry, &format!("team-{number}/m")).await;
        }
        let client = viewer(registry, &prefixes.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!(client.list_models().send().await.unwrap().items.len(), 20);
    }
}

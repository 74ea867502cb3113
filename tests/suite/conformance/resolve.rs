//! Which release something stands for: versions, tags, digests, numbers and "latest".

use registry_client::{Code, ErrorReason, Release, ReleaseState};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

/// A release with this key, whose digest is made of its number.
async fn build(registry: &Harness, version: &str, quantization: Option<&str>, platform: &str, digest: u64) -> Release {
    let release = Release {
        version: version.into(),
        quantization: quantization.map(Into::into),
        platform: platform.into(),
        digest: Some(given::digest(digest)),
        ..Release::default()
    };
    registry.client.create_release_from("m", release).send().await.unwrap()
}

fn candidates(error: &registry_client::Error) -> Vec<String> {
    let mut ids: Vec<String> = expect::fact(error, "candidates").split(',').map(str::to_owned).collect();
    ids.sort();
    ids
}

fn ids(releases: &[&Release]) -> Vec<String> {
    let mut ids: Vec<String> = releases.iter().map(|release| release.id.clone()).collect();
    ids.sort();
    ids
}

#[track_caller]
fn not_found<T: std::fmt::Debug>(answer: Result<T, registry_client::Error>) -> registry_client::Error {
    expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound)
}

conformance! {
    /// A version, a tag, a digest and a number each stand for the release that has it, and the answer is all of that release.
    async fn a_release_is_found_by_each_of_its_marks(registry: &Harness) {
        given::model(registry, "m").await;
        given::model(registry, "other").await;
        let first = build(registry, "1.0.0", Some("fp16"), "linux/arm64", 1).await;
        let second = build(registry, "2.0.0", None, "linux/amd64", 2).await;
        let client = &registry.client;
        let resolve = || client.resolve_release("m");
        for release in [&first, &second] {
            let expected = client.get_release(release).send().await.unwrap();
            assert_eq!(resolve().version(&release.version).send().await.unwrap(), expected);
            assert_eq!(resolve().tag(&release.tag).send().await.unwrap(), expected);
            assert_eq!(resolve().digest(release.digest.clone().unwrap()).send().await.unwrap(), expected);
            assert_eq!(resolve().number(release.number).send().await.unwrap(), expected);
        }
        let by_id = client.resolve_release(registry_client::ModelRef::by_id(&first.model_id)).number(1).send().await.unwrap();
        assert_eq!(by_id, first);
        not_found(resolve().version("3.0.0").send().await);
        not_found(resolve().version("1.0").send().await);
        not_found(resolve().tag("1.0.0").send().await);
        not_found(resolve().digest(given::digest(3)).send().await);
        not_found(resolve().number(3).send().await);
        not_found(client.resolve_release("other").version("1.0.0").send().await);
        not_found(client.resolve_release("other").latest().send().await);
        let gone = client.resolve_release("gone").latest().send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// If several releases meet a reference, none is chosen: the error counts them and names them.
    async fn an_ambiguous_reference_names_the_candidates(registry: &Harness) {
        given::model(registry, "m").await;
        let plain = build(registry, "1", None, "linux/amd64", 1).await;
        let fp16 = build(registry, "1", Some("fp16"), "linux/amd64", 1).await;
        let arm = build(registry, "1", Some("fp16"), "linux/arm64", 1).await;
        let resolve = || registry.client.resolve_release("m");
        for answer in [resolve().version("1").send().await, resolve().digest(given::digest(1)).send().await] {
            let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::AmbiguousReference);
            assert_eq!(candidates(&error), ids(&[&plain, &fp16, &arm]));
            assert_eq!(expect::fact(&error, "matchCount"), "3");
        }
        let error = expect::refused(resolve().tag("1-fp16").send().await, Code::FailedPrecondition, ErrorReason::AmbiguousReference);
        assert_eq!(candidates(&error), ids(&[&fp16, &arm]));
        assert_eq!(resolve().tag("1").send().await.unwrap().id, plain.id);
    }

    /// At most ten candidates are named, and all are counted.
    async fn at_most_ten_candidates_are_named(registry: &Harness) {
        given::model(registry, "m").await;
        for number in 0..12 {
            build(registry, "1", Some(&format!("q{number}")), "linux/amd64", 1).await;
        }
        let answer = registry.client.resolve_release("m").version("1").send().await;
        let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::AmbiguousReference);
        assert_eq!((candidates(&error).len(), expect::fact(&error, "matchCount")), (10, "12"));
    }

    /// Constraints tell releases apart; an empty quantization stands for none, and none given for any.
    async fn constraints_tell_releases_apart(registry: &Harness) {
        given::model(registry, "m").await;
        let plain = build(registry, "1", None, "linux/amd64", 1).await;
        let fp16 = build(registry, "1", Some("fp16"), "linux/amd64", 1).await;
        let arm = build(registry, "1", Some("fp16"), "linux/arm64", 1).await;
        let version = || registry.client.resolve_release("m").version("1");
        assert_eq!(version().quantization("").send().await.unwrap().id, plain.id);
        assert_eq!(version().quantization("fp16").platform("linux/amd64").send().await.unwrap().id, fp16.id);
        assert_eq!(version().platform("linux/arm64").send().await.unwrap().id, arm.id);
        not_found(version().quantization("").platform("linux/arm64").send().await);
        not_found(version().quantization("int8").send().await);
        not_found(version().quantization("FP16").send().await);
        let number = registry.client.resolve_release("m").number(1);
        not_found(number.clone().quantization("fp16").send().await);
        assert_eq!(number.quantization("").send().await.unwrap().id, plain.id);
        let latest = || registry.client.resolve_release("m").latest();
        assert_eq!(latest().send().await.unwrap().id, arm.id);
        assert_eq!(latest().quantization("").send().await.unwrap().id, plain.id);
        assert_eq!(latest().platform("linux/amd64").send().await.unwrap().id, fp16.id);
        not_found(latest().platform("windows/amd64").send().await);
    }

    /// A platform in a constraint has the form of one.
    async fn a_constraint_must_make_sense(registry: &Harness) {
        given::model(registry, "m").await;
        given::release(registry, "m", "1").await;
        let latest = || registry.client.resolve_release("m").latest();
        expect::invalid(latest().quantization("a\0b").send().await, &[("quantization", "STRING_NUL")]);
        expect::invalid(registry.client.resolve_release("m").version("").send().await, &[("version", "STRING_MIN_LEN")]);
        expect::invalid(registry.client.resolve_release("m").number(0).send().await, &[("number", "INT64_GTE")]);
        expect::invalid(registry.client.resolve_release("m").tag("t".repeat(501)).send().await, &[("tag", "STRING_MAX_LEN")]);
    }

    /// "Latest" is the newest active release, whatever its version; a younger one that is not active does not count.
    async fn latest_is_the_newest_active_release(registry: &Harness) {
        given::model(registry, "m").await;
        let latest = || registry.client.resolve_release("m").latest().send();
        let mut created = Vec::new();
        for version in ["2.0.0", "1.0.0", "0.5.0", "0.1.0", "3.0.0"] {
            registry.advance(Duration::from_secs(1));
            created.push(given::release(registry, "m", version).await);
            assert_eq!(latest().await.unwrap().version, version);
        }
        registry.advance(Duration::from_secs(1));
        given::candidate(registry, "m", "9.0.0").await;
        assert_eq!(latest().await.unwrap().id, created[4].id);
        for (release, to) in [(4, ReleaseState::Deprecated), (3, ReleaseState::Yanked)] {
            registry.client.transition_release(&created[release], to).send().await.unwrap();
        }
        assert_eq!(latest().await.unwrap().id, created[2].id);
        registry.client.promote_release(&created[4]).send().await.unwrap();
        assert_eq!(latest().await.unwrap().id, created[4].id);
    }

    /// Of releases created at the same moment, the one with the greatest id is the latest, every time.
    async fn ties_of_latest_are_broken_by_the_id(registry: &Harness) {
        given::model(registry, "m").await;
        let mut created = Vec::new();
        for version in 0..20 {
            created.push(given::release(registry, "m", &version.to_string()).await);
        }
        assert!(created.iter().all(|release| release.create_time == created[0].create_time));
        created.sort_by(|a, b| a.id.cmp(&b.id));
        while let Some(newest) = created.pop() {
            assert_eq!(registry.client.resolve_release("m").latest().send().await.unwrap().id, newest.id);
            registry.client.deprecate_release(&newest).send().await.unwrap();
        }
        not_found(registry.client.resolve_release("m").latest().send().await);
    }

    /// A yanked release is never resolved, by any mark, and the error says why.
    async fn a_yanked_release_is_never_resolved(registry: &Harness) {
        given::model(registry, "m").await;
        let yanked = given::release(registry, "m", "1.0.0").await;
        registry.client.yank_release(&yanked).send().await.unwrap();
        let resolve = || registry.client.resolve_release("m");
        let answers = [
            resolve().version("1.0.0").send().await,
            resolve().tag("1.0.0").send().await,
            resolve().digest(yanked.digest.clone().unwrap()).send().await,
            resolve().number(1).send().await,
        ];
        for answer in answers {
            let error = not_found(answer);
            assert!(error.message().contains("yanked"), "{error}");
        }
        not_found(resolve().latest().send().await);
        not_found(resolve().requirement("*").send().await);
        let hint = not_found(resolve().version("2.0.0").send().await);
        assert!(!hint.message().contains("yanked"), "{hint}");
        assert_eq!(registry.client.get_release(&yanked).send().await.unwrap().state(), ReleaseState::Yanked);
    }

    /// A yanked release does not make a reference ambiguous.
    async fn a_yanked_release_is_no_candidate(registry: &Harness) {
        given::model(registry, "m").await;
        let yanked = build(registry, "1", None, "linux/amd64", 1).await;
        let good = build(registry, "1", Some("fp16"), "linux/amd64", 1).await;
        registry.client.yank_release(&yanked).send().await.unwrap();
        assert_eq!(registry.client.resolve_release("m").version("1").send().await.unwrap().id, good.id);
    }

    /// By an exact mark a release is found in every state but YANKED.
    async fn an_exact_mark_finds_a_release_in_every_other_state(registry: &Harness) {
        given::model(registry, "m").await;
        for state in [ReleaseState::Candidate, ReleaseState::Active, ReleaseState::Deprecated, ReleaseState::Archived] {
            let release = given::release_in(registry, "m", state.as_str_name(), state).await;
            for answer in [
                registry.client.resolve_release("m").version(state.as_str_name()).send().await,
                registry.client.resolve_release("m").tag(&release.tag).send().await,
                registry.client.resolve_release("m").number(release.number).send().await,
            ] {
                assert_eq!(answer.unwrap(), release);
            }
        }
    }
}

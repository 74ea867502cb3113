//! Requirements on versions: which release meets "^1.2" best.

use registry_client::{Code, ErrorReason, ReleaseState};
use registry_tests::{Harness, conformance, expect, given};

async fn releases(registry: &Harness, versions: &[&str]) {
    given::model(registry, "m").await;
    for version in versions {
        given::release(registry, "m", version).await;
    }
}

/// The version that a requirement stands for.
async fn best(registry: &Harness, requirement: &str) -> String {
    registry.client.resolve_release("m").requirement(requirement).send().await.unwrap().version
}

#[track_caller]
fn none(answer: Result<registry_client::Release, registry_client::Error>) {
    expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
}

conformance! {
    /// The highest version that meets the requirement is chosen, by precedence: not by text, not by age.
    async fn the_highest_version_that_fits_is_chosen(registry: &Harness) {
        releases(registry, &["1.10.0", "2.0.0", "1.2.0", "1.9.9", "0.9.0", "0.10.1", "1.9.10"]).await;
        let cases = [
            ("*", "2.0.0"), ("^1.2", "1.10.0"), ("1", "1.10.0"), ("~1.9", "1.9.10"), (">=1.0, <2", "1.10.0"), ("<1", "0.10.1"),
            ("^0.9", "0.9.0"), ("=1.2.0", "1.2.0"), ("1.9.*", "1.9.10"), (">1.10.0", "2.0.0"), ("<=1.9.9", "1.9.9"), (" ^1 ", "1.10.0"),
        ];
        for (requirement, version) in cases {
            assert_eq!(best(registry, requirement).await, version, "{requirement}");
        }
        none(registry.client.resolve_release("m").requirement("^3").send().await);
        none(registry.client.resolve_release("m").requirement(">1, <1").send().await);
    }

    /// A prerelease comes before its release, is compared part by part, and is chosen only by a requirement that mentions it.
    async fn prereleases_have_their_precedence(registry: &Harness) {
        releases(registry, &["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.11", "1.0.0-beta.2", "1.0.0-rc.1"]).await;
        none(registry.client.resolve_release("m").requirement("^1").send().await);
        none(registry.client.resolve_release("m").requirement("*").send().await);
        for (requirement, version) in [
            (">=1.0.0-alpha", "1.0.0-rc.1"), ("<1.0.0-rc.1", "1.0.0-beta.11"), (">=1.0.0-alpha, <1.0.0-beta", "1.0.0-alpha.beta"),
            ("=1.0.0-beta.2", "1.0.0-beta.2"),
        ] {
            assert_eq!(best(registry, requirement).await, version, "{requirement}");
        }
        given::release(registry, "m", "1.0.0").await;
        assert_eq!(best(registry, ">=1.0.0-alpha").await, "1.0.0");
        assert_eq!(best(registry, "^1").await, "1.0.0");
    }

    /// Versions that are not semantic versions are passed over.
    async fn what_is_no_semantic_version_is_passed_over(registry: &Harness) {
        releases(registry, &["v9.0.0", "9.0", "9", "9.0.0.0", "09.0.0", "latest", "2026-01-01", "1.0.0", "9.0.0-01"]).await;
        assert_eq!(best(registry, "*").await, "1.0.0");
        assert_eq!(best(registry, ">=0.1").await, "1.0.0");
        none(registry.client.resolve_release("m").requirement("^9").send().await);
    }

    /// Only active releases are considered.
    async fn only_active_releases_meet_a_requirement(registry: &Harness) {
        releases(registry, &["1.0.0"]).await;
        for (version, state) in [
            ("1.1.0", ReleaseState::Candidate), ("1.2.0", ReleaseState::Deprecated), ("1.3.0", ReleaseState::Archived),
            ("1.4.0", ReleaseState::Yanked),
        ] {
            given::release_in(registry, "m", version, state).await;
        }
        assert_eq!(best(registry, "^1").await, "1.0.0");
    }

    /// Two builds of the best version, or two versions that differ only in build metadata, are ambiguous until a constraint decides.
    async fn equal_precedence_is_ambiguous(registry: &Harness) {
        releases(registry, &["1.0.0"]).await;
        registry.client.create_release("m", "1.1.0").digest(given::digest(1)).send().await.unwrap();
        let small = registry.client.create_release("m", "1.1.0").quantization("int4").digest(given::digest(1)).send().await.unwrap();
        let answer = registry.client.resolve_release("m").requirement("^1").send().await;
        let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::AmbiguousReference);
        assert_eq!(expect::fact(&error, "matchCount"), "2");
        assert!(expect::fact(&error, "candidates").split(',').any(|id| id == small.id));
        let decided = registry.client.resolve_release("m").requirement("^1").quantization("int4").send().await.unwrap();
        assert_eq!(decided.id, small.id);
        let none = registry.client.resolve_release("m").requirement("^1").quantization("").send().await.unwrap();
        assert_eq!((none.version.as_str(), none.quantization), ("1.1.0", None));
        for build in ["2.0.0+a", "2.0.0+b"] {
            given::release(registry, "m", build).await;
        }
        let answer = registry.client.resolve_release("m").requirement("^2").send().await;
        let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::AmbiguousReference);
        assert_eq!(expect::fact(&error, "matchCount"), "2");
    }

    /// A requirement that cannot be read is a violation of its field, not a requirement that nothing meets.
    async fn a_bad_requirement_is_a_violation(registry: &Harness) {
        releases(registry, &["1.0.0"]).await;
        for requirement in ["nonsense", "^", ">=", "1.0.0.0", "^1 || ^2", "1.x.3", "'; DROP TABLE release; --", "^é", ">=1.0 <2"] {
            let answer = registry.client.resolve_release("m").requirement(requirement).send().await;
            expect::invalid(answer, &[("requirement", "SEMVER_REQUIREMENT")]);
        }
        let empty = registry.client.resolve_release("m").requirement("").send().await;
        expect::invalid(empty, &[("requirement", "STRING_MIN_LEN")]);
        let long = registry.client.resolve_release("m").requirement("1".repeat(129)).send().await;
        expect::invalid(long, &[("requirement", "STRING_MAX_LEN")]);
        let many = vec![">0"; 40].join(",");
        let answer = registry.client.resolve_release("m").requirement(many).send().await;
        expect::invalid(answer, &[("requirement", "SEMVER_REQUIREMENT")]);
    }
}

//! Where a release runs, as a condition: when one is resolved, and when they are listed.

use registry_client::{
    CachedResolver, Code, DeploymentState, Error, ErrorReason, Release, ReleaseFilter, ReleaseQuery, ReleaseState,
};
use registry_tests::{Harness, conformance, expect, given, wait};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

fn of() -> registry_client::SelectRelease {
    ReleaseQuery::of("m")
}

async fn resolved(registry: &Harness, query: ReleaseQuery) -> Result<String, Error> {
    Ok(registry.client.resolve_release_from(query).send().await?.version)
}

/// That nothing is found because it does not run there, which is told.
#[track_caller]
fn elsewhere<T: std::fmt::Debug>(answer: Result<T, Error>) {
    let error = expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
    assert!(error.message().ends_with("it does not run in that environment"), "{error}");
}

/// That nothing is found wherever one looks.
#[track_caller]
fn nowhere<T: std::fmt::Debug>(answer: Result<T, Error>, reason: ErrorReason) {
    let error = expect::refused(answer, Code::NotFound, reason);
    assert!(!error.message().contains("environment"), "{error}");
}

/// Versions 1.0, 1.1 and 1.2: the first two run in production, the last in staging only.
async fn three(registry: &Harness) -> [Release; 3] {
    given::model(registry, "m").await;
    let releases: [Release; 3] = given::releases(registry, "m", ["1.0.0", "1.1.0", "1.2.0"]).await.try_into().unwrap();
    given::deployment(registry, &releases[0], "production").await;
    given::deployment(registry, &releases[1], "production").await;
    given::deployment(registry, &releases[1], "production").await;
    given::deployment(registry, &releases[2], "staging").await;
    releases
}

async fn running_in(registry: &Harness, environments: &[&str]) -> Vec<String> {
    let environments = environments.iter().map(ToString::to_string).collect();
    let filter = ReleaseFilter { environments, ..ReleaseFilter::default() };
    let list = registry.client.list_releases().filter(filter).include_total_size().send().await.unwrap();
    assert_eq!(list.total_size, i64::try_from(list.items.len()).ok());
    let mut versions: Vec<String> = list.items.into_iter().map(|release| release.version).collect();
    versions.sort();
    versions
}

conformance! {
    /// Each way to ask for a release finds it where it runs, and says of another place that it does not run there.
    async fn every_selector_can_ask_for_an_environment(registry: &Harness) {
        let [first, _, last] = three(registry).await;
        registry.client.update_release(&last).tag("newest").send().await.unwrap();
        let alias = given::alias(registry, &last, "candidate").await;
        registry.advance(Duration::from_secs(1));
        given::alias(registry, &first, "candidate").await;
        for (query, environment, found) in [
            (of().latest(), "production", "1.1.0"),
            (of().latest(), "staging", "1.2.0"),
            (of().requirement("^1"), "production", "1.1.0"),
            (of().requirement("^1"), "staging", "1.2.0"),
            (of().requirement("<1.1"), "production", "1.0.0"),
            (of().version("1.2.0"), "staging", "1.2.0"),
            (of().tag("newest"), "staging", "1.2.0"),
            (of().number(3), "staging", "1.2.0"),
            (of().alias("candidate"), "production", "1.0.0"),
            (of().alias("candidate").as_of_time(alias.update_time.unwrap()), "staging", "1.2.0"),
        ] {
            let there = resolved(registry, query.clone().environment(environment)).await;
            assert_eq!(there.unwrap(), found, "{query:?} in {environment}");
            elsewhere(resolved(registry, query.environment("development")).await);
        }
        // All three have one digest: two of them run in production, and one of them does in staging.
        let digest = || of().digest(given::digest(1));
        assert_eq!(resolved(registry, digest().environment("staging")).await.unwrap(), "1.2.0");
        let both = resolved(registry, digest().environment("production")).await;
        let error = expect::refused(both, Code::FailedPrecondition, ErrorReason::AmbiguousReference);
        assert_eq!(expect::fact(&error, "matchCount"), "2");
        elsewhere(resolved(registry, digest().environment("development")).await);
        elsewhere(resolved(registry, of().version("1.2.0").environment("production")).await);
        elsewhere(resolved(registry, of().version("1.2.0").environment("Staging")).await);
        elsewhere(resolved(registry, of().requirement(">=1.2").environment("production")).await);
        elsewhere(resolved(registry, of().alias("candidate").environment("staging")).await);
        nowhere(resolved(registry, of().version("9").environment("production")).await, ErrorReason::ReleaseNotFound);
        nowhere(resolved(registry, of().alias("none").environment("production")).await, ErrorReason::AliasNotFound);
        nowhere(resolved(registry, of().requirement("^9").environment("production")).await, ErrorReason::ReleaseNotFound);
        let arm = of().version("1.0.0").platform("linux/arm64").environment("production");
        nowhere(resolved(registry, arm).await, ErrorReason::ReleaseNotFound);
        nowhere(resolved(registry, ReleaseQuery::of("n").latest().environment("production")).await, ErrorReason::ModelNotFound);
        expect::invalid(resolved(registry, of().latest().environment("")).await, &[("environment", "REQUIRED")]);
    }

    /// Only what is RUNNING counts, and the answer follows every step.
    async fn only_what_runs_counts(registry: &Harness) {
        use DeploymentState::{Deploying, Failed, Pending, Running, Stopped, Stopping, Terminated};
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let deployment = registry.client.create_deployment(&release, "production").initial_state(Pending).send().await.unwrap();
        for to in [Pending, Deploying, Running, Stopping, Stopped, Deploying, Running, Failed, Deploying, Running, Terminated] {
            registry.client.transition_deployment(&deployment, to).send().await.unwrap();
            let found = resolved(registry, of().latest().environment("production")).await;
            if to == Running {
                assert_eq!((found.unwrap(), running_in(registry, &["production"]).await), ("1".to_owned(), vec!["1".to_owned()]));
            } else {
                elsewhere(found);
                assert_eq!(running_in(registry, &["production"]).await, Vec::<String>::new(), "{to:?}");
            }
        }
    }

    /// The newest that runs there is an active one; what runs and was withdrawn is not found, and is told to be that.
    async fn what_runs_must_be_usable_too(registry: &Harness) {
        let [first, second, last] = three(registry).await;
        let client = &registry.client;
        client.deprecate_release(&second).send().await.unwrap();
        assert_eq!(resolved(registry, of().latest().environment("production")).await.unwrap(), "1.0.0");
        assert_eq!(resolved(registry, of().version("1.1.0").environment("production")).await.unwrap(), "1.1.0");
        client.transition_release(&first, ReleaseState::Yanked).send().await.unwrap();
        let yanked = resolved(registry, of().version("1.0.0").environment("production")).await;
        let error = expect::refused(yanked, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert!(error.message().ends_with("it was yanked"), "{error}");
        elsewhere(resolved(registry, of().latest().environment("production")).await);
        client.transition_release(&last, ReleaseState::Yanked).send().await.unwrap();
        nowhere(resolved(registry, of().latest().environment("production")).await, ErrorReason::ReleaseNotFound);
    }

    /// Many at once have the outcomes that each would have alone.
    async fn a_batch_asks_for_environments(registry: &Harness) {
        three(registry).await;
        let queries = [
            of().latest().environment("production"),
            of().latest().environment("staging"),
            of().latest(),
            of().version("1.2.0").environment("production"),
        ];
        let mut outcomes = registry.client.batch_resolve_releases(queries.clone()).send().await.unwrap().outcomes;
        let last = outcomes.pop().unwrap();
        let versions: Vec<String> = outcomes.into_iter().map(|outcome| outcome.unwrap().version).collect();
        assert_eq!(versions, ["1.1.0", "1.2.0", "1.2.0"]);
        elsewhere(last);
        let wrong = registry.client.batch_resolve_releases([of().latest(), of().latest().environment("")]).send().await;
        expect::invalid(wrong, &[("requests[1].environment", "REQUIRED")]);
    }

    /// Lists of releases can be of those that run in one of some environments, and of those that do not.
    async fn releases_are_listed_by_where_they_run(registry: &Harness) {
        three(registry).await;
        assert_eq!(running_in(registry, &["production"]).await, ["1.0.0", "1.1.0"]);
        assert_eq!(running_in(registry, &["staging", "development"]).await, ["1.2.0"]);
        assert_eq!(running_in(registry, &["staging", "production"]).await, ["1.0.0", "1.1.0", "1.2.0"]);
        assert_eq!(running_in(registry, &["development"]).await, Vec::<String>::new());
        let production = || ReleaseFilter { environments: vec!["production".into()], ..ReleaseFilter::default() };
        let filter = ReleaseFilter { none_of: vec![production()], ..ReleaseFilter::default() };
        let others = registry.client.list_releases().filter(filter).send().await.unwrap().items;
        assert_eq!(others.iter().map(|release| release.version.as_str()).collect::<Vec<_>>(), ["1.2.0"]);
        let filter = ReleaseFilter { versions: vec!["1.0.0".into(), "1.2.0".into()], ..production() };
        let both = registry.client.list_releases().filter(filter).send().await.unwrap().items;
        assert_eq!(both.iter().map(|release| release.version.as_str()).collect::<Vec<_>>(), ["1.0.0"]);
        let many = ReleaseFilter { environments: vec!["e".into(); 101], ..ReleaseFilter::default() };
        let refused = registry.client.list_releases().filter(many).send().await;
        expect::invalid(refused, &[("filter.environments", "REPEATED_MAX_ITEMS")]);
    }

    /// The client's memory of an alias shows how much of its release is live, and follows it.
    async fn a_memory_follows_deployments(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        given::alias(registry, &release, "production").await;
        let resolver = CachedResolver::start(&registry.client);
        let counted = async |count: i64| {
            let look = async || {
                let found = resolver.resolve("m", "production").await.ok()?;
                (found.release.live_deployment_count == Some(count)).then_some(())
            };
            wait::until("the memory knows what is live", SOON, look).await;
        };
        counted(0).await;
        let deployment = given::deployment(registry, &release, "production").await;
        counted(1).await;
        registry.client.terminate_deployment(&deployment).send().await.unwrap();
        counted(0).await;
    }
}

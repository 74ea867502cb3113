//! References of every kind against a plain search through all releases: in a batch, and each alone.

use registry_client::pb::resolve_release_request::{Latest, Selector};
use registry_client::{Error, ErrorReason, Release, ReleaseQuery, ReleaseState, pb};
use registry_tests::{Harness, conformance, given};
use std::collections::BTreeMap;

/// What there is, as the test remembers it.
struct World {
    releases: Vec<Release>,
    /// By id, the environments.
    running: BTreeMap<String, &'static str>,
    /// By alias, the id.
    aliases: BTreeMap<&'static str, String>,
}

const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0", "2.0.0-rc.1", "v3"];
const QUANTIZATIONS: [Option<&str>; 3] = [None, Some("int4"), Some("fp16")];
const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];
const STATES: [ReleaseState; 5] =
    [ReleaseState::Active, ReleaseState::Candidate, ReleaseState::Yanked, ReleaseState::Deprecated, ReleaseState::Active];

/// Releases whose marks are shared by several, in all states, of which some run somewhere.
async fn world(registry: &Harness) -> World {
    given::model(registry, "m").await;
    given::model(registry, "empty").await;
    let keys = VERSIONS.iter().flat_map(|version| {
        QUANTIZATIONS
            .iter()
            .flat_map(move |quantization| PLATFORMS.iter().map(move |platform| (*version, *quantization, *platform)))
    });
    let (mut releases, mut running) = (Vec::new(), BTreeMap::new());
    for ((place, (version, quantization, platform)), state) in keys.enumerate().zip(STATES.into_iter().cycle()) {
        let release = Release {
            version: version.to_owned(),
            quantization: quantization.map(str::to_owned),
            platform: platform.to_owned(),
            tag: format!("tag-{}", place % 7),
            digest: Some(given::digest(place as u64 % 9)),
            state: ReleaseState::Candidate.into(),
            ..Release::default()
        };
        let mut release = registry.client.create_release_from("m", release).send().await.unwrap();
        if place % 3 != 2 {
            let environment = if place % 3 == 0 { "production" } else { "staging" };
            given::deployment(registry, &release, environment).await;
            running.insert(release.id.clone(), environment);
        }
        for step in steps(state) {
            release = registry.client.transition_release(&release, *step).send().await.unwrap();
        }
        releases.push(release);
    }
    let usable = |release: &&Release| release.state() != ReleaseState::Yanked;
    let mut pointed = releases.iter().filter(usable).step_by(5);
    let mut aliases = BTreeMap::new();
    for alias in ["production", "canary"] {
        let release = pointed.next().unwrap();
        given::alias(registry, release, alias).await;
        aliases.insert(alias, release.id.clone());
    }
    World { releases, running, aliases }
}

fn steps(state: ReleaseState) -> &'static [ReleaseState] {
    match state {
        ReleaseState::Unspecified | ReleaseState::Candidate => &[],
        ReleaseState::Active => &[ReleaseState::Active],
        ReleaseState::Deprecated => &[ReleaseState::Active, ReleaseState::Deprecated],
        ReleaseState::Archived => &[ReleaseState::Archived],
        ReleaseState::Yanked => &[ReleaseState::Yanked],
    }
}

fn selectors() -> Vec<Selector> {
    let text = |text: &str| text.to_owned();
    let mut all: Vec<Selector> = ["production", "canary", "nowhere"].map(|alias| Selector::Alias(text(alias))).into();
    all.extend(VERSIONS.iter().chain(&["4.0.0"]).map(|version| Selector::Version(text(version))));
    all.extend(["tag-0", "tag-3", "tag-9"].map(|tag| Selector::Tag(text(tag))));
    all.extend([0, 4, 99].map(|digest| Selector::Digest(given::digest(digest))));
    all.extend([1, 3, 7, 99].map(Selector::Number));
    all.extend([Selector::Latest(Latest {}), Selector::Requirement(text("^1"))]);
    all
}

/// Every selector with every constraint, of the model, and of those that have nothing.
fn questions() -> Vec<pb::ResolveReleaseRequest> {
    let mut all = Vec::new();
    for selector in selectors() {
        for model in ["empty", "gone"] {
            all.push(question(model, selector.clone(), None, None, None));
        }
        for quantization in [None, Some(""), Some("int4")] {
            for platform in [None, Some("linux/arm64")] {
                for environment in [None, Some("production"), Some("nowhere")] {
                    all.push(question("m", selector.clone(), quantization, platform, environment));
                }
            }
        }
    }
    all
}

fn question(
    model: &str,
    selector: Selector,
    quantization: Option<&str>,
    platform: Option<&str>,
    environment: Option<&str>,
) -> pb::ResolveReleaseRequest {
    let own = |text: Option<&str>| text.map(str::to_owned);
    pb::ResolveReleaseRequest {
        model_ref: Some(registry_client::ModelRef::by_name(model).into()),
        selector: Some(selector),
        quantization: own(quantization),
        platform: own(platform),
        environment: own(environment),
        as_of_time: None,
    }
}

/// What the rules say, found by looking at everything.
fn expected(world: &World, question: &pb::ResolveReleaseRequest) -> Result<String, ErrorReason> {
    let pb::ResolveReleaseRequest { model_ref, selector, quantization, platform, environment, as_of_time: _ } = question;
    let model = model_ref.clone().unwrap();
    if model == registry_client::ModelRef::by_name("gone").into() {
        return Err(ErrorReason::ModelNotFound);
    }
    let empty = model == registry_client::ModelRef::by_name("empty").into();
    let fits = |release: &&Release| {
        !empty
            && quantization.as_ref().is_none_or(|wanted| wanted == release.quantization.as_deref().unwrap_or_default())
            && platform.as_ref().is_none_or(|wanted| *wanted == release.platform)
            && environment.as_ref().is_none_or(|wanted| world.running.get(&release.id).is_some_and(|runs| runs == wanted))
    };
    let having = |has: &dyn Fn(&Release) -> bool| {
        only(world.releases.iter().filter(fits).filter(|release| release.state() != ReleaseState::Yanked && has(release)))
    };
    let mut active = world.releases.iter().filter(fits).filter(|release| release.state() == ReleaseState::Active);
    match selector.as_ref().unwrap() {
        Selector::Alias(alias) => match world.aliases.get(alias.as_str()).filter(|_| !empty) {
            None => Err(ErrorReason::AliasNotFound),
            Some(id) => having(&|release| release.id == *id),
        },
        Selector::Version(version) => having(&|release| release.version == *version),
        Selector::Tag(tag) => having(&|release| release.tag == *tag),
        Selector::Digest(digest) => having(&|release| release.digest.as_ref() == Some(digest)),
        Selector::Number(number) => having(&|release| release.number == *number),
        // All were created at one moment: the id decides.
        Selector::Latest(Latest {}) => active.map(|release| release.id.clone()).max().ok_or(ErrorReason::ReleaseNotFound),
        Selector::Requirement(_) => {
            let active: Vec<_> = active.by_ref().collect();
            let best = ["1.1.0", "1.0.0"].into_iter().find(|version| active.iter().any(|release| release.version == *version));
            only(active.into_iter().filter(|release| Some(release.version.as_str()) == best))
        }
    }
}

fn only<'a>(releases: impl Iterator<Item = &'a Release>) -> Result<String, ErrorReason> {
    match releases.collect::<Vec<_>>().as_slice() {
        [] => Err(ErrorReason::ReleaseNotFound),
        [only] => Ok(only.id.clone()),
        _ => Err(ErrorReason::AmbiguousReference),
    }
}

/// What an answer says, to the detail.
fn said(answer: Result<Release, Error>) -> Result<Release, (Option<ErrorReason>, String, String)> {
    answer.map_err(|error| (error.reason(), error.message().to_owned(), format!("{:?} {:?}", error.metadata(), error.resource())))
}

conformance! {
    /// Each has the outcome that the rules say, the same alone and among others, to the detail.
    async fn every_reference_has_its_outcome_alone_and_among_others(registry: &Harness) {
        let world = world(registry).await;
        let (mut found, mut ambiguous) = (0, 0);
        for questions in questions().chunks(250) {
            let queries = questions.iter().cloned().map(ReleaseQuery::from);
            let batch = registry.client.batch_resolve_releases(queries).send().await.unwrap();
            for (question, outcome) in questions.iter().zip(batch.outcomes) {
                let alone = registry.client.resolve_release_from(question.clone()).send().await;
                let (outcome, alone) = (said(outcome), said(alone));
                assert_eq!(outcome, alone, "{question:?}");
                let outcome = outcome.map(|release| release.id).map_err(|(reason, ..)| reason.unwrap());
                assert_eq!(outcome, expected(&world, question), "{question:?}");
                found += usize::from(outcome.is_ok());
                ambiguous += usize::from(outcome == Err(ErrorReason::AmbiguousReference));
            }
        }
        assert!(found > 50 && ambiguous > 20, "{found} {ambiguous}");
    }
}

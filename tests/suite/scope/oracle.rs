//! Random models and random prefixes: what a limited key is given is what others are given, filtered by a line of Rust.

use super::events::of_models;
use super::{operator, viewer};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Artifact, Client, Deployment, Event, EventFilter, Model, Release, ReleaseAlias};
use registry_tests::watching::{after, listed, watch};
use registry_tests::{Harness, conformance, given};

const MODELS: usize = 60;
const KEYS: usize = 15;

/// Few letters, so that names are often prefixes of one another, and each of them next to another in some order.
const LETTERS: [char; 8] = ['a', 'A', 'b', 'z', '0', '-', '.', '_'];

struct Dice(StdRng);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    /// A piece of a name, which begins with a letter or a digit.
    fn piece(&mut self) -> String {
        let first = LETTERS[self.below(5)];
        let more = self.below(3);
        std::iter::once(first).chain((0..more).map(|_| LETTERS[self.below(LETTERS.len())]).collect::<Vec<_>>()).collect()
    }

    fn name(&mut self) -> String {
        let more = self.below(3);
        (0..=more).map(|_| self.piece()).collect::<Vec<_>>().join("/")
    }

    /// The beginning of a name, or of none.
    fn prefix(&mut self, names: &[String]) -> String {
        let name = names[self.below(names.len())].clone();
        match self.below(4) {
            0 => self.piece(),
            1 => format!("{}/", self.piece()),
            _ => name[..=self.below(name.len())].to_owned(),
        }
    }
}

/// Models with releases, aliases, artifacts, deployments and a past, by many calls and by few.
async fn stock(registry: &Harness, dice: &mut Dice) -> Vec<String> {
    let mut names: Vec<String> = (0..MODELS).map(|_| dice.name()).collect();
    names.sort();
    names.dedup();
    let client = &registry.client;
    for some in names.chunks(7) {
        client.batch_create_models(some.iter().map(|name| client.create_model(name, "/m"))).send().await.unwrap();
    }
    for name in &names {
        for version in 0..dice.below(3) {
            let release = given::release(registry, name, &version.to_string()).await;
            if dice.below(2) == 0 {
                given::alias(registry, &release, "prod").await;
            }
            given::artifact(registry, &release, "of the release").await;
            match dice.below(3) {
                0 => drop(given::deployment(registry, &release, "production").await),
                1 => drop(given::terminated(registry, &release, "production").await),
                _ => {}
            }
        }
        if dice.below(2) == 0 {
            given::artifact(registry, &**name, "of the model").await;
        }
        match dice.below(8) {
            0 => {
                for deployment in client.list_deployments().model(&**name).send().await.unwrap().items {
                    client.terminate_deployment(&deployment).send().await.unwrap();
                }
                client.delete_model(&**name).force().send().await.unwrap();
            }
            1 => drop(client.rename_model(&**name, format!("{}{}", dice.name(), names.len())).send().await),
            _ => {}
        }
    }
    names
}

/// Everything that lists give, in pages of an odd size, and how many each says there are.
#[derive(Debug, PartialEq)]
struct Seen {
    models: Vec<Model>,
    releases: Vec<Release>,
    aliases: Vec<ReleaseAlias>,
    artifacts: Vec<Artifact>,
    deployments: Vec<Deployment>,
    totals: (i64, i64, i64, i64),
    events: Vec<Event>,
    watched: Vec<Event>,
}

impl Seen {
    async fn by(client: &Client) -> Self {
        let models = given::pages(client.list_models().show_deleted().include_total_size().page_size(7).pages()).await;
        let releases = given::pages(client.list_releases().show_deleted().include_total_size().page_size(7).pages()).await;
        let aliases = given::pages(client.list_release_aliases().page_size(7).pages()).await;
        let artifacts = given::pages(client.list_artifacts().show_deleted().include_total_size().page_size(7).pages()).await;
        let deployments = given::pages(client.list_deployments().include_total_size().page_size(7).pages()).await;
        let mut watcher = watch(client, after(0)).await;
        let current = watcher.started.current_revision;
        Self {
            totals: (
                models[0].total_size.expect("a count"),
                releases[0].total_size.expect("a count"),
                artifacts[0].total_size.expect("a count"),
                deployments[0].total_size.expect("a count"),
            ),
            artifacts: artifacts.into_iter().flat_map(|page| page.items).collect(),
            deployments: deployments.into_iter().flat_map(|page| page.items).collect(),
            models: models.into_iter().flat_map(|page| page.items).collect(),
            releases: releases.into_iter().flat_map(|page| page.items).collect(),
            aliases: aliases.into_iter().flat_map(|page| page.items).collect(),
            events: listed(client, 0, &EventFilter::default()).await,
            watched: watcher.through(current).await,
        }
    }

    /// What is left for somebody with these prefixes.
    fn within(&self, prefixes: &[String]) -> Self {
        let is_within = |name: &str| prefixes.iter().any(|prefix| name.starts_with(&**prefix));
        let models: Vec<Model> = self.models.iter().filter(|model| is_within(&model.name)).cloned().collect();
        let releases: Vec<Release> = self.releases.iter().filter(|release| is_within(&release.model_name)).cloned().collect();
        let artifacts: Vec<Artifact> =
            self.artifacts.iter().filter(|artifact| is_within(&artifact.model_name)).cloned().collect();
        let deployments: Vec<Deployment> =
            self.deployments.iter().filter(|deployment| is_within(&deployment.model_name)).cloned().collect();
        let count = |count: usize| i64::try_from(count).unwrap();
        Self {
            totals: (count(models.len()), count(releases.len()), count(artifacts.len()), count(deployments.len())),
            artifacts,
            deployments,
            models,
            releases,
            aliases: self.aliases.iter().filter(|alias| is_within(&alias.model_name)).cloned().collect(),
            events: of_models(&self.events, is_within),
            watched: of_models(&self.watched, is_within),
        }
    }
}

conformance! {
    /// Lists, counts, pages, history, streams and reads by name and by id.
    async fn a_limited_key_is_given_the_rest_filtered(registry: &Harness) {
        let seed: u64 = rand::random();
        let dice = &mut Dice(StdRng::seed_from_u64(seed));
        let names = stock(registry, dice).await;
        let all = Seen::by(&operator(registry, &[]).await).await;
        assert!(all.models.len() > MODELS / 2 && all.events == all.watched, "seed {seed}");
        let mut told_apart = 0;
        for _ in 0..KEYS {
            let prefixes: Vec<String> = (0..=dice.below(3)).map(|_| dice.prefix(&names)).collect();
            let client = viewer(registry, &prefixes.iter().map(String::as_str).collect::<Vec<_>>()).await;
            let (seen, expected) = (Seen::by(&client).await, all.within(&prefixes));
            assert_eq!(seen, expected, "seed {seed}: {prefixes:?}");
            told_apart += usize::from(!seen.models.is_empty() && seen.models.len() < all.models.len());
            for model in &all.models {
                let is_there = seen.models.contains(model);
                assert_eq!(client.get_model(model).send().await.is_ok(), is_there, "seed {seed}: {prefixes:?} {}", model.name);
                let is_live = model.delete_time.is_none();
                assert_eq!(client.get_model(&*model.name).send().await.is_ok(), is_there && is_live, "seed {seed}: {prefixes:?}");
            }
            for release in &all.releases {
                assert_eq!(client.get_release(release).send().await.is_ok(), seen.releases.contains(release), "seed {seed}: {prefixes:?}");
            }
            for artifact in &all.artifacts {
                let is_there = seen.artifacts.contains(artifact);
                assert_eq!(client.get_artifact(artifact).send().await.is_ok(), is_there, "seed {seed}: {prefixes:?}");
            }
            for deployment in &all.deployments {
                let is_there = seen.deployments.contains(deployment);
                assert_eq!(client.get_deployment(deployment).send().await.is_ok(), is_there, "seed {seed}: {prefixes:?}");
            }
        }
        assert!(!all.deployments.is_empty() && !all.artifacts.is_empty(), "seed {seed}");
        assert!(told_apart > KEYS / 3, "seed {seed}: only {told_apart} of the keys were told apart");
    }
}

//! One client and its memory: what it was promised, and what it asked for last.

use super::{Report, cut_off};
use futures::{StreamExt, stream};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use registry_client::{Client, Error, Model, ModelId, Release, ReleaseId, ReleaseRef, ReleaseState, RetryPolicy};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a client waits for an answer. A server that is killed answers nothing; the connection says so at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many reads run at the same time.
const READS: usize = 16;

/// What was asked for last.
#[derive(Debug, Clone)]
enum Intent {
    CreateModel { name: String },
    CreateRelease { model: String, version: String, digest: String },
    Describe { model: String, description: String },
    Move { release: String, target: ReleaseState },
}

/// The memory of a client. The resources are its own, so that nobody else changes them.
#[derive(Debug)]
pub(super) struct Ledger {
    client: u64,
    random: StdRng,
    next: u64,
    /// By id, as last acknowledged.
    models: BTreeMap<String, Model>,
    releases: BTreeMap<String, Release>,
    /// Written to since they were last read back.
    touched: BTreeSet<String>,
    /// Asked for and not answered.
    open: Option<Intent>,
    /// Every acknowledged write: its revision and what it was of.
    writes: Vec<(i64, String)>,
    complaint: Option<String>,
}

impl Ledger {
    pub(super) fn new(client: u64, seed: u64) -> Self {
        Self {
            client,
            random: StdRng::seed_from_u64(seed),
            next: 0,
            models: BTreeMap::new(),
            releases: BTreeMap::new(),
            touched: BTreeSet::new(),
            open: None,
            writes: Vec::new(),
            complaint: None,
        }
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.writes.len().try_into().unwrap_or(u64::MAX)
    }

    pub(super) fn complaint(&self) -> Option<String> {
        self.complaint.clone()
    }

    pub(super) fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.values()
    }

    pub(super) fn releases(&self) -> impl Iterator<Item = &Release> {
        self.releases.values()
    }

    pub(super) fn writes(&self) -> &[(i64, String)] {
        &self.writes
    }

    /// Writes until there is no answer any more.
    pub(super) async fn write(mut self, endpoint: String) -> Self {
        let client = crate::keys::admin(endpoint).retry(RetryPolicy::none()).timeout(PATIENCE).connect().await;
        let Ok(client) = client else { return self };
        while self.step(&client).await {}
        self
    }

    /// Writes one thing to a server that nobody kills.
    pub(super) async fn write_once(&mut self, client: &Client, report: &mut Report) {
        if !self.step(client).await {
            report.wrong.push(format!("a server that has just started does not write: {:?}", self.complaint));
        }
    }

    /// One request. What it asks for is remembered before it is sent, what it is answered before the next one.
    async fn step(&mut self, client: &Client) -> bool {
        let intent = self.intend();
        self.open = Some(intent.clone());
        match send(client, &intent).await {
            Ok(answer) => {
                self.open = None;
                self.acknowledge(answer);
                true
            }
            Err(error) => {
                if !cut_off(&error) {
                    self.complaint = Some(format!("{intent:?} was answered {error:?}"));
                }
                false
            }
        }
    }

    fn intend(&mut self) -> Intent {
        self.next += 1;
        let number = self.next;
        let mut names: Vec<&Model> = self.models.values().collect();
        names.sort_unstable_by(|one, other| one.name.cmp(&other.name)); // ids differ from run to run, names do not
        let Some(model) = names.choose(&mut self.random).copied().cloned() else { return self.create_model(number) };
        match self.random.random_range(0..100) {
            0..30 => self.create_model(number),
            30..65 => Intent::CreateRelease {
                model: model.name,
                version: format!("{number}.0.0"),
                digest: crate::given::digest(number),
            },
            65..85 => Intent::Describe { model: model.id, description: format!("described by request {number}") },
            _ => self.move_release().unwrap_or_else(|| self.create_model(number)),
        }
    }

    fn create_model(&self, number: u64) -> Intent {
        Intent::CreateModel { name: format!("client-{}/model-{number}", self.client) }
    }

    fn move_release(&mut self) -> Option<Intent> {
        let mut releases: Vec<&Release> = self.releases.values().collect();
        releases.sort_unstable_by(|one, other| one.version.cmp(&other.version));
        let release = releases.choose(&mut self.random).copied()?;
        let target = match release.state() {
            ReleaseState::Active => ReleaseState::Deprecated,
            _ => ReleaseState::Active,
        };
        Some(Intent::Move { release: release.id.clone(), target })
    }

    fn acknowledge(&mut self, answer: Written) {
        let (revision, id) = match &answer {
            Written::Model(model) => (model.revision, model.id.clone()),
            Written::Release(release) => (release.revision, release.id.clone()),
        };
        self.writes.push((revision, id.clone()));
        self.touched.insert(id);
        self.keep(answer);
    }

    fn keep(&mut self, answer: Written) {
        match answer {
            Written::Model(model) => drop(self.models.insert(model.id.clone(), uncounted(*model))),
            Written::Release(release) => drop(self.releases.insert(release.id.clone(), *release)),
        }
    }

    /// Reads what was written since the last time, and learns what became of the request that was not answered.
    pub(super) async fn read_back(&mut self, client: &Client, report: &mut Report) {
        if let Some(intent) = self.open.take() {
            report.unanswered += 1;
            match self.outcome(client, &intent).await {
                Ok(Some(written)) => {
                    // It counts from now on, though nobody was told.
                    report.happened += 1;
                    self.keep(written);
                }
                Ok(None) => {}
                Err(why) => drop(report.lost.insert(why)),
            }
        }
        let touched = std::mem::take(&mut self.touched);
        report.lost.extend(self.differences(client, &touched).await);
    }

    /// Reads everything there should be.
    pub(super) async fn read_back_all(&self, client: &Client, report: &mut Report) {
        let all = self.models.keys().chain(self.releases.keys()).cloned().collect();
        report.lost.extend(self.differences(client, &all).await);
    }

    async fn differences(&self, client: &Client, ids: &BTreeSet<String>) -> Vec<String> {
        let reads = stream::iter(ids).map(|id| self.difference(client, id));
        reads.buffer_unordered(READS).filter_map(async |difference| difference).collect().await
    }

    async fn difference(&self, client: &Client, id: &str) -> Option<String> {
        if let Some(model) = self.models.get(id) {
            let read = client.get_model(model_id(id)).send().await.map(uncounted);
            return if read.as_ref().is_ok_and(|read| read == model) {
                None
            } else {
                Some(format!("acknowledged {model:?}, read {read:?}"))
            };
        }
        let release = self.releases.get(id).expect("a touched resource is a known one");
        let read = client.get_release(release_id(id)).send().await;
        if read.as_ref().is_ok_and(|read| read == release) {
            None
        } else {
            Some(format!("acknowledged {release:?}, read {read:?}"))
        }
    }

    /// What an unanswered request has come to: all that it asked for, or nothing.
    async fn outcome(&self, client: &Client, intent: &Intent) -> Result<Option<Written>, String> {
        let (read, before) = match intent {
            Intent::CreateModel { name } => (client.get_model(name.as_str()).send().await.map(Written::model), None),
            Intent::CreateRelease { model, version, .. } => {
                (client.get_release(ReleaseRef::key(model, version)).send().await.map(Written::release), None)
            }
            Intent::Describe { model, .. } => (
                client.get_model(model_id(model)).send().await.map(Written::model),
                self.models.get(model).cloned().map(Written::model),
            ),
            Intent::Move { release, .. } => (
                client.get_release(release_id(release)).send().await.map(Written::release),
                self.releases.get(release).cloned().map(Written::release),
            ),
        };
        match read {
            Err(Error::NotFound(_)) if before.is_none() => Ok(None),
            Ok(read) if before.as_ref() == Some(&read) => Ok(None),
            Ok(read) if is_done(intent, &read, before.as_ref()) => Ok(Some(read)),
            other => Err(format!("{intent:?} was not answered; before {before:?}, now {other:?}")),
        }
    }
}

/// What a request has made of a resource.
#[derive(Debug, Clone, PartialEq)]
enum Written {
    Model(Box<Model>),
    Release(Box<Release>),
}

impl Written {
    fn release(release: Release) -> Self {
        Self::Release(Box::new(release))
    }

    fn model(model: Model) -> Self {
        Self::Model(Box::new(uncounted(model)))
    }
}

/// How many releases a model has changes without the model changing.
fn uncounted(mut model: Model) -> Model {
    model.release_count = None;
    model
}

async fn send(client: &Client, intent: &Intent) -> Result<Written, Error> {
    match intent {
        Intent::CreateModel { name } => client.create_model(name, storage_path(name)).send().await.map(Written::model),
        Intent::CreateRelease { model, version, digest } => {
            client.create_release(model.as_str(), version).digest(digest).send().await.map(Written::release)
        }
        Intent::Describe { model, description } => {
            client.update_model(model_id(model)).description(description).send().await.map(Written::model)
        }
        Intent::Move { release, target } => {
            client.transition_release(release_id(release), *target).reason("a step").send().await.map(Written::release)
        }
    }
}

/// Whether the resource is as the request wants it, and otherwise as it was.
fn is_done(intent: &Intent, now: &Written, before: Option<&Written>) -> bool {
    match (intent, now, before) {
        (Intent::CreateModel { name }, Written::Model(now), None) => now.name == *name && now.storage_path == storage_path(name),
        (Intent::CreateRelease { model, version, digest }, Written::Release(now), None) => {
            now.model_name == *model && now.version == *version && now.digest.as_ref() == Some(digest)
        }
        (Intent::Describe { description, .. }, Written::Model(now), Some(Written::Model(before))) => {
            let mut then = before.clone();
            then.description = Some(description.clone());
            (then.update_time, then.revision) = (now.update_time, now.revision);
            then.etag.clone_from(&now.etag);
            then == *now && now.revision > before.revision
        }
        (Intent::Move { target, .. }, Written::Release(now), Some(Written::Release(before))) => {
            let mut then = before.clone();
            then.set_state(*target);
            then.state_reason = Some("a step".to_owned());
            (then.update_time, then.revision) = (now.update_time, now.revision);
            then.etag.clone_from(&now.etag);
            then == *now && now.revision > before.revision
        }
        _ => false,
    }
}

fn storage_path(name: &str) -> String {
    format!("s3://models/{name}/")
}

fn model_id(id: &str) -> ModelId {
    ModelId::new(id)
}

fn release_id(id: &str) -> ReleaseId {
    ReleaseId::new(id)
}

//! What the calls of `requests.rs` refer to: something of the caller's own, and something that is outside of its prefixes,
//! or is nowhere. Names and ids of the two are of one length, so that answers can be compared as bytes.

use registry_client::{ModelRef, ReleaseRef, ReleaseState, pb};
use registry_tests::{Harness, given};

/// A model with one release, to which an alias points and an artifact belongs, and which runs in an environment; or what would
/// be one.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) model: String,
    pub(super) name: String,
    pub(super) release: String,
    pub(super) artifact: String,
    pub(super) deployment: String,
}

/// The version of the release of every target, its alias, and where it runs.
pub(super) const VERSION: &str = "1.0.0";
pub(super) const ALIAS: &str = "stable";
pub(super) const ENVIRONMENT: &str = "production";

/// In which state somebody else's things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Live,
    ModelDeleted,
    ReleaseDeleted,
    Yanked,
    Purged,
}

impl State {
    pub(super) const ALL: [Self; 5] = [Self::Live, Self::ModelDeleted, Self::ReleaseDeleted, Self::Yanked, Self::Purged];
}

impl Target {
    /// One that is there, made by somebody without a limit.
    pub(super) async fn there(registry: &Harness, name: &str, state: State) -> Self {
        let client = &registry.client;
        let model = given::model(registry, name).await;
        let release = given::release(registry, name, VERSION).await;
        let artifact = given::artifact(registry, &release, "file").await;
        if state != State::Yanked {
            given::alias(registry, &release, ALIAS).await;
        }
        let deployment = given::deployment(registry, &release, ENVIRONMENT).await;
        if matches!(state, State::ModelDeleted | State::ReleaseDeleted | State::Purged) {
            client.terminate_deployment(&deployment).send().await.unwrap();
        }
        match state {
            State::Live => {}
            State::ModelDeleted => drop(client.delete_model(name).force().send().await.unwrap()),
            State::ReleaseDeleted => drop(client.delete_release(&release).force().send().await.unwrap()),
            State::Yanked => drop(client.transition_release(&release, ReleaseState::Yanked).send().await.unwrap()),
            State::Purged => {
                client.delete_model(name).force().send().await.unwrap();
                client.purge_model(&model).send().await.unwrap();
            }
        }
        Self { model: model.id, name: name.to_owned(), release: release.id, artifact: artifact.id, deployment: deployment.id }
    }

    /// One that is nowhere.
    pub(super) fn nowhere(name: &str) -> Self {
        let id = || uuid::Uuid::now_v7().to_string();
        Self { model: id(), name: name.to_owned(), release: id(), artifact: id(), deployment: id() }
    }

    /// Every way to refer to the model.
    pub(super) fn models(&self) -> [Option<pb::ModelRef>; 2] {
        [ModelRef::by_id(&self.model), ModelRef::by_name(&self.name)].map(|model| Some(model.into()))
    }

    /// Every way to refer to the release.
    pub(super) fn releases(&self) -> [Option<pb::ReleaseRef>; 2] {
        [ReleaseRef::by_id(&self.release), ReleaseRef::key(&self.name, VERSION).into()].map(|release| Some(release.into()))
    }

    /// What was answered about this one, as if it had been answered about another.
    pub(super) fn as_if(&self, other: &Self, answer: &[u8]) -> Vec<u8> {
        let pairs = [
            (&self.model, &other.model),
            (&self.name, &other.name),
            (&self.release, &other.release),
            (&self.artifact, &other.artifact),
            (&self.deployment, &other.deployment),
        ];
        pairs.into_iter().fold(answer.to_vec(), |answer, (this, that)| replaced(answer, this.as_bytes(), that.as_bytes()))
    }
}

/// The bytes with every occurrence of some replaced by as many others.
fn replaced(mut bytes: Vec<u8>, this: &[u8], that: &[u8]) -> Vec<u8> {
    assert_eq!(this.len(), that.len(), "lengths are told by the encoding, and would differ");
    for at in 0..bytes.len().saturating_sub(this.len() - 1) {
        if bytes[at..].starts_with(this) {
            bytes[at..at + this.len()].copy_from_slice(that);
        }
    }
    bytes
}

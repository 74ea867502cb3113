//! What a scenario begins with.

use crate::Harness;
use futures::{Stream, TryStreamExt};
use registry_client::{
    Artifact, ArtifactParent, Client, CreateArtifact, Deployment, Error, Event, Model, Page, Release, ReleaseAlias, ReleaseState,
    pb,
};

/// When the clock of a test begins, in seconds: 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

/// A digest that is made of a number.
#[must_use]
pub fn digest(number: u64) -> String {
    format!("sha256:{number:064x}")
}

/// An id for a change that nobody has asked for yet.
#[must_use]
pub fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A model of this name.
pub async fn model(registry: &Harness, name: &str) -> Model {
    registry.client.create_model(name, format!("s3://models/{name}/")).send().await.expect("a model")
}

/// An active release of a model.
pub async fn release(registry: &Harness, model: &str, version: &str) -> Release {
    registry.client.create_release(model, version).digest(digest(1)).send().await.expect("a release")
}

/// A candidate without a digest.
pub async fn candidate(registry: &Harness, model: &str, version: &str) -> Release {
    registry.client.create_release(model, version).initial_state(ReleaseState::Candidate).send().await.expect("a candidate")
}

/// A release in a state, by the steps that lead there.
pub async fn release_in(registry: &Harness, model: &str, version: &str, state: ReleaseState) -> Release {
    let create = registry.client.create_release(model, version).digest(digest(1)).initial_state(ReleaseState::Candidate);
    let mut release = create.send().await.expect("a candidate");
    let steps: &[ReleaseState] = match state {
        ReleaseState::Unspecified | ReleaseState::Candidate => &[],
        ReleaseState::Active => &[ReleaseState::Active],
        ReleaseState::Deprecated => &[ReleaseState::Active, ReleaseState::Deprecated],
        ReleaseState::Archived => &[ReleaseState::Archived],
        ReleaseState::Yanked => &[ReleaseState::Yanked],
    };
    for step in steps {
        release = registry.client.transition_release(&release, *step).send().await.expect("a step");
    }
    release
}

/// An alias of the model of a release, that points to it from now on.
pub async fn alias(registry: &Harness, release: &Release, alias: &str) -> ReleaseAlias {
    registry.client.set_release_alias(release, alias).send().await.expect("an alias")
}

/// A deployment of a release, which runs.
pub async fn deployment(registry: &Harness, release: &Release, environment: &str) -> Deployment {
    registry.client.create_deployment(release, environment).send().await.expect("a deployment")
}

/// One that has ended.
pub async fn terminated(registry: &Harness, release: &Release, environment: &str) -> Deployment {
    let deployment = deployment(registry, release, environment).await;
    registry.client.terminate_deployment(&deployment).send().await.expect("a step")
}

/// Releases of a model, one for each version.
pub async fn releases(registry: &Harness, model: &str, versions: impl IntoIterator<Item = impl ToString>) -> Vec<Release> {
    let create = versions.into_iter().map(|version| registry.client.create_release(model, version.to_string()).digest(digest(1)));
    registry.client.batch_create_releases(create).send().await.expect("releases")
}

/// A wheel of a release, or of a model as a whole, that is nowhere else yet. Not sent yet.
pub fn wheel(client: &Client, parent: impl Into<ArtifactParent>, name: &str) -> CreateArtifact {
    let path = format!("s3://files/{}", uuid::Uuid::now_v7());
    client.create_artifact(parent, name).artifact_type("wheel").file_path(path).size_bytes(7).checksum(digest(7))
}

/// An artifact of a release, or of a model as a whole, at a path of its own.
pub async fn artifact(registry: &Harness, parent: impl Into<ArtifactParent>, name: &str) -> Artifact {
    wheel(&registry.client, parent, name).send().await.expect("an artifact")
}

/// The revision of the registry.
pub async fn revision(registry: &Harness) -> i64 {
    registry.client.server_info().send().await.expect("the server info").current_revision
}

/// The events of a change, by the id that its caller gave it.
pub async fn events_of(registry: &Harness, request_id: &str) -> Vec<Event> {
    let page = pb::ListEventsRequest { page_size: 1000, ..Default::default() };
    let events = registry.client.call(page).send().await.expect("a page of events");
    assert!(!events.has_more, "more events than a test looks at");
    events.events.into_iter().filter(|event| event.request_id == request_id).collect()
}

/// A time, in microseconds after the start of the clock of a test.
#[must_use]
pub fn time(micros: i64) -> prost_types::Timestamp {
    let (seconds, micros) = (START + micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    prost_types::Timestamp { seconds, nanos: i32::try_from(micros * 1000).expect("less than a second") }
}

/// The pages of a walk over a list, to the last one.
///
/// # Panics
/// If one of them fails.
pub async fn pages<T>(pages: impl Stream<Item = Result<Page<T>, Error>>) -> Vec<Page<T>> {
    pages.try_collect().await.expect("pages")
}

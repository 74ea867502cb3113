//! A registry that holds something of everything: every kind of resource in every state, with history, with what is deleted and what is
//! purged, made through the door.

use crate::given::{digest, wheel};
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use registry_client::{Client, DeploymentState, Error, Model, ModelSource, Release, ReleaseState};
use serde_json::json;

/// How many releases one call creates.
const BATCH: usize = 100;
/// How many calls are under way at once.
const CALLS: usize = 8;
/// How often the first alias of a model is moved.
const MOVES: usize = 8;

/// How much there is to be.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// How many models.
    pub models: usize,
    /// How many releases each of them gets, 20 at least.
    pub releases: usize,
}

/// Makes all of it.
///
/// # Panics
/// If the registry refuses something of it.
pub async fn fill(client: &Client, size: Size) {
    let mut families = Vec::new();
    for number in 0..size.models {
        families.push(family(client, number, size.releases).await.expect("a model and what belongs to it"));
    }
    across(client, &families).await.expect("what is between models");
    let refused = client.create_model("model-000", "/refused").send().await;
    assert!(matches!(refused, Err(Error::AlreadyExists(_))), "{refused:?}");
}

/// A model with its releases, and what belongs to those.
async fn family(client: &Client, number: usize, releases: usize) -> Result<(Model, Vec<Release>), Error> {
    let model = model(client, number).await?;
    let mut made = Vec::new();
    for first in (0..releases).step_by(BATCH) {
        let base = made.first().cloned();
        let numbers = first..releases.min(first + BATCH);
        let create = numbers.map(|version| release(client, &model, version, base.as_ref()));
        made.extend(client.batch_create_releases(create).send().await?);
    }
    states(client, &made).await?;
    aliases(client, &model, &made).await?;
    artifacts(client, &model, &made).await?;
    deployments(client, &made).await?;
    // One is gone for good, with its number; one is only deleted, with its artifact.
    if let [.., deleted, purged] = &*made {
        wheel(client, deleted, "deleted.whl").send().await?;
        client.delete_release(deleted).force().send().await?;
        client.delete_release(purged).force().send().await?;
        client.purge_release(purged).send().await?;
    }
    Ok((model, made))
}

async fn model(client: &Client, number: usize) -> Result<Model, Error> {
    let mut create = client
        .create_model(format!("model-{number:03}"), format!("s3://models/{number}/"))
        .tags(["chat", "Ünïcode", "zz top"])
        .labels([("team", format!("team-{}", number % 7)), ("empty", String::new())])
        .metadata(
            json!({"number": number, "thirds": 0.3333333333333333, "tiny": 5e-324, "none": null, "list": [1, "two", {"three": 3}]}),
        );
    if number.is_multiple_of(2) {
        create = create.company("").display_name("\u{6a21}\u{578b} \u{1f680}\u{2028}").description("two\nlines\t\"quoted\"");
    }
    if number.is_multiple_of(3) {
        create = create.source(ModelSource::Filesystem).requires_gpu(false).task("text-generation").base_model("llama-3");
    }
    let model = create.send().await?;
    client.update_model(&model).description(format!("the second description of {number}")).send().await
}

fn release(client: &Client, model: &Model, version: usize, base: Option<&Release>) -> registry_client::CreateRelease {
    let mut create = client
        .create_release(model, format!("{}.{}.{}", version / 100, version / 10 % 10, version % 10))
        .digest(digest(u64::try_from(version).unwrap_or_default()))
        .label("version", version.to_string())
        .metadata(json!({"accuracy": 0.1 * f64::from(u32::try_from(version).unwrap_or_default())}));
    if version.is_multiple_of(3) {
        create = create.quantization("fp16").platform("linux/arm64").release_notes("* faster\n* \u{1f600}").size_bytes(i64::MAX);
    }
    if version.is_multiple_of(5) {
        create = create.initial_state(ReleaseState::Candidate).mlflow_url("https://mlflow/runs/1");
    }
    base.iter().filter(|_| version.is_multiple_of(4)).fold(create, |create, base| create.base_release(*base))
}

/// Some take steps: of every 20, numbers 11 to 13.
async fn states(client: &Client, releases: &[Release]) -> Result<(), Error> {
    for group in releases.chunks(20) {
        if let Some([deprecated, archived, yanked]) = group.get(11..14) {
            client.transition_release(deprecated, ReleaseState::Deprecated).send().await?;
            client.transition_release(archived, ReleaseState::Deprecated).send().await?;
            client.transition_release(archived, ReleaseState::Archived).send().await?;
            client.transition_release(yanked, ReleaseState::Yanked).send().await?;
            client.update_release(archived).release_notes("kept for the record").send().await?;
        }
    }
    Ok(())
}

/// One alias that moves, one that stays, one that is gone, and one that was gone.
async fn aliases(client: &Client, model: &Model, releases: &[Release]) -> Result<(), Error> {
    let active: Vec<&Release> = releases.iter().take(11).filter(|release| release.state() == ReleaseState::Active).collect();
    for release in active.iter().cycle().take(MOVES) {
        client.set_release_alias(*release, "production").reason("better").send().await?;
    }
    if let [first, second, ..] = &*active {
        client.set_release_alias(*second, "stable").send().await?;
        client.set_release_alias(*first, "gone").send().await?;
        client.delete_release_alias(model, "gone").send().await?;
        client.set_release_alias(*first, "back-again").send().await?;
        client.delete_release_alias(model, "back-again").send().await?;
        client.set_release_alias(*second, "back-again").send().await?;
    }
    Ok(())
}

/// Every fourth release has a file elsewhere, the first one files that the registry holds.
async fn artifacts(client: &Client, model: &Model, releases: &[Release]) -> Result<(), Error> {
    let elsewhere = releases.iter().step_by(4).take(releases.len().saturating_sub(2) / 4);
    let elsewhere = elsewhere.map(|release| wheel(client, release, "model.whl").python_version("3.11").send());
    stream::iter(elsewhere).buffer_unordered(CALLS).try_collect::<Vec<_>>().await?;
    wheel(client, model, "readme.md").send().await?;
    if let [first, second, ..] = releases {
        client.upload_artifact(first, "weights.bin").send_bytes(model.name.clone().into_bytes()).await?;
        client.upload_artifact(second, "same-everywhere.bin").send_bytes("the same").await?;
        let deleted = client.upload_artifact(second, "deleted.bin").send_bytes(format!("deleted {}", model.name)).await?;
        client.delete_artifact(&deleted.id).send().await?;
    }
    Ok(())
}

/// Every tenth release runs or ran somewhere.
async fn deployments(client: &Client, releases: &[Release]) -> Result<(), Error> {
    // Active ones, and none of those that take steps.
    let live = releases.iter().take(releases.len().saturating_sub(2)).skip(7).step_by(10);
    for (place, release) in live.enumerate() {
        let environment = ["production", "staging", "edge-eu"].into_iter().cycle().nth(place).unwrap_or("production");
        let create = client.create_deployment(release, environment).metadata(json!({"replicas": place, "zone": "a"}));
        let deployment = create.send().await?;
        if place % 2 == 1 {
            client.transition_deployment(&deployment, DeploymentState::Stopping).send().await?;
            client.terminate_deployment(&deployment).send().await?;
        }
    }
    Ok(())
}

/// A release that was made from one of a model that comes after its own, a model with another name, and one that is deleted with all it has.
async fn across(client: &Client, families: &[(Model, Vec<Release>)]) -> Result<(), Error> {
    if let ([(first, _), ..], [.., (_, releases)]) = (families, families)
        && let Some(base) = releases.first()
    {
        let create = client.create_release(first, "9.9.9").digest(digest(999)).base_release(base);
        create.send().await?;
        client.rename_model(first, "zz-renamed").send().await?;
        client.create_model("model-000", "s3://another").send().await?;
    }
    let deleted = client.create_model("model-deleted", "s3://deleted/").label("kept", "no").send().await?;
    let create = (0..5).map(|version| client.create_release(&deleted, version.to_string()).digest(digest(version)));
    let releases = client.batch_create_releases(create).send().await?;
    try_join_all(releases.iter().map(|release| wheel(client, release, "old.whl").send())).await?;
    if let Some(release) = releases.first() {
        client.set_release_alias(release, "production").send().await?;
        let deployment = client.create_deployment(release, "production").send().await?;
        client.terminate_deployment(&deployment).send().await?;
    }
    client.delete_model(&deleted).force().send().await.map(drop)
}

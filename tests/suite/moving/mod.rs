//! Moving what one registry knows to another: exports and imports.

mod conflicts;
mod exports;
mod identity;
mod resumes;
mod revisions;
mod round_trip;
mod rules;

use registry_client::{Artifact, ReleaseState, pb};
use registry_tests::{Harness, given};
use std::time::Duration;

/// Gives a registry something of everything: models, live and deleted, releases in every state, one made from another, aliases with a
/// history, artifacts that are elsewhere and here, deployments that run and ran, and what the audit log has of all that.
async fn fill(registry: &Harness) {
    let client = &registry.client;
    for name in ["b/two", "a-one", "gone"] {
        registry.advance(Duration::from_secs(7));
        let create = client.create_model(name, format!("s3://{name}")).tag("x").tag("a").label("team", name);
        create.description("").send().await.expect("a model");
    }
    let mut releases = Vec::new();
    for (model, version, state) in [
        ("b/two", "1.0.0", ReleaseState::Active),
        ("b/two", "1.1.0", ReleaseState::Deprecated),
        ("b/two", "0.1.0", ReleaseState::Yanked),
        ("a-one", "1.0.0", ReleaseState::Candidate),
        ("a-one", "2.0.0", ReleaseState::Active),
        ("gone", "1.0.0", ReleaseState::Active),
    ] {
        registry.advance(Duration::from_millis(1500));
        releases.push(given::release_in(registry, model, version, state).await);
    }
    let derive = |base: &pb::Release, version: &str| {
        client.create_release("a-one", version).digest(given::digest(9)).base_release(base).quantization("int4").send()
    };
    let child = derive(&releases[0], "3.0.0").await.expect("a release");
    derive(&child, "0.3.0").await.expect("a release");
    let last = given::release(registry, "b/two", "9.0.0").await;
    client.delete_release(&last).send().await.expect("a deletion");
    client.purge_release(&last).send().await.expect("a purge");
    for release in [&releases[0], &releases[1], &releases[0]] {
        registry.advance(Duration::from_secs(1));
        given::alias(registry, release, "production").await;
    }
    given::alias(registry, &releases[4], "canary").await;
    client.delete_release_alias("a-one", "canary").send().await.expect("a deletion");
    given::alias(registry, &releases[4], "stable").await;
    given::alias(registry, &releases[5], "hidden").await;
    given::artifact(registry, &releases[0], "wheel").await;
    let dropped = given::artifact(registry, &releases[1], "dropped").await;
    client.delete_artifact(&dropped).send().await.expect("a deletion");
    upload(registry, &releases[0], "stored", "some bytes").await;
    upload(registry, &releases[4], "same", "some bytes").await;
    given::deployment(registry, &releases[0], "production").await;
    let ended = given::deployment(registry, &releases[5], "staging").await;
    client.terminate_deployment(&ended).reason("over").send().await.expect("a step");
    registry.advance(Duration::from_secs(1));
    client.delete_model("gone").force().send().await.expect("a deletion");
    // A refusal is part of the audit log, too.
    client.get_model("a-one").send().await.expect("a model");
}

async fn upload(registry: &Harness, release: &pb::Release, name: &str, bytes: &'static str) -> Artifact {
    let file = pb::Artifact { name: name.to_owned(), artifact_type: "file".to_owned(), ..Default::default() };
    registry.client.upload_artifact_from(release, file).send_bytes(bytes).await.expect("an artifact")
}

//! The way of one release through a registry, from its model to its end: what a team does in a month, in a minute.

use crate::{expect, given};
use registry_client::{
    Artifact, ArtifactContentState, Client, Code, DeploymentFilter, DeploymentState, ErrorReason, ReleaseRef, ReleaseState,
};

/// What is uploaded.
const FILES: [(&str, &str, usize); 3] =
    [("model.whl", "wheel", 300_000), ("weights.bin", "binary", 7_000_000), ("NOTES.md", "file", 0)];

/// Walks it.
///
/// # Panics
/// At the first step that does not lead where it should.
pub async fn walk(client: &Client) {
    client.create_model("iris", "s3://models/iris/").company("acme").send().await.expect("a model");
    let release = client.create_release("iris", "1.0").digest(given::digest(1)).initial_state(ReleaseState::Candidate);
    let release = ReleaseRef::from(&release.send().await.expect("a release"));
    let files = upload(client, &release).await;
    let staging = client.create_deployment(&release, "staging").initial_state(DeploymentState::Deploying);
    let staging = staging.endpoint_url("https://staging/iris").send().await.expect("a deployment");
    client.transition_deployment(&staging, DeploymentState::Running).send().await.expect("a deployment that runs");
    client.promote_release(&release).send().await.expect("a promoted release");
    client.set_release_alias(&release, "production").send().await.expect("an alias");
    let nowhere = client.resolve_release("iris").alias("production").environment("production").send().await;
    expect::refused(nowhere, Code::NotFound, ErrorReason::ReleaseNotFound);
    let production = client.create_deployment(&release, "production").endpoint_url("https://iris").send().await.expect("another");
    let found = client.resolve_release("iris").alias("production").environment("production").send().await.expect("a release");
    assert_eq!((found.version.as_str(), found.live_deployment_count, found.artifact_count), ("1.0", Some(2), Some(3)));
    runs_in_production(client, &release).await;
    for file in &files {
        let bytes = client.download_artifact(&*file.id).bytes().await.expect("its bytes");
        assert_eq!(bytes.len(), usize::try_from(file.size_bytes.expect("a size")).expect("a size"));
    }
    let in_use = client.delete_model("iris").force().send().await;
    let in_use = expect::refused(in_use, Code::FailedPrecondition, ErrorReason::ResourceInUse);
    assert_eq!(in_use.blockers().len(), 2, "{in_use}");
    for deployment in [&staging, &production] {
        client.terminate_deployment(deployment).reason("the end").send().await.expect("its end");
    }
    let nowhere = client.resolve_release("iris").latest().environment("production").send().await;
    expect::refused(nowhere, Code::NotFound, ErrorReason::ReleaseNotFound);
    let history = client.list_deployments().release(&release).send().await.expect("the history").items;
    assert!(history.len() == 2 && history.iter().all(|deployment| deployment.state() == DeploymentState::Terminated));
    client.delete_release(&release).send().await.expect_err("an alias points to it");
    let gone = client.delete_model("iris").force().send().await.expect("a deleted model");
    assert_eq!(gone.deleted_release_count, 1);
    let deleted = client.download_artifact(&*files[0].id).bytes().await;
    expect::refused(deleted, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
    client.undelete_model("iris").send().await.expect("the model again");
    assert!(client.download_artifact(&*files[0].id).bytes().await.expect("its bytes again").len() == FILES[0].2);
}

async fn upload(client: &Client, release: &ReleaseRef) -> Vec<Artifact> {
    let mut files = Vec::new();
    for (name, kind, size) in FILES {
        let bytes = vec![u8::try_from(name.len()).expect("a short name"); size];
        let artifact = client.upload_artifact(release, name).artifact_type(kind).send_bytes(bytes).await.expect("an upload");
        assert_eq!(artifact.content_state(), ArtifactContentState::Stored);
        files.push(artifact);
    }
    files
}

/// What runs in production, and where a release runs: one call each.
async fn runs_in_production(client: &Client, release: &ReleaseRef) {
    let running = |environment: &str| DeploymentFilter {
        environments: vec![environment.to_owned()],
        states: vec![DeploymentState::Running.into()],
        ..Default::default()
    };
    let there = client.list_deployments().filter(running("production")).send().await.expect("what runs there").items;
    let found: Vec<_> = there.iter().map(|runs| (runs.model_name.as_str(), runs.release_version.as_str())).collect();
    assert_eq!(found, [("iris", "1.0")]);
    let of_release = client.list_deployments().release(release).send().await.expect("where it runs").items;
    let mut found: Vec<_> = of_release.iter().map(|runs| runs.environment.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["production", "staging"]);
}

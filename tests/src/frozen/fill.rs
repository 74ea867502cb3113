//! Rows of every kind, made through the door: every field of a model, a release, an artifact and a deployment once set and once
//! not, every state, history, what is deleted, who may call and who has.

use crate::given::digest;
use registry_client::pb::{self, DeploymentKind, HealthState, Role};
use registry_client::{Client, DeploymentState, Model, ModelSource, Release, ReleaseState, RetryPolicy};
use serde_json::json;
use std::path::Path;

/// The secret of a key that may only look, for calls that are refused.
struct Keys {
    viewer: String,
}

/// Fills a registry; `artifacts` is where it keeps bytes, one of which is made to be lost.
///
/// # Panics
/// If it refuses anything.
pub async fn fill(client: &Client, endpoint: &str, artifacts: &Path) {
    let keys = keys(client).await;
    let full = full_model(client).await;
    let bare = client.create_model("bare", "s3://bare/").send().await.expect("a model");
    let releases = releases(client, &full).await;
    aliases(client, &full, &releases).await;
    files(client, &full, &releases, artifacts).await;
    deployments(client, &releases).await;
    deleted(client).await;
    refused(endpoint, &keys, &bare).await;
    client.compact_events(3).send().await.expect("a compaction");
}

fn training() -> pb::TrainingMetadata {
    pb::TrainingMetadata {
        peak_vram_bytes: Some(80_000_000_000),
        dataset_example_count: Some(0),
        dataset_uri: Some("s3://datasets/ü".to_owned()),
        ..Default::default()
    }
}

async fn full_model(client: &Client) -> Model {
    let model = client
        .create_model("full-model", "s3://models/full/")
        .repository("https://git.example/full")
        .company("acme")
        .base_model("llama")
        .parameter_count("7B")
        .description("Quotes ' and \", a line\nbreak, ünïcode 模型, and '' of SQL")
        .metadata(json!({"a": [1, 2.5, null, "x"], "ü": {"deep": true}}))
        .requires_gpu(true)
        .server_type("triton")
        .display_name("Full")
        .task("text-generation")
        .training(training())
        .tags(["chat", "ünï"])
        .label("team", "ml")
        .label("empty", "")
        .source(ModelSource::Filesystem)
        .custom_base_model(true);
    model.request_id(uuid::Uuid::now_v7().to_string()).send().await.expect("a model")
}

async fn releases(client: &Client, model: &Model) -> Vec<Release> {
    let full = client
        .create_release(&model.name, "1.0.0")
        .digest(digest(1))
        .tag("v1")
        .quantization("int4")
        .platform("linux/arm64")
        .size_bytes(0)
        .release_notes("First")
        .metadata(json!({"numbers": 1.0e300}))
        .storage_path("s3://models/full/1")
        .mlflow_url("https://mlflow/1")
        .training(training())
        .label("channel", "stable")
        .send()
        .await
        .expect("a release");
    let mut made = vec![full];
    for (number, state) in
        [ReleaseState::Candidate, ReleaseState::Active, ReleaseState::Deprecated, ReleaseState::Archived, ReleaseState::Yanked]
            .into_iter()
            .enumerate()
    {
        let create = client.create_release(&model.name, format!("2.{number}.0")).digest(digest(2)).base_release(&made[0]);
        let mut release = create.initial_state(ReleaseState::Candidate).send().await.expect("a candidate");
        let steps: &[ReleaseState] = match state {
            ReleaseState::Unspecified | ReleaseState::Candidate => &[],
            ReleaseState::Deprecated => &[ReleaseState::Active, ReleaseState::Deprecated],
            ReleaseState::Active | ReleaseState::Archived | ReleaseState::Yanked => &[state],
        };
        for step in steps {
            let transition = client.transition_release(&release, *step).reason("frozen");
            release = transition.send().await.expect("a step");
        }
        made.push(release);
    }
    let unbuilt = client.create_release(&model.name, "3").initial_state(ReleaseState::Candidate);
    made.push(unbuilt.send().await.expect("a candidate without a digest"));
    made
}

async fn aliases(client: &Client, model: &Model, releases: &[Release]) {
    client.set_release_alias(&releases[0], "production").reason("first").send().await.expect("an alias");
    client.set_release_alias(&releases[2], "production").send().await.expect("a move");
    client.set_release_alias(&releases[0], "production").reason("back").send().await.expect("a move back");
    client.set_release_alias(&releases[0], "gone").send().await.expect("an alias");
    client.delete_release_alias(&model.name, "gone").send().await.expect("an alias that goes");
}

async fn files(client: &Client, model: &Model, releases: &[Release], storage: &Path) {
    let external = client
        .create_artifact(&releases[0], "full.whl")
        .artifact_type("wheel")
        .file_path("s3://files/full.whl")
        .size_bytes(7)
        .checksum(digest(7))
        .platform("linux/amd64")
        .python_version("3.12")
        .metadata(json!({"k": "v"}))
        .uploaded_by("ci");
    external.send().await.expect("an artifact elsewhere");
    let deleted =
        client.create_artifact(model, "deleted.txt").artifact_type("file").file_path("s3://files/deleted").size_bytes(0);
    let deleted = deleted.checksum(digest(8)).send().await.expect("an artifact");
    client.delete_artifact(&*deleted.id).send().await.expect("a deleted artifact");
    let lost = client.upload_artifact(model, "lost.bin").artifact_type("binary");
    let lost = lost.send_bytes(vec![1; 100]).await.expect("an upload");
    for shelf in walk(storage) {
        std::fs::remove_file(shelf).expect("bytes that can be lost");
    }
    client.download_artifact(&*lost.id).bytes().await.expect_err("lost bytes");
    for name in ["one.bin", "twin.bin"] {
        let stored = client.upload_artifact(&releases[0], name).artifact_type("binary");
        stored.send_bytes(vec![2; 2_000_000]).await.expect("an upload");
    }
}

fn walk(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let found = entries.flat_map(|path| {
        let marked = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() {
            walk(&path)
        } else if marked {
            Vec::new()
        } else {
            vec![path]
        }
    });
    found.filter(|path| path.metadata().is_ok_and(|file| file.len() == 100)).collect()
}

async fn deployments(client: &Client, releases: &[Release]) {
    let full = client
        .create_deployment(&releases[0], "production")
        .kind(DeploymentKind::K8s)
        .health(HealthState::Healthy)
        .gpu_enabled(true)
        .cluster("eu-1")
        .k8s_namespace("serving")
        .endpoint_url("https://full.example")
        .replicas(3)
        .image_tag("v1")
        .container_id("0123abcd")
        .host_port(8080)
        .deployed_by("ci")
        .metadata(json!({"rack": 7}));
    full.send().await.expect("a deployment");
    use DeploymentState::{Deploying, Failed, Pending, Running, Stopped, Stopping, Terminated};
    let ways: [(DeploymentState, &[DeploymentState]); 7] = [
        (Pending, &[]),
        (Deploying, &[]),
        (Running, &[]),
        (Running, &[Stopping]),
        (Running, &[Stopping, Stopped]),
        (Deploying, &[Failed]),
        (Running, &[Terminated]),
    ];
    for (number, (first, steps)) in ways.into_iter().enumerate() {
        let create = client.create_deployment(&releases[2], format!("env-{number}")).initial_state(first);
        let deployment = create.send().await.expect("a deployment");
        for step in steps {
            client.transition_deployment(&deployment, *step).reason("frozen").send().await.expect("a step");
        }
    }
}

async fn deleted(client: &Client) {
    let model = client.create_model("deleted", "s3://deleted/").tag("old").send().await.expect("a model");
    client.create_release(&model.name, "1").digest(digest(3)).send().await.expect("a release");
    client.delete_model(&model.name).force().send().await.expect("a deleted model");
    client.create_model("half-deleted", "s3://half/").send().await.expect("a model");
    let release = client.create_release("half-deleted", "1").digest(digest(3)).send().await.expect("a release");
    client.delete_release(&release).send().await.expect("a deleted release");
    let purged = client.create_model("purged", "s3://purged/").send().await.expect("a model");
    client.delete_model(&purged.name).send().await.expect("a deleted model");
    client.purge_model(&purged).send().await.expect("a purged model");
}

async fn keys(client: &Client) -> Keys {
    let make = |name: &str, role: Role| {
        let key = pb::ApiKey { name: name.to_owned(), role: role.into(), ..Default::default() };
        client.call(pb::CreateApiKeyRequest { api_key: Some(key) })
    };
    let viewer = make("viewer", Role::Viewer).send().await.expect("a key");
    let disabled = make("disabled", Role::Operator).send().await.expect("a key").api_key.expect("a key");
    client.disable_api_key(&disabled.id).send().await.expect("a disabled key");
    let revoked = make("revoked", Role::Admin).send().await.expect("a key").api_key.expect("a key");
    client.revoke_api_key(&revoked.id).send().await.expect("a revoked key");
    let limited = pb::ApiKey {
        name: "limited".to_owned(),
        role: Role::Operator.into(),
        description: Some("Two prefixes".to_owned()),
        model_name_prefixes: vec!["full-".to_owned(), "ba".to_owned()],
        ..Default::default()
    };
    let limited = client.call(pb::CreateApiKeyRequest { api_key: Some(limited) }).send().await.expect("a key");
    client.rotate_api_key(limited.api_key.expect("a key").id).send().await.expect("another secret");
    Keys { viewer: viewer.secret }
}

/// Calls that the audit log notes, and nothing else.
async fn refused(endpoint: &str, keys: &Keys, model: &Model) {
    let viewer =
        Client::builder(endpoint).api_key(&keys.viewer).retry(RetryPolicy::none()).connect().await.expect("a connection");
    viewer.delete_model(&model.name).send().await.expect_err("only looks");
    let nobody = Client::builder(endpoint).retry(RetryPolicy::none()).connect().await.expect("a connection");
    nobody.delete_model(&model.name).send().await.expect_err("nobody");
}

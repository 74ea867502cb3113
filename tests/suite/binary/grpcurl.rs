//! The server by hand: what somebody learns and does with nothing but grpcurl.

use registry_tests::binary::{Binary, Running};
use registry_tests::given::digest;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tokio::process::Command;

async fn server() -> (TempDir, Running) {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    (directory, server)
}

/// What grpcurl prints: standard output if it succeeds, everything if it fails.
async fn grpcurl(server: &Running, before: &[&str], after: &[&str]) -> Result<String, String> {
    let address = server.address().to_string();
    let key = format!("authorization: Bearer {}", registry_tests::keys::ADMIN);
    let output = Command::new("grpcurl").args(["-plaintext", "-H", &key]).args(before).arg(address).args(after).output().await;
    let output = output.expect("grpcurl, which tests/run installs");
    let (said, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    if output.status.success() { Ok(said) } else { Err(said + &complained) }
}

async fn call(server: &Running, method: &str, request: Value) -> Value {
    let method = format!("modelregistry.v1.{method}");
    let said =
        grpcurl(server, &["-d", &request.to_string()], &[&method]).await.unwrap_or_else(|error| panic!("{method}: {error}"));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Reflection lists every service.
#[tokio::test]
async fn lists_the_services() {
    let (_directory, server) = server().await;
    let said = grpcurl(&server, &[], &["list"]).await.unwrap();
    for service in ["ModelService", "ReleaseService", "SystemService"] {
        assert!(said.lines().any(|line| line == format!("modelregistry.v1.{service}")), "{said}");
    }
    assert!(said.contains("grpc.health.v1.Health"), "{said}");
    server.stop().await;
}

/// A description has every field. (Comments and rules travel too, see `reflection.rs`; not every grpcurl prints them.)
#[tokio::test]
async fn describes_what_the_contract_says() {
    let (_directory, server) = server().await;
    let said = grpcurl(&server, &[], &["describe", "modelregistry.v1.Model"]).await.unwrap();
    for part in ["string storage_path = 3", "string repository = 4", "map<string, string> labels = 27", "google.protobuf.Struct"]
    {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    server.stop().await;
}

/// The path every user walks first. Name and storage path of the model are in every answer about a release.
#[tokio::test]
async fn registers_and_resolves_a_release() {
    let (_directory, server) = server().await;
    let path = "docker.io/warlockee/test";
    let model =
        call(&server, "ModelService/CreateModel", json!({"model": {"name": "erik", "storage_path": path, "repository": path}}))
            .await;
    assert_eq!(model["model"]["name"], "erik");
    assert_eq!(model["model"]["storagePath"], path);
    let model_ref = json!({"name": "erik"});
    let release = json!({"model_ref": model_ref, "release": {"version": "1.0.0", "digest": digest(1)}});
    let created = call(&server, "ReleaseService/CreateRelease", release).await;
    let listed = call(&server, "ReleaseService/ListReleases", json!({"model_ref": model_ref})).await;
    let read =
        call(&server, "ReleaseService/GetRelease", json!({"release_ref": {"name": {"model": "erik", "version": "1.0.0"}}})).await;
    let latest = call(&server, "ReleaseService/ResolveRelease", json!({"model_ref": model_ref, "latest": {}})).await;
    for release in [&created["release"], &listed["releases"][0], &read["release"], &latest["release"]] {
        assert_eq!(release["modelName"], "erik", "{release}");
        assert_eq!(release["modelStoragePath"], path, "{release}");
        assert_eq!(release["version"], "1.0.0", "{release}");
        assert_eq!(release["id"], created["release"]["id"], "{release}");
    }
    server.stop().await;
}

/// Health answers for the server and for each service.
#[tokio::test]
async fn asks_for_health() {
    let (_directory, server) = server().await;
    for service in ["", "database", "modelregistry.v1.ModelService"] {
        let request = json!({"service": service}).to_string();
        let said = grpcurl(&server, &["-d", &request], &["grpc.health.v1.Health/Check"]).await.unwrap();
        assert!(said.contains("\"SERVING\""), "{service:?}: {said}");
    }
    server.stop().await;
}

/// A refusal names its code and says what is wrong with which field.
#[tokio::test]
async fn says_what_is_wrong() {
    let (_directory, server) = server().await;
    let request = json!({"model": {"name": "not a name"}}).to_string();
    let said = grpcurl(&server, &["-d", &request], &["modelregistry.v1.ModelService/CreateModel"]).await.unwrap_err();
    assert!(said.contains("InvalidArgument"), "{said}");
    assert!(said.contains("model.name") || said.contains("model.storage_path"), "{said}");
    assert!(said.contains("google.rpc.BadRequest") && said.contains("google.rpc.ErrorInfo"), "{said}");
    server.stop().await;
}

/// Reflection describes the messages in the details of an error, for tools that decode them.
#[tokio::test]
async fn describes_the_details_of_errors() {
    let (_directory, server) = server().await;
    let said = grpcurl(&server, &[], &["describe", "google.rpc.BadRequest"]).await.unwrap();
    assert!(said.contains("field_violations"), "{said}");
    server.stop().await;
}

/// The way of a release from its model to its end, by hand: bytes in base64, as JSON has them.
#[tokio::test]
async fn walks_the_whole_way() {
    let (_directory, server) = server().await;
    call(&server, "ModelService/CreateModel", json!({"model": {"name": "iris", "storage_path": "/iris"}})).await;
    let release = json!({"model_ref": {"name": "iris"}, "release": {"version": "1", "digest": digest(1)}, "initial_state": 1});
    call(&server, "ReleaseService/CreateRelease", release).await;
    let release_ref = json!({"name": {"model": "iris", "version": "1"}});
    for name in ["a.bin", "b.bin", "c.bin"] {
        let start = json!({"start": {"release_ref": release_ref, "artifact": {"name": name, "artifact_type": "file"}}});
        let chunk = json!({"chunk": "aXJpcw=="});
        let artifact = stream(&server, "ArtifactService/UploadArtifact", &[start, chunk.clone(), chunk]).await;
        let (size, state) = (&artifact["artifact"]["sizeBytes"], &artifact["artifact"]["contentState"]);
        assert_eq!((size, state), (&json!("8"), &json!("ARTIFACT_CONTENT_STATE_STORED")), "{artifact}");
    }
    let files = call(&server, "ArtifactService/ListArtifacts", json!({"release_ref": release_ref})).await;
    assert_eq!(files["artifacts"].as_array().unwrap().len(), 3);
    let id = json!({"artifact_id": files["artifacts"][0]["id"]});
    let said = grpcurl(&server, &["-d", &id.to_string()], &["modelregistry.v1.ArtifactService/DownloadArtifact"]).await.unwrap();
    assert!(said.contains("aXJpc2lyaXM="), "{said}");
    let deploy = |environment| json!({"release_ref": release_ref, "deployment": {"environment": environment}});
    let staging = call(&server, "DeploymentService/CreateDeployment", deploy("staging")).await;
    call(&server, "ReleaseService/TransitionRelease", json!({"release_ref": release_ref, "target_state": 2})).await;
    call(&server, "ReleaseService/SetReleaseAlias", json!({"release_ref": release_ref, "alias": "production"})).await;
    let production = call(&server, "DeploymentService/CreateDeployment", deploy("production")).await;
    let resolve = json!({"model_ref": {"name": "iris"}, "alias": "production", "environment": "production"});
    let resolved = call(&server, "ReleaseService/ResolveRelease", resolve).await;
    assert_eq!(resolved["release"]["version"], "1");
    let running = json!({"filter": {"environments": ["production"], "states": ["DEPLOYMENT_STATE_RUNNING"]}});
    let running = call(&server, "DeploymentService/ListDeployments", running).await;
    assert_eq!(running["deployments"][0]["modelName"], "iris");
    let delete = json!({"model_ref": {"name": "iris"}, "force": true});
    let method = "modelregistry.v1.ModelService/DeleteModel";
    let refused = grpcurl(&server, &["-d", &delete.to_string()], &[method]).await.unwrap_err();
    assert!(refused.contains("RESOURCE_IN_USE") || refused.contains("FailedPrecondition"), "{refused}");
    for deployment in [staging, production] {
        let end = json!({"deployment_id": deployment["deployment"]["id"], "target_state": "DEPLOYMENT_STATE_TERMINATED"});
        call(&server, "DeploymentService/TransitionDeployment", end).await;
    }
    let deleted = call(&server, "ModelService/DeleteModel", delete).await;
    assert_eq!(deleted["deletedReleaseCount"], "1");
    server.stop().await;
}

/// A call with several messages.
async fn stream(server: &Running, method: &str, messages: &[Value]) -> Value {
    let (method, messages) = (format!("modelregistry.v1.{method}"), messages.iter().map(ToString::to_string).collect::<Vec<_>>());
    let said =
        grpcurl(server, &["-d", &messages.join("\n")], &[&method]).await.unwrap_or_else(|error| panic!("{method}: {error}"));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

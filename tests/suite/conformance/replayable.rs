//! Every method that changes something can be repeated with its request id. A new one fails here until it is said how
//! to call it.

use bytes::Bytes;
use registry_client::{
    Code, ErrorReason, Idempotency, Method, Model, ModelId, ModelRef, Release, ReleaseId, ReleaseRef, ReleaseState, Rpc, pb,
};
use registry_tests::{Harness, conformance, expect, given, keys, raw};

/// Calls twice with one id: the second answer is the first, byte for byte, and only the first call changed anything.
async fn is_replayed<R: Rpc>(registry: &Harness, method: Method, mut request: R) {
    assert_eq!(<R as Rpc>::METHOD, method);
    let id = given::request_id();
    request.request_id_mut().unwrap_or_else(|| panic!("{method:?} has no request id")).clone_from(&id);
    is_replayed_as(registry, method, &id, raw::framed(&request)).await;
}

/// The same with the bytes of a request that has this id.
async fn is_replayed_as(registry: &Harness, method: Method, id: &str, request: Bytes) {
    let before = given::revision(registry).await;
    let call = || raw::call(registry, method.path(), &[], request.clone());
    let (first, second) = (call().await, call().await);
    assert_eq!((first.status.code(), second.status.code()), (Code::Ok, Code::Ok), "{method:?}: {first:?} {second:?}");
    assert_eq!((first.header("x-replayed"), second.header("x-replayed")), (None, Some("true")), "{method:?}");
    assert_eq!(first.body, second.body, "{method:?}");
    assert_eq!(given::revision(registry).await, before + 1, "{method:?}");
    let other = registry.client.create_model("other", "/m").request_id(id).send().await;
    expect::refused(other, Code::FailedPrecondition, ErrorReason::RequestIdReused);
    if method.service().ends_with(".ApiKeyService") {
        return; // what is changed of keys is no event
    }
    let events = given::events_of(registry, id).await;
    assert!(!events.is_empty() && events.iter().all(|event| event.revision == before + 1), "{method:?}: {events:?}");
}

/// A method that has no request id, because asking twice for it is not worse than asking once.
fn needs_no_id(method: Method) {
    // An answer with a secret is not kept: whoever loses it rotates the key.
    let secret = matches!(method, Method::CreateApiKey | Method::RotateApiKey);
    // An import is named by an id of its own, for ever: `moving/resumes.rs`.
    let named = matches!(method, Method::CompactEvents | Method::Import);
    let harmless = method.idempotency() == Idempotency::NoSideEffects || named || secret;
    assert!(harmless, "{method:?} changes something and has no request id");
}

fn of_model(model: &Model) -> Option<pb::ModelRef> {
    Some(ModelRef::from(ModelId::from(model)).into())
}

fn of_release(release: &Release) -> Option<pb::ReleaseRef> {
    Some(ReleaseRef::from(ReleaseId::from(release)).into())
}

fn new_model(name: &str) -> pb::CreateModelRequest {
    let model = Model { name: name.to_owned(), storage_path: "/m".into(), ..Default::default() };
    pb::CreateModelRequest { model: Some(model), ..Default::default() }
}

fn new_release(model: &Model, version: &str) -> pb::CreateReleaseRequest {
    let release = Release { version: version.to_owned(), digest: Some(given::digest(1)), ..Default::default() };
    pb::CreateReleaseRequest { model_ref: of_model(model), release: Some(release), ..Default::default() }
}

/// Of a model, which has one release, to which no alias points.
async fn is_repeatable(registry: &Harness, method: Method, model: &Model, release: &Release) {
    let (model_ref, name) = (of_model(model), &model.name);
    let client = &registry.client;
    match method {
        Method::CreateModel => is_replayed(registry, method, new_model("new")).await,
        Method::BatchCreateModels => {
            let requests = vec![new_model("new-1"), new_model("new-2")];
            is_replayed(registry, method, pb::BatchCreateModelsRequest { requests, ..Default::default() }).await;
        }
        Method::UpdateModel => {
            let model = Some(Model { description: Some("new".into()), ..Default::default() });
            is_replayed(registry, method, pb::UpdateModelRequest { model_ref, model, ..Default::default() }).await;
        }
        Method::RenameModel => {
            let new_name = format!("{name}-renamed");
            is_replayed(registry, method, pb::RenameModelRequest { model_ref, new_name, ..Default::default() }).await;
        }
        Method::DeleteModel => {
            is_replayed(registry, method, pb::DeleteModelRequest { model_ref, force: true, ..Default::default() }).await;
        }
        Method::UndeleteModel => {
            client.delete_model(model).force().send().await.unwrap();
            is_replayed(registry, method, pb::UndeleteModelRequest { model_ref, ..Default::default() }).await;
        }
        Method::PurgeModel => {
            client.delete_model(model).force().send().await.unwrap();
            is_replayed(registry, method, pb::PurgeModelRequest { model_ref, ..Default::default() }).await;
        }
        _ => is_repeatable_for_a_release(registry, method, model, release).await,
    }
}

/// Of that release.
async fn is_repeatable_for_a_release(registry: &Harness, method: Method, model: &Model, release: &Release) {
    let (model_ref, release_ref) = (of_model(model), of_release(release));
    let client = &registry.client;
    match method {
        Method::CreateRelease => is_replayed(registry, method, new_release(model, "2")).await,
        Method::BatchCreateReleases => {
            let requests = vec![new_release(model, "3"), new_release(model, "4")];
            is_replayed(registry, method, pb::BatchCreateReleasesRequest { requests, ..Default::default() }).await;
        }
        Method::UpdateRelease => {
            let release = Some(Release { release_notes: Some("new".into()), ..Default::default() });
            is_replayed(registry, method, pb::UpdateReleaseRequest { release_ref, release, ..Default::default() }).await;
        }
        Method::TransitionRelease => {
            let target_state = ReleaseState::Deprecated.into();
            is_replayed(registry, method, pb::TransitionReleaseRequest { release_ref, target_state, ..Default::default() }).await;
        }
        Method::DeleteRelease => {
            is_replayed(registry, method, pb::DeleteReleaseRequest { release_ref, ..Default::default() }).await;
        }
        Method::UndeleteRelease => {
            client.delete_release(release).send().await.unwrap();
            is_replayed(registry, method, pb::UndeleteReleaseRequest { release_ref, ..Default::default() }).await;
        }
        Method::PurgeRelease => {
            client.delete_release(release).send().await.unwrap();
            is_replayed(registry, method, pb::PurgeReleaseRequest { release_ref, ..Default::default() }).await;
        }
        Method::SetReleaseAlias => {
            let alias = "prod".to_owned();
            is_replayed(registry, method, pb::SetReleaseAliasRequest { release_ref, alias, ..Default::default() }).await;
        }
        Method::DeleteReleaseAlias => {
            client.set_release_alias(release, "prod").send().await.unwrap();
            let alias = "prod".to_owned();
            is_replayed(registry, method, pb::DeleteReleaseAliasRequest { model_ref, alias, ..Default::default() }).await;
        }
        _ => is_repeatable_for_a_deployment(registry, method, release).await,
    }
}

/// Of a deployment of that release.
async fn is_repeatable_for_a_deployment(registry: &Harness, method: Method, release: &Release) {
    let release_ref = of_release(release);
    match method {
        Method::CreateDeployment => {
            let deployment = Some(pb::Deployment { environment: "production".into(), ..Default::default() });
            is_replayed(registry, method, pb::CreateDeploymentRequest { release_ref, deployment, ..Default::default() }).await;
        }
        Method::UpdateDeployment => {
            let deployment_id = given::deployment(registry, release, "production").await.id;
            let deployment = Some(pb::Deployment { cluster: Some("new".into()), ..Default::default() });
            is_replayed(registry, method, pb::UpdateDeploymentRequest { deployment_id, deployment, ..Default::default() }).await;
        }
        Method::TransitionDeployment => {
            let deployment_id = given::deployment(registry, release, "production").await.id;
            let target_state = pb::DeploymentState::Stopping.into();
            let request = pb::TransitionDeploymentRequest { deployment_id, target_state, ..Default::default() };
            is_replayed(registry, method, request).await;
        }
        _ => is_repeatable_for_a_file_or_a_key(registry, method, release).await,
    }
}

/// Of a file of that release, or of a key.
async fn is_repeatable_for_a_file_or_a_key(registry: &Harness, method: Method, release: &Release) {
    let artifact_id = given::artifact(registry, release, "old").await.id;
    match method {
        Method::CreateArtifact => {
            let parent = of_release(release).map(pb::create_artifact_request::Parent::ReleaseRef);
            let old = registry.client.get_artifact(&artifact_id).send().await.unwrap();
            let artifact = Some(pb::Artifact { name: "new".into(), file_path: "/new".into(), ..old });
            is_replayed(registry, method, pb::CreateArtifactRequest { parent, artifact, ..Default::default() }).await;
        }
        Method::UpdateArtifact => {
            let artifact = Some(pb::Artifact { platform: Some("any".into()), ..Default::default() });
            is_replayed(registry, method, pb::UpdateArtifactRequest { artifact_id, artifact, ..Default::default() }).await;
        }
        Method::UploadArtifact => {
            use pb::upload_artifact_request::{Message, Start, start::Parent};
            let request_id = given::request_id();
            let artifact = Some(pb::Artifact { name: "up".into(), artifact_type: "file".into(), ..Default::default() });
            let parent = of_release(release).map(Parent::ReleaseRef);
            let start = Message::Start(Start { parent, artifact, request_id: request_id.clone() });
            let messages = [start, Message::Chunk("bytes".into())];
            let messages = messages.map(|message| raw::framed(&pb::UploadArtifactRequest { message: Some(message) }));
            is_replayed_as(registry, method, &request_id, messages.concat().into()).await;
        }
        Method::DeleteArtifact => {
            is_replayed(registry, method, pb::DeleteArtifactRequest { artifact_id, ..Default::default() }).await;
        }
        Method::UpdateApiKey => {
            let api_key_id = keys::make(registry, "to-update", pb::Role::Viewer).await.0.id;
            let api_key = Some(pb::ApiKey { description: Some("new".into()), ..Default::default() });
            is_replayed(registry, method, pb::UpdateApiKeyRequest { api_key_id, api_key, ..Default::default() }).await;
        }
        Method::TransitionApiKey => {
            let api_key_id = keys::make(registry, "to-revoke", pb::Role::Viewer).await.0.id;
            let target_state = pb::ApiKeyState::Revoked.into();
            is_replayed(registry, method, pb::TransitionApiKeyRequest { api_key_id, target_state, ..Default::default() }).await;
        }
        _ => needs_no_id(method),
    }
}

conformance! {
    /// Whatever changes something can be asked for twice and is done once.
    async fn every_change_is_replayed(registry: &Harness) {
        for method in Method::ALL {
            let model = given::model(registry, &format!("{method:?}")).await;
            let release = given::release(registry, &model.name, "1").await;
            is_repeatable(registry, *method, &model, &release).await;
        }
    }
}

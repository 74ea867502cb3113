//! What is sent, and what the headers say.

use futures::TryStreamExt as _;
use registry_client::{
    Artifact, ArtifactParent, Deployment, DeploymentFilter, DeploymentId, DeploymentKind, DeploymentOrder, DeploymentState,
    Error, HealthState, Model, ModelId, ModelRef, ModelSource, Release, ReleaseId, ReleaseQuery, ReleaseRef, ReleaseState,
    ReleaseView, pb,
};
use serde_json::json;
use tonic::metadata::MetadataMap;

use crate::fake::{Fake, Reply};

const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

fn by_id() -> pb::ModelRef {
    pb::ModelRef { value: Some(pb::model_ref::Value::Id(ID.into())) }
}

fn by_name(name: &str) -> pb::ModelRef {
    pb::ModelRef { value: Some(pb::model_ref::Value::Name(name.into())) }
}

#[test]
fn text_is_a_name_and_an_id_is_an_id() {
    let references: [ModelRef; 3] = [ID.into(), ID.to_owned().into(), (&ID.to_owned()).into()];
    assert!(references.into_iter().all(|reference| pb::ModelRef::from(reference) == by_name(ID)));
    let model = Model { id: ID.into(), name: "iris".into(), ..Default::default() };
    let references: [ModelRef; 4] = [ModelId::new(ID).into(), (&ModelId::new(ID)).into(), (&model).into(), ModelRef::by_id(ID)];
    assert!(references.into_iter().all(|reference| pb::ModelRef::from(reference) == by_id()));
}

#[tokio::test(start_paused = true)]
async fn a_model_is_created_with_everything_it_was_given() {
    let fake = Fake::new([]);
    let create = fake.client.create_model("iris", "/iris").repository("r").tag("a").tags(["b"]).label("k", "v");
    let create = create.labels([("l", "w")]).metadata(json!({"n": [1, 0.5, "x", null, true]})).requires_gpu(false);
    let _ = create.source(ModelSource::Filesystem).custom_base_model(true).validate_only().send().await;
    let request: pb::CreateModelRequest = fake.only();
    assert!(request.validate_only);
    let model = request.model.unwrap();
    let metadata = model.metadata.clone().unwrap();
    assert_eq!(serde_json::Value::Object(registry_client::to_json(&metadata)), json!({"n": [1, 0.5, "x", null, true]}));
    let expected = Model {
        name: "iris".into(),
        storage_path: "/iris".into(),
        repository: Some("r".into()),
        tags: vec!["a".into(), "b".into()],
        labels: [("k".into(), "v".into()), ("l".into(), "w".into())].into(),
        metadata: Some(metadata),
        requires_gpu: Some(false),
        source: ModelSource::Filesystem.into(),
        is_custom_base_model: true,
        ..Default::default()
    };
    assert_eq!(model, expected);
}

#[tokio::test(start_paused = true)]
async fn metadata_that_would_not_survive_is_not_sent() {
    for (metadata, why) in [(json!([1]), "JSON object"), (json!({"a": {"b": [9_007_199_254_740_993_u64]}}), "9007199254740993")] {
        let fake = Fake::new([]);
        let error = fake.client.create_model("iris", "/iris").metadata(metadata).send().await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        assert_eq!(error.violations()[0].field, "model.metadata");
        assert!(error.violations()[0].description.contains(why), "{error}");
        assert!(!error.outcome_unknown());
        assert!(fake.seen().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_is_created_with_everything_it_was_given() {
    let fake = Fake::new([]);
    let create = fake.client.create_release(ModelId::new(ID), "1.0").digest("d").tag("t").quantization("q").platform("p");
    let create = create.base_release(ReleaseId::new("base")).label("k", "v").release_notes("n").size_bytes(5);
    let _ = create.initial_state(ReleaseState::Candidate).send().await;
    let request: pb::CreateReleaseRequest = fake.only();
    assert_eq!(request.model_ref, Some(by_id()));
    assert_eq!(request.initial_state(), ReleaseState::Candidate);
    let expected = Release {
        version: "1.0".into(),
        digest: Some("d".into()),
        tag: "t".into(),
        quantization: Some("q".into()),
        platform: "p".into(),
        base_release_id: Some("base".into()),
        labels: [("k".into(), "v".into())].into(),
        release_notes: Some("n".into()),
        size_bytes: Some(5),
        ..Default::default()
    };
    assert_eq!(request.release, Some(expected));
}

#[tokio::test(start_paused = true)]
async fn a_release_is_referred_to_by_key_or_id() {
    let name = pb::release_ref::Name {
        model: "iris".into(),
        version: "1.0".into(),
        quantization: "fp16".into(),
        platform: "linux/arm64".into(),
    };
    let release = Release { id: ID.into(), ..Default::default() };
    for (reference, expected) in [
        (ReleaseRef::key("iris", "1.0").quantization("fp16").platform("linux/arm64").into(), pb::release_ref::Value::Name(name)),
        (ReleaseRef::by_id(ID), pb::release_ref::Value::Id(ID.into())),
        (ReleaseRef::from(&release), pb::release_ref::Value::Id(ID.into())),
        (ReleaseId::from(&release).into(), pb::release_ref::Value::Id(ID.into())),
    ] {
        let fake = Fake::new([]);
        let _ = fake.client.get_release(reference).view(ReleaseView::Basic).send().await;
        let request: pb::GetReleaseRequest = fake.only();
        assert_eq!(request.release_ref, Some(pb::ReleaseRef { value: Some(expected) }));
        assert_eq!(request.view(), ReleaseView::Basic);
    }
}

#[tokio::test(start_paused = true)]
async fn each_selector_is_sent_as_itself() {
    use pb::resolve_release_request::{Latest, Selector};
    let of = || ReleaseQuery::of("iris");
    for (query, selector) in [
        (of().alias("production"), Selector::Alias("production".into())),
        (of().version("1.0"), Selector::Version("1.0".into())),
        (of().tag("t"), Selector::Tag("t".into())),
        (of().digest("d"), Selector::Digest("d".into())),
        (of().latest(), Selector::Latest(Latest {})),
        (of().number(3), Selector::Number(3)),
        (of().requirement("^1.2"), Selector::Requirement("^1.2".into())),
    ] {
        let fake = Fake::new([]);
        let _ = fake.client.resolve_release_from(query).quantization("").platform("p").environment("e").send().await;
        let request: pb::ResolveReleaseRequest = fake.only();
        assert_eq!(request.model_ref, Some(by_name("iris")));
        assert_eq!(request.selector, Some(selector));
        assert_eq!((request.quantization.as_deref(), request.platform.as_deref()), (Some(""), Some("p")));
        assert_eq!(request.environment.as_deref(), Some("e"));
    }
    let asked: pb::ResolveReleaseRequest = of().latest().environment("e").into();
    assert_eq!(asked.environment.as_deref(), Some("e"));
    let fake = Fake::new([]);
    let _ = fake.client.resolve_release("iris").number(3).platform("p").send().await;
    assert_eq!(fake.only::<pb::ResolveReleaseRequest>(), ReleaseQuery::of("iris").number(3).platform("p").into());
}

#[tokio::test(start_paused = true)]
async fn the_steps_have_names() {
    let release = || ReleaseRef::key("iris", "1.0");
    for state in [ReleaseState::Active, ReleaseState::Deprecated, ReleaseState::Archived, ReleaseState::Yanked] {
        let fake = Fake::new([]);
        let client = &fake.client;
        let step = match state {
            ReleaseState::Active => client.promote_release(release()),
            ReleaseState::Deprecated => client.deprecate_release(release()),
            ReleaseState::Archived => client.archive_release(release()),
            _ => client.yank_release(release()),
        };
        let _ = step.reason("why").etag("e").validate_only().send().await;
        let request: pb::TransitionReleaseRequest = fake.only();
        assert_eq!((request.target_state(), request.reason.as_deref(), &*request.etag), (state, Some("why"), "e"));
        assert!(request.validate_only);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_recorded_with_everything_it_was_given() {
    let fake = Fake::new([]);
    let time = prost_types::Timestamp { seconds: 5, nanos: 0 };
    let create = fake.client.create_deployment(ReleaseId::new(ID), "production").cluster("c").k8s_namespace("n").replicas(2);
    let create = create.endpoint_url("u").kind(DeploymentKind::K8s).health(HealthState::Healthy).gpu_enabled(true);
    let create = create.image_tag("t").container_id("i").host_port(80).deployed_by("argo").metadata(json!({"a": 1}));
    let create = create.deploy_time(time).initial_state(DeploymentState::Pending).validate_only();
    let _ = create.send().await;
    let request: pb::CreateDeploymentRequest = fake.only();
    assert_eq!(request.release_ref, Some(ReleaseRef::by_id(ID).into()));
    assert_eq!((request.initial_state(), request.validate_only), (DeploymentState::Pending, true));
    let deployment = request.deployment.unwrap();
    let expected = Deployment {
        environment: "production".into(),
        cluster: Some("c".into()),
        k8s_namespace: Some("n".into()),
        endpoint_url: Some("u".into()),
        replicas: Some(2),
        kind: DeploymentKind::K8s.into(),
        health: HealthState::Healthy.into(),
        gpu_enabled: true,
        image_tag: Some("t".into()),
        container_id: Some("i".into()),
        host_port: Some(80),
        deployed_by: Some("argo".into()),
        metadata: deployment.metadata.clone(),
        deploy_time: Some(time),
        ..Default::default()
    };
    assert_eq!(deployment, expected);
    assert!(deployment.metadata.is_some_and(|metadata| metadata.fields.contains_key("a")));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_moved_by_its_id() {
    let time = prost_types::Timestamp { seconds: 5, nanos: 0 };
    let deployment = Deployment { id: ID.into(), ..Default::default() };
    let fake = Fake::new([]);
    let step = fake.client.terminate_deployment(&deployment).reason("why").transition_time(time).etag("e").validate_only();
    let _ = step.send().await;
    let request: pb::TransitionDeploymentRequest = fake.only();
    assert_eq!((request.deployment_id.as_str(), request.target_state()), (ID, DeploymentState::Terminated));
    assert_eq!((request.reason.as_deref(), request.transition_time, &*request.etag), (Some("why"), Some(time), "e"));
    assert!(request.validate_only && !request.request_id.is_empty());
    let fake = Fake::new([]);
    let _ = fake.client.get_deployment(DeploymentId::from(&deployment)).send().await;
    assert_eq!(fake.only::<pb::GetDeploymentRequest>().deployment_id, ID);
}

#[tokio::test(start_paused = true)]
async fn deployments_are_listed_by_where_and_what() {
    let fake = Fake::new([]);
    let list = fake.client.list_deployments().environments(["production"]).states([DeploymentState::Running]);
    let list = list.model("iris").release(ReleaseId::new(ID)).order(DeploymentOrder::DeployTimeAsc).include_total_size();
    let page = list.page_size(3).page_token("t").send().await.unwrap();
    assert_eq!((page.items.len(), page.next_page_token), (0, None));
    let filter = DeploymentFilter {
        environments: vec!["production".into()],
        states: vec![DeploymentState::Running.into()],
        ..Default::default()
    };
    let expected = pb::ListDeploymentsRequest {
        page_size: 3,
        page_token: "t".into(),
        filter: Some(filter),
        order: DeploymentOrder::DeployTimeAsc.into(),
        include_total_size: true,
        model_ref: Some(by_name("iris")),
        release_ref: Some(ReleaseRef::by_id(ID).into()),
    };
    assert_eq!(fake.only::<pb::ListDeploymentsRequest>(), expected);
}

#[tokio::test(start_paused = true)]
async fn any_message_can_be_sent() {
    let fake = Fake::new([]);
    let request = pb::GetModelRequest { model_ref: None, view: 77 };
    let response = fake.client.call(request.clone()).send().await.unwrap();
    assert_eq!(response, pb::GetModelResponse::default());
    assert_eq!(fake.only::<pb::GetModelRequest>(), request);
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_an_answer_can_be_had() {
    let mut headers = MetadataMap::new();
    headers.insert("x-registry-revision", "42".parse().unwrap());
    headers.insert("x-request-id", "0193".parse().unwrap());
    headers.insert("x-replayed", "true".parse().unwrap());
    let fake = Fake::new([Reply::WithHeaders(Vec::new(), headers)]);
    let answer = fake.client.server_info().send_with_meta().await.unwrap();
    assert_eq!((answer.revision, answer.request_id.as_deref(), answer.replayed), (Some(42), Some("0193"), true));

    let answer = fake.client.server_info().send_with_meta().await.unwrap();
    assert_eq!((answer.revision, answer.request_id, answer.replayed), (None, None, false));
}

#[tokio::test(start_paused = true)]
async fn a_read_can_ask_for_a_revision() {
    let page = pb::ListModelsResponse { next_page_token: "2".into(), ..Default::default() };
    let fake = Fake::new([Reply::Cut, Reply::Message(Vec::new()), Reply::message(&page)]);
    let client = &fake.client;
    let _ = client.get_model("iris").min_revision(41).send().await;
    let pages: Vec<_> = client.list_models().min_revision(42).pages().try_collect().await.unwrap();
    assert_eq!(pages.len(), 2);
    client.call(pb::GetServerInfoRequest {}).min_revision(i64::MAX).send().await.unwrap();
    client.call(pb::GetServerInfoRequest {}).send().await.unwrap();
    let asked: Vec<_> = fake.seen().iter().map(|seen| seen.metadata.get("x-min-revision").cloned()).collect();
    let asked: Vec<_> = asked.iter().map(|header| header.as_ref().map(|header| header.to_str().unwrap())).collect();
    let most = i64::MAX.to_string();
    assert_eq!(asked, [Some("41"), Some("41"), Some("42"), Some("42"), Some(&most), None], "each attempt and each page");
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_named() {
    let fake = Fake::new([]);
    fake.client.server_info().correlation_id("job-7").send().await.unwrap();
    fake.client.server_info().send().await.unwrap();
    let names: Vec<_> = fake.seen().iter().map(|seen| seen.metadata.get("x-request-id").cloned()).collect();
    assert_eq!(names, [Some("job-7".parse().unwrap()), None]);
    let error = fake.client.server_info().correlation_id("two\nlines").send().await.unwrap_err();
    assert_eq!(error.violations()[0].field, "x-request-id");
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_artifact_is_created_with_everything_it_was_given() {
    use pb::create_artifact_request::Parent;
    let of_release = Parent::ReleaseRef(ReleaseRef::from(ReleaseRef::key("iris", "1.0")).into());
    let parents =
        [(ArtifactParent::from("iris"), Parent::ModelRef(by_name("iris"))), (ModelId::new(ID).into(), Parent::ModelRef(by_id()))];
    for (parent, expected) in parents.into_iter().chain([(ReleaseRef::key("iris", "1.0").into(), of_release)]) {
        let fake = Fake::new([]);
        let create = fake.client.create_artifact(parent, "iris.whl").artifact_type("wheel").file_path("/iris.whl").size_bytes(0);
        let create = create.checksum("sha256:00").platform("any").python_version("3.11").uploaded_by("ci").metadata(json!({}));
        let _ = create.validate_only().send().await;
        let request: pb::CreateArtifactRequest = fake.only();
        assert_eq!((request.parent, request.validate_only), (Some(expected), true));
        let artifact = Artifact {
            name: "iris.whl".into(),
            artifact_type: "wheel".into(),
            file_path: "/iris.whl".into(),
            size_bytes: Some(0),
            checksum: "sha256:00".into(),
            platform: Some("any".into()),
            python_version: Some("3.11".into()),
            uploaded_by: Some("ci".into()),
            metadata: Some(prost_types::Struct::default()),
            ..Default::default()
        };
        assert_eq!(request.artifact, Some(artifact));
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_of_an_artifact_names_what_it_writes() {
    let fake = Fake::new([]);
    let update = fake.client.update_artifact(ID).artifact_type("sdist").file_path("/new").size_bytes(0).clear_platform();
    let _ = update.clear_metadata().etag("r1").send().await;
    let request: pb::UpdateArtifactRequest = fake.only();
    let expected = Artifact {
        artifact_type: "sdist".into(),
        file_path: "/new".into(),
        size_bytes: Some(0),
        etag: "r1".into(),
        ..Default::default()
    };
    assert_eq!((&*request.artifact_id, request.artifact), (ID, Some(expected)));
    assert_eq!(request.update_mask.unwrap().paths, ["artifact_type", "file_path", "size_bytes", "platform", "metadata"]);
}

//! Updates: what is named in the mask, and what is sent for it.

use std::collections::BTreeSet;

use prost_types::{FieldMask, Struct};
use registry_client::{
    DeploymentId, HealthState, Model, ModelSource, Release, ReleaseRef, TrainingMetadata, UpdateDeployment, UpdateModel,
    UpdateRelease, pb,
};
use registry_proto::mask::{DeploymentField, ModelField, ReleaseField};

use crate::fake::Fake;

fn key() -> registry_client::ReleaseKey {
    ReleaseRef::key("iris", "1.0")
}

async fn model(update: impl FnOnce(UpdateModel) -> UpdateModel) -> pb::UpdateModelRequest {
    let fake = Fake::new([]);
    let _ = update(fake.client.update_model("iris")).send().await;
    fake.only()
}

async fn release(update: impl FnOnce(UpdateRelease) -> UpdateRelease) -> pb::UpdateReleaseRequest {
    let fake = Fake::new([]);
    let _ = update(fake.client.update_release(key())).send().await;
    fake.only()
}

async fn deployment(update: impl FnOnce(UpdateDeployment) -> UpdateDeployment) -> pb::UpdateDeploymentRequest {
    let fake = Fake::new([]);
    let _ = update(fake.client.update_deployment(DeploymentId::new("d"))).send().await;
    fake.only()
}

fn paths(mask: Option<FieldMask>) -> Vec<String> {
    mask.unwrap().paths
}

#[tokio::test(start_paused = true)]
async fn exactly_the_named_fields_are_in_the_mask() {
    let request = model(|update| update.storage_path("/new").clear_repository().tags(["a", "b"]).storage_path("/newer")).await;
    assert_eq!(request.model_ref, Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name("iris".into())) }));
    let expected = Model { storage_path: "/newer".into(), tags: vec!["a".into(), "b".into()], ..Default::default() };
    assert_eq!(request.model, Some(expected));
    assert_eq!(paths(request.update_mask), ["storage_path", "repository", "tags"], "each once");
    assert!(!request.validate_only);
}

#[tokio::test(start_paused = true)]
async fn the_etag_is_a_condition_and_not_a_field() {
    let request = model(|update| update.etag("e1").task("x").validate_only()).await;
    assert_eq!(request.model.unwrap().etag, "e1");
    assert_eq!(paths(request.update_mask), ["task"]);
    assert!(request.validate_only);
}

#[tokio::test(start_paused = true)]
async fn what_is_set_and_cleared_is_cleared() {
    let request = model(|update| update.description("x").clear_description()).await;
    assert_eq!(request.model, Some(Model::default()));
    assert_eq!(paths(request.update_mask), ["description"]);
}

/// Every field that the contract lets an update write can be set, and what is set arrives.
#[tokio::test(start_paused = true)]
async fn every_writable_field_of_a_model_can_be_set() {
    let request = model(|update| {
        update
            .storage_path("storage_path")
            .repository("repository")
            .company("company")
            .base_model("base_model")
            .parameter_count("parameter_count")
            .description("description")
            .tags(["tag"])
            .metadata(Struct::default())
            .requires_gpu(false)
            .server_type("server_type")
            .source(ModelSource::Filesystem)
            .custom_base_model(true)
            .training(TrainingMetadata::default())
            .display_name("display_name")
            .task("task")
            .labels([("key", "value")])
    })
    .await;
    let named: BTreeSet<_> = paths(request.update_mask).into_iter().collect();
    assert_eq!(named, ModelField::ALL.iter().map(|field| field.name().to_owned()).collect());
    let expected = Model {
        storage_path: "storage_path".into(),
        repository: Some("repository".into()),
        company: Some("company".into()),
        base_model: Some("base_model".into()),
        parameter_count: Some("parameter_count".into()),
        description: Some("description".into()),
        tags: vec!["tag".into()],
        metadata: Some(Struct::default()),
        requires_gpu: Some(false),
        server_type: Some("server_type".into()),
        source: ModelSource::Filesystem.into(),
        is_custom_base_model: true,
        training: Some(TrainingMetadata::default()),
        display_name: Some("display_name".into()),
        task: Some("task".into()),
        labels: [("key".into(), "value".into())].into(),
        ..Default::default()
    };
    assert_eq!(request.model, Some(expected));
}

#[tokio::test(start_paused = true)]
async fn every_writable_field_of_a_release_can_be_set() {
    let request = release(|update| {
        update
            .tag("tag")
            .digest("digest")
            .size_bytes(5)
            .release_notes("release_notes")
            .metadata(Struct::default())
            .storage_path("storage_path")
            .mlflow_url("mlflow_url")
            .training(TrainingMetadata::default())
            .labels([("key", "value")])
    })
    .await;
    let named: BTreeSet<_> = paths(request.update_mask).into_iter().collect();
    assert_eq!(named, ReleaseField::ALL.iter().map(|field| field.name().to_owned()).collect());
    let expected = Release {
        tag: "tag".into(),
        digest: Some("digest".into()),
        size_bytes: Some(5),
        release_notes: Some("release_notes".into()),
        metadata: Some(Struct::default()),
        storage_path: Some("storage_path".into()),
        mlflow_url: Some("mlflow_url".into()),
        training: Some(TrainingMetadata::default()),
        labels: [("key".into(), "value".into())].into(),
        ..Default::default()
    };
    assert_eq!(request.release, Some(expected));
}

#[tokio::test(start_paused = true)]
async fn every_writable_field_of_a_deployment_can_be_set() {
    let request = deployment(|update| {
        update
            .cluster("cluster")
            .k8s_namespace("k8s_namespace")
            .endpoint_url("endpoint_url")
            .replicas(3)
            .health(HealthState::Healthy)
            .gpu_enabled(true)
            .image_tag("image_tag")
            .container_id("container_id")
            .host_port(8080)
            .deployed_by("deployed_by")
            .metadata(Struct::default())
    })
    .await;
    assert_eq!(request.deployment_id, "d");
    let named: BTreeSet<_> = paths(request.update_mask).into_iter().collect();
    assert_eq!(named, DeploymentField::ALL.iter().map(|field| field.name().to_owned()).collect());
    let expected = pb::Deployment {
        cluster: Some("cluster".into()),
        k8s_namespace: Some("k8s_namespace".into()),
        endpoint_url: Some("endpoint_url".into()),
        replicas: Some(3),
        health: HealthState::Healthy.into(),
        gpu_enabled: true,
        image_tag: Some("image_tag".into()),
        container_id: Some("container_id".into()),
        host_port: Some(8080),
        deployed_by: Some("deployed_by".into()),
        metadata: Some(Struct::default()),
        ..Default::default()
    };
    assert_eq!(request.deployment, Some(expected));
}

/// Every field that can be unset can be cleared, which names it and sends nothing for it.
#[tokio::test(start_paused = true)]
async fn every_optional_field_can_be_cleared() {
    let request = model(|update| {
        update
            .clear_repository()
            .clear_company()
            .clear_base_model()
            .clear_parameter_count()
            .clear_description()
            .clear_tags()
            .clear_metadata()
            .clear_requires_gpu()
            .clear_server_type()
            .clear_training()
            .clear_display_name()
            .clear_task()
            .clear_labels()
    })
    .await;
    assert_eq!(request.model, Some(Model::default()));
    let always_set = [ModelField::StoragePath, ModelField::Source, ModelField::IsCustomBaseModel];
    let rest = ModelField::ALL.iter().filter(|field| !always_set.contains(field));
    let named: BTreeSet<_> = paths(request.update_mask).into_iter().collect();
    assert_eq!(named, rest.map(|field| field.name().to_owned()).collect());

    let request = release(|update| {
        update
            .clear_size_bytes()
            .clear_release_notes()
            .clear_metadata()
            .clear_storage_path()
            .clear_mlflow_url()
            .clear_training()
            .clear_labels()
    })
    .await;
    assert_eq!(request.release, Some(Release::default()));
    let rest = ReleaseField::ALL.iter().filter(|field| !matches!(field, ReleaseField::Tag | ReleaseField::Digest));
    let named: BTreeSet<_> = paths(request.update_mask).into_iter().collect();
    assert_eq!(named, rest.map(|field| field.name().to_owned()).collect());

    let request = deployment(|update| {
        update
            .clear_cluster()
            .clear_k8s_namespace()
            .clear_endpoint_url()
            .clear_replicas()
            .clear_image_tag()
            .clear_container_id()
            .clear_host_port()
            .clear_deployed_by()
            .clear_metadata()
    })
    .await;
    assert_eq!(request.deployment, Some(pb::Deployment::default()));
    let always_set = [DeploymentField::Health, DeploymentField::GpuEnabled];
    let rest = DeploymentField::ALL.iter().filter(|field| !always_set.contains(field));
    let named: BTreeSet<_> = paths(request.update_mask).into_iter().collect();
    assert_eq!(named, rest.map(|field| field.name().to_owned()).collect());
}

#[tokio::test(start_paused = true)]
async fn a_whole_message_goes_with_the_mask_it_is_given() {
    let values = Model { id: "whatever".into(), task: Some("x".into()), ..Default::default() };
    let fake = Fake::new([]);
    let _ = fake.client.update_model_from("iris", values.clone(), ["task", "no such field"]).company("c").send().await;
    let request: pb::UpdateModelRequest = fake.only();
    assert_eq!(request.model, Some(Model { company: Some("c".into()), ..values.clone() }));
    assert_eq!(paths(request.update_mask), ["task", "no such field", "company"]);

    let fake = Fake::new([]);
    let _ = fake.client.update_model_from("iris", values, None::<&str>).company("c").send().await;
    assert_eq!(fake.only::<pb::UpdateModelRequest>().update_mask, None, "no mask stays no mask");
}

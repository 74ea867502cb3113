//! What models, releases, artifacts and deployments have in common, as far as reflection needs to know: how one is created,
//! read and updated through the real client.

use super::fill::{Filling, descriptor, filled, resource_fields};
use super::writable;
use prost_reflect::{DynamicMessage, Value};
use registry_client::{Client, DeploymentId, Error, ModelRef, ReleaseRef, pb};
use registry_tests::{Harness, given};
use std::marker::PhantomData;
use std::time::Duration;

/// One kind of resource.
pub(super) trait ResourceKind {
    /// Its message.
    const NAME: &'static str;
    /// The field that holds it in a request.
    const FIELD: &'static str;
    /// A field that can be written, for masks that are to name nothing else.
    const ANOTHER: &'static str;

    async fn create(client: &Client, of: &pb::Model, resource: &DynamicMessage) -> Result<String, Error>;
    async fn get(client: &Client, id: &str) -> DynamicMessage;
    async fn update(
        client: &Client,
        id: &str,
        resource: &DynamicMessage,
        mask: Option<prost_types::FieldMask>,
    ) -> Result<DynamicMessage, Error>;

    fn path(field: &str) -> String {
        format!("{}.{field}", Self::FIELD)
    }
}

pub(super) struct Models;
pub(super) struct Releases;
pub(super) struct Artifacts;
pub(super) struct Deployments;

fn reflected<M: prost::Message>(name: &str, message: &M) -> DynamicMessage {
    DynamicMessage::decode(descriptor(name), message.encode_to_vec().as_slice()).expect("a message of the contract")
}

impl ResourceKind for Models {
    const NAME: &'static str = "Model";
    const FIELD: &'static str = "model";
    const ANOTHER: &'static str = "labels";

    async fn create(client: &Client, _: &pb::Model, resource: &DynamicMessage) -> Result<String, Error> {
        let model = Some(resource.transcode_to().expect("a model"));
        let answer = client.call(pb::CreateModelRequest { model, ..Default::default() }).send().await?;
        Ok(answer.model.expect("a model").id)
    }

    async fn get(client: &Client, id: &str) -> DynamicMessage {
        reflected("Model", &client.get_model(ModelRef::by_id(id)).send().await.expect("a model"))
    }

    async fn update(
        client: &Client,
        id: &str,
        resource: &DynamicMessage,
        update_mask: Option<prost_types::FieldMask>,
    ) -> Result<DynamicMessage, Error> {
        let model = Some(resource.transcode_to().expect("a model"));
        let model_ref = Some(ModelRef::by_id(id).into());
        let answer = client.call(pb::UpdateModelRequest { model_ref, model, update_mask, ..Default::default() }).send().await?;
        Ok(reflected("Model", &answer.model.expect("a model")))
    }
}

impl ResourceKind for Releases {
    const NAME: &'static str = "Release";
    const FIELD: &'static str = "release";
    const ANOTHER: &'static str = "labels";

    async fn create(client: &Client, of: &pb::Model, resource: &DynamicMessage) -> Result<String, Error> {
        let release = Some(resource.transcode_to().expect("a release"));
        let model_ref = Some(ModelRef::from(of).into());
        let answer = client.call(pb::CreateReleaseRequest { model_ref, release, ..Default::default() }).send().await?;
        Ok(answer.release.expect("a release").id)
    }

    async fn get(client: &Client, id: &str) -> DynamicMessage {
        reflected("Release", &client.get_release(ReleaseRef::by_id(id)).send().await.expect("a release"))
    }

    async fn update(
        client: &Client,
        id: &str,
        resource: &DynamicMessage,
        update_mask: Option<prost_types::FieldMask>,
    ) -> Result<DynamicMessage, Error> {
        let release = Some(resource.transcode_to().expect("a release"));
        let release_ref = Some(ReleaseRef::by_id(id).into());
        let answer =
            client.call(pb::UpdateReleaseRequest { release_ref, release, update_mask, ..Default::default() }).send().await?;
        Ok(reflected("Release", &answer.release.expect("a release")))
    }
}

impl ResourceKind for Artifacts {
    const NAME: &'static str = "Artifact";
    const FIELD: &'static str = "artifact";
    const ANOTHER: &'static str = "platform";

    async fn create(client: &Client, of: &pb::Model, resource: &DynamicMessage) -> Result<String, Error> {
        let artifact = Some(resource.transcode_to().expect("an artifact"));
        let parent = Some(pb::create_artifact_request::Parent::ModelRef(ModelRef::from(of).into()));
        let answer = client.call(pb::CreateArtifactRequest { parent, artifact, ..Default::default() }).send().await?;
        Ok(answer.artifact.expect("an artifact").id)
    }

    async fn get(client: &Client, id: &str) -> DynamicMessage {
        reflected("Artifact", &client.get_artifact(id).send().await.expect("an artifact"))
    }

    async fn update(
        client: &Client,
        id: &str,
        resource: &DynamicMessage,
        update_mask: Option<prost_types::FieldMask>,
    ) -> Result<DynamicMessage, Error> {
        let (artifact_id, artifact) = (id.to_owned(), Some(resource.transcode_to().expect("an artifact")));
        let request = pb::UpdateArtifactRequest { artifact_id, artifact, update_mask, ..Default::default() };
        Ok(reflected("Artifact", &client.call(request).send().await?.artifact.expect("an artifact")))
    }
}

impl ResourceKind for Deployments {
    const NAME: &'static str = "Deployment";
    const FIELD: &'static str = "deployment";
    const ANOTHER: &'static str = "cluster";

    async fn create(client: &Client, of: &pb::Model, resource: &DynamicMessage) -> Result<String, Error> {
        let deployment = Some(resource.transcode_to().expect("a deployment"));
        let release_ref = Some(ReleaseRef::from(ReleaseRef::key(&of.name, "0.0.1")).into());
        let answer = client.call(pb::CreateDeploymentRequest { release_ref, deployment, ..Default::default() }).send().await?;
        Ok(answer.deployment.expect("a deployment").id)
    }

    async fn get(client: &Client, id: &str) -> DynamicMessage {
        reflected("Deployment", &client.get_deployment(DeploymentId::new(id)).send().await.expect("a deployment"))
    }

    async fn update(
        client: &Client,
        id: &str,
        resource: &DynamicMessage,
        update_mask: Option<prost_types::FieldMask>,
    ) -> Result<DynamicMessage, Error> {
        let deployment = Some(resource.transcode_to().expect("a deployment"));
        let deployment_id = id.to_owned();
        let request = pb::UpdateDeploymentRequest { deployment_id, deployment, update_mask, ..Default::default() };
        Ok(reflected("Deployment", &client.call(request).send().await?.deployment.expect("a deployment")))
    }
}

/// The resources of one kind, in a registry that has a model and a release for others to refer to.
pub(super) struct Resource<'a, K> {
    registry: &'a Harness,
    model: pb::Model,
    /// What a release may be made from: one for each filling.
    bases: [pb::Release; 2],
    kind: PhantomData<K>,
}

impl<'a, K: ResourceKind> Resource<'a, K> {
    pub(super) async fn new(registry: &'a Harness) -> Self {
        let name = format!("other-{}", uuid::Uuid::now_v7().simple());
        let model = given::model(registry, &name).await;
        let bases = [given::release(registry, &name, "0.0.1").await, given::release(registry, &name, "0.0.2").await];
        Self { registry, model, bases, kind: PhantomData }
    }

    /// Every writable field filled. Another release can only be referred to if it exists.
    pub(super) fn filled(&self, filling: Filling) -> DynamicMessage {
        let mut filled = filled(&descriptor(K::NAME), filling, &|at| writable(&at));
        let [first, second] = &self.bases;
        let base = if filling == Filling::Second { second } else { first };
        for at in resource_fields(K::NAME).filter(|at| at.uuid) {
            filled.set_field_by_name(at.name, Value::String(base.id.clone()));
        }
        filled
    }

    /// What a caller may claim and the server does not believe.
    pub(super) fn claims(&self) -> DynamicMessage {
        filled(&descriptor(K::NAME), Filling::First, &|at| !writable(&at))
    }

    pub(super) async fn create(&self, resource: &DynamicMessage) -> Result<String, Error> {
        K::create(&self.registry.client, &self.model, resource).await
    }

    pub(super) async fn get(&self, id: &str) -> DynamicMessage {
        K::get(&self.registry.client, id).await
    }

    /// A second later, so that the time of the change can be told.
    pub(super) async fn update(&self, id: &str, resource: &DynamicMessage, mask: &[&str]) -> Result<DynamicMessage, Error> {
        self.registry.advance(Duration::from_secs(1));
        let paths: Vec<String> = mask.iter().map(ToString::to_string).collect();
        let mask = (!paths.is_empty()).then_some(prost_types::FieldMask { paths });
        K::update(&self.registry.client, id, resource, mask).await
    }
}

//! What each change tells whoever follows the registry.

use super::kinds::{Mutation, Stock};
use registry_client::pb::event::Resource;
use registry_client::{
    Artifact, AuditEntry, Deployment, DeploymentId, Event, EventType, ModelId, ModelView, Release, ReleaseRef, ReleaseView,
    ResourceKind, pb,
};
use registry_tests::Harness;

/// What is to be told of one resource.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) event_type: EventType,
    kind: ResourceKind,
    id: String,
    name: String,
    changed: Vec<String>,
}

impl Told {
    /// What stands in the audit log of all that a call tells: the topmost resource, and of several the first.
    pub(super) fn topmost(told: Vec<Self>) -> Self {
        let level = |told: &Self| match told.kind {
            ResourceKind::Model => 0,
            ResourceKind::Release => 1,
            _ => 2,
        };
        told.into_iter().min_by_key(level).expect("something")
    }

    /// What an entry of the audit log tells; that says by its method what happened.
    pub(super) fn by_entry(entry: &AuditEntry, event_type: EventType) -> Self {
        Self {
            event_type,
            kind: entry.resource_kind(),
            id: entry.resource_id.clone().unwrap_or_default(),
            name: entry.resource_name.clone().unwrap_or_default(),
            changed: entry.changed_fields.as_ref().map(|mask| mask.paths.clone()).unwrap_or_default(),
        }
    }

    /// What an event tells.
    pub(super) fn by(event: &Event) -> Self {
        Self {
            event_type: event.event_type(),
            kind: event.resource_kind(),
            id: event.resource_id.clone(),
            name: event.resource_name.clone(),
            changed: event.changed_fields.as_ref().map(|mask| mask.paths.clone()).unwrap_or_default(),
        }
    }
}

fn model(event_type: EventType, id: &str, name: &str, changed: &[&str]) -> Told {
    let changed = changed.iter().map(|field| (*field).to_owned()).collect();
    Told { event_type, kind: ResourceKind::Model, id: id.into(), name: name.into(), changed }
}

fn release(event_type: EventType, release: &Release, changed: &[&str]) -> Told {
    let name = format!("{}:{} ({})", release.model_name, release.version, release.platform);
    Told { kind: ResourceKind::Release, ..model(event_type, &release.id, &name, changed) }
}

fn alias(event_type: EventType, stock: &Stock, alias: &str, changed: &[&str]) -> Told {
    alias_of(event_type, &stock.model, alias, changed)
}

fn alias_of(event_type: EventType, of: &pb::Model, alias: &str, changed: &[&str]) -> Told {
    let (id, name) = (format!("{}/{alias}", of.id), format!("{}@{alias}", of.name));
    Told { kind: ResourceKind::ReleaseAlias, ..model(event_type, &id, &name, changed) }
}

fn artifact(event_type: EventType, artifact: &Artifact, of: &str, changed: &[&str]) -> Told {
    let name = format!("{of}#{}", artifact.name);
    Told { kind: ResourceKind::Artifact, ..model(event_type, &artifact.id, &name, changed) }
}

/// A file of a model, and one of a release.
fn two(event_type: EventType, [of_model, of_release]: &[Artifact; 2], of: &pb::Model, release: &Release) -> Vec<Told> {
    vec![artifact(event_type, of_model, &of.name, &[]), file_of(event_type, of_release, release)]
}

fn file_of(event_type: EventType, file: &Artifact, of: &Release) -> Told {
    artifact(event_type, file, &release(event_type, of, &[]).name, &[])
}

fn deployment(event_type: EventType, deployment: &Deployment, changed: &[&str]) -> Told {
    let Deployment { model_name, release_version, environment, .. } = deployment;
    let name = format!("{model_name}:{release_version} (linux/amd64) in {environment}");
    Told { kind: ResourceKind::Deployment, ..model(event_type, &deployment.id, &name, changed) }
}

/// What a change that has been made is to tell, in order.
pub(super) async fn expected(registry: &Harness, stock: &Stock, mutation: Mutation) -> Vec<Told> {
    use EventType::{Created, Deleted, Purged, StateChanged, Undeleted, Updated};
    let client = &registry.client;
    let Stock { name, model: of, one, two: other, deleted, gone, gone_with_it, files, file_deleted, files_gone, .. } = stock;
    let Stock { ended, ended_with_it, running, .. } = stock;
    let created_model = async |name: &str| model(Created, &client.get_model(name).send().await.unwrap().id, name, &[]);
    let created_release =
        async |version: &str| release(Created, &client.get_release(ReleaseRef::key(name, version)).send().await.unwrap(), &[]);
    let [first, second] = stock.new_names();
    let each = |event_type, releases: &[Release]| releases.iter().map(|of| release(event_type, of, &[])).collect::<Vec<_>>();
    let of_model = |event_type, of: &pb::Model| vec![model(event_type, &of.id, &of.name, &[])];
    match mutation {
        Mutation::CreateModel => vec![created_model(&first).await],
        Mutation::BatchCreateModels => vec![created_model(&first).await, created_model(&second).await],
        Mutation::UpdateModel => vec![model(Updated, &of.id, name, &["storage_path", "description", "tags", "labels"])],
        Mutation::RenameModel => vec![model(Updated, &of.id, &first, &["name"])],
        Mutation::DeleteModel => {
            let releases = each(Deleted, &[one.clone(), other.clone()]);
            [two(Deleted, files, of, one), releases, of_model(Deleted, of)].concat()
        }
        Mutation::UndeleteModel => {
            let files = two(Undeleted, files_gone, gone, &gone_with_it[0]);
            [of_model(Undeleted, gone), each(Undeleted, gone_with_it), files].concat()
        }
        Mutation::PurgeModel => {
            let (aliases, files) = (vec![alias_of(Purged, gone, "hidden", &[])], two(Purged, files_gone, gone, &gone_with_it[0]));
            let deployments = vec![deployment(Purged, ended_with_it, &[])];
            [aliases, files, deployments, each(Purged, gone_with_it), of_model(Purged, gone)].concat()
        }
        Mutation::CreateRelease => vec![created_release("new-1").await],
        Mutation::BatchCreateReleases => vec![created_release("new-1").await, created_release("new-2").await],
        Mutation::UpdateRelease => vec![release(Updated, one, &["release_notes", "metadata", "training", "labels"])],
        Mutation::TransitionRelease => vec![release(StateChanged, other, &["state", "state_reason"])],
        Mutation::DeleteRelease => {
            let aliases = vec![alias(Deleted, stock, "a", &[]), alias(Deleted, stock, "b", &[])];
            [aliases, vec![file_of(Deleted, &files[1], one)], vec![release(Deleted, one, &[])]].concat()
        }
        Mutation::UndeleteRelease => vec![release(Undeleted, deleted, &[]), file_of(Undeleted, file_deleted, deleted)],
        Mutation::PurgeRelease => {
            let rows = vec![file_of(Purged, file_deleted, deleted), deployment(Purged, ended, &[])];
            [rows, vec![release(Purged, deleted, &[])]].concat()
        }
        Mutation::CreateAlias => vec![alias(Created, stock, "new", &[])],
        Mutation::MoveAlias => vec![alias(Updated, stock, "a", &["release_id", "previous_release_id"])],
        Mutation::DeleteAlias => vec![alias(Deleted, stock, "a", &[])],
        Mutation::CreateArtifact | Mutation::UploadArtifact => {
            let new = client.list_artifacts().release(other).send().await.unwrap().items.remove(0);
            vec![file_of(Created, &new, other)]
        }
        Mutation::UpdateArtifact => {
            let changed = ["size_bytes", "platform", "metadata"].map(str::to_owned).to_vec();
            vec![Told { changed, ..file_of(Updated, &files[1], one) }]
        }
        Mutation::DeleteArtifact => vec![file_of(Deleted, &files[1], one)],
        Mutation::CreateDeployment => {
            let new = client.list_deployments().release(other).send().await.unwrap().items.remove(0);
            vec![deployment(Created, &new, &[])]
        }
        Mutation::UpdateDeployment => {
            let changed = ["cluster", "replicas", "gpu_enabled", "deployed_by", "metadata"];
            vec![deployment(Updated, running, &changed)]
        }
        Mutation::TransitionDeployment => {
            vec![deployment(StateChanged, running, &["state", "state_reason", "terminate_time"])]
        }
    }
}

/// What an event is to show of its resource: what is read of it now, without its large fields; of a deleted alias, what it was.
pub(super) async fn shown(registry: &Harness, stock: &Stock, event: &Event) -> Option<Resource> {
    let client = &registry.client;
    match (event.event_type(), event.resource_kind()) {
        (EventType::Purged, _) => None,
        (_, ResourceKind::Model) => {
            let read = client.get_model(ModelId::new(&event.resource_id)).view(ModelView::Basic).send().await.unwrap();
            Some(Resource::Model(Box::new(read)))
        }
        (_, ResourceKind::Release) => {
            let read = client.get_release(ReleaseRef::by_id(&event.resource_id)).view(ReleaseView::Basic).send().await.unwrap();
            Some(Resource::Release(Box::new(read)))
        }
        (_, ResourceKind::Deployment) => {
            let read = client.get_deployment(DeploymentId::new(&event.resource_id)).send().await.unwrap();
            Some(Resource::Deployment(Box::new(Deployment { metadata: None, ..read })))
        }
        (event_type, ResourceKind::ReleaseAlias) => {
            let aliases = match event_type {
                EventType::Deleted => stock.aliases.clone(),
                _ => client.list_release_aliases().model(ModelId::new(&event.model_id)).send().await.unwrap().items,
            };
            let alias = aliases.into_iter().find(|alias| event.resource_id == format!("{}/{}", alias.model_id, alias.alias));
            Some(Resource::ReleaseAlias(Box::new(alias.expect("the alias"))))
        }
        (_, ResourceKind::Artifact) => {
            let read = client.get_artifact(&*event.resource_id).send().await.unwrap();
            Some(Resource::Artifact(Box::new(Artifact { metadata: None, ..read })))
        }
        (_, ResourceKind::Unspecified | ResourceKind::ApiKey) => panic!("an event of nothing: {event:?}"),
    }
}

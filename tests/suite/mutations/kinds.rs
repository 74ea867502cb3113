//! Every way to change a resource, each ready to be done on a stock of its own.

use registry_client::{Artifact, Deployment, Error, Method, Model, Release, ReleaseAlias, TrainingMetadata};
use registry_tests::{Harness, given};

/// A way to change resources. A method that does two different things has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
    CreateModel,
    BatchCreateModels,
    UpdateModel,
    RenameModel,
    DeleteModel,
    UndeleteModel,
    PurgeModel,
    CreateRelease,
    BatchCreateReleases,
    UpdateRelease,
    TransitionRelease,
    DeleteRelease,
    UndeleteRelease,
    PurgeRelease,
    CreateAlias,
    MoveAlias,
    DeleteAlias,
    CreateArtifact,
    UpdateArtifact,
    DeleteArtifact,
    UploadArtifact,
    CreateDeployment,
    UpdateDeployment,
    TransitionDeployment,
}

/// The changes that a method can make. A method that is not here does not compile.
pub(super) const fn of(method: Method) -> &'static [Mutation] {
    match method {
        Method::CreateModel => &[Mutation::CreateModel],
        Method::BatchCreateModels => &[Mutation::BatchCreateModels],
        Method::UpdateModel => &[Mutation::UpdateModel],
        Method::RenameModel => &[Mutation::RenameModel],
        Method::DeleteModel => &[Mutation::DeleteModel],
        Method::UndeleteModel => &[Mutation::UndeleteModel],
        Method::PurgeModel => &[Mutation::PurgeModel],
        Method::CreateRelease => &[Mutation::CreateRelease],
        Method::BatchCreateReleases => &[Mutation::BatchCreateReleases],
        Method::UpdateRelease => &[Mutation::UpdateRelease],
        Method::TransitionRelease => &[Mutation::TransitionRelease],
        Method::DeleteRelease => &[Mutation::DeleteRelease],
        Method::UndeleteRelease => &[Mutation::UndeleteRelease],
        Method::PurgeRelease => &[Mutation::PurgeRelease],
        Method::SetReleaseAlias => &[Mutation::CreateAlias, Mutation::MoveAlias],
        Method::DeleteReleaseAlias => &[Mutation::DeleteAlias],
        Method::CreateArtifact => &[Mutation::CreateArtifact],
        Method::UpdateArtifact => &[Mutation::UpdateArtifact],
        Method::DeleteArtifact => &[Mutation::DeleteArtifact],
        Method::UploadArtifact => &[Mutation::UploadArtifact],
        Method::CreateDeployment => &[Mutation::CreateDeployment],
        Method::UpdateDeployment => &[Mutation::UpdateDeployment],
        Method::TransitionDeployment => &[Mutation::TransitionDeployment],
        Method::GetModel
        | Method::BatchGetModels
        | Method::ListModels
        | Method::GetRelease
        | Method::BatchGetReleases
        | Method::ListReleases
        | Method::ResolveRelease
        | Method::BatchResolveReleases
        | Method::ListReleaseAliases
        | Method::ListReleaseAliasHistory
        | Method::GetArtifact
        | Method::ListArtifacts
        | Method::DownloadArtifact
        | Method::GetDeployment
        | Method::ListDeployments
        | Method::GetServerInfo
        | Method::Watch
        | Method::ListEvents
        | Method::GetApiKey
        | Method::GetCallerApiKey
        | Method::ListApiKeys
        | Method::ListAuditEntries
        // They change keys, whose changes are no events.
        | Method::CreateApiKey
        | Method::UpdateApiKey
        | Method::TransitionApiKey
        | Method::RotateApiKey
        // Forgets events, and changes no resource.
        | Method::CompactEvents
        | Method::Export
        // Makes what the others make, many at a time: its tests are in `moving`.
        | Method::Import => &[],
    }
}

/// What a mutation finds.
pub(super) struct Stock {
    /// What its names begin with.
    pub(super) name: String,
    /// A model, live, with `one`, `two` and `deleted`.
    pub(super) model: Model,
    /// A live release, with the aliases "a" and "b".
    pub(super) one: Release,
    /// A live release without an alias.
    pub(super) two: Release,
    /// A deleted release, and a deployment of it that has ended.
    pub(super) deleted: Release,
    pub(super) ended: Deployment,
    /// A model that was deleted with two releases, of which an alias points to the first, and the second has run.
    pub(super) gone: Model,
    pub(super) gone_with_it: Vec<Release>,
    pub(super) ended_with_it: Deployment,
    /// A deployment that runs: of a release of a model of its own, which cannot be deleted because of it.
    pub(super) running: Deployment,
    /// "a" and "b", as they are.
    pub(super) aliases: Vec<ReleaseAlias>,
    /// Of the model as a whole, and of `one`.
    pub(super) files: [Artifact; 2],
    /// What was deleted with `deleted`.
    pub(super) file_deleted: Artifact,
    /// What was deleted with `gone`: a file of its own, and one of the first of its releases.
    pub(super) files_gone: [Artifact; 2],
}

impl Stock {
    /// Under names of its own.
    pub(super) async fn of(registry: &Harness, mutation: Mutation, round: &str) -> Self {
        let client = &registry.client;
        let name = format!("{mutation:?}-{round}");
        let create = client.create_model(&name, "/m").tags(["t"]).label("k", "v").metadata(serde_json::json!({"large": true}));
        let model = create.description("d").training(training(1)).send().await.expect("a model");
        let [one, two, deleted]: [Release; 3] = given::releases(registry, &name, 1..=3).await.try_into().expect("three");
        let aliases = vec![given::alias(registry, &one, "a").await, given::alias(registry, &one, "b").await];
        let file_deleted = given::artifact(registry, &deleted, "file").await;
        let ended = given::terminated(registry, &deleted, "staging").await;
        client.delete_release(&deleted).send().await.expect("a deleted release");
        let files = [given::artifact(registry, &model, "file").await, given::artifact(registry, &one, "file").await];
        let gone = given::model(registry, &format!("{name}/gone")).await;
        let gone_with_it = given::releases(registry, &gone.name, 1..=2).await;
        given::alias(registry, &gone_with_it[0], "hidden").await;
        let files_gone =
            [given::artifact(registry, &gone, "file").await, given::artifact(registry, &gone_with_it[0], "file").await];
        let ended_with_it = given::terminated(registry, &gone_with_it[1], "staging").await;
        client.delete_model(&gone).force().send().await.expect("a deleted model");
        let deployed = given::model(registry, &format!("{name}/deployed")).await;
        let deployed = given::release(registry, &deployed.name, "1").await;
        let running = client.create_deployment(&deployed, "production").metadata(serde_json::json!({"large": true}));
        let running = running.send().await.expect("a deployment");
        Self {
            name,
            model,
            one,
            two,
            deleted,
            ended,
            gone,
            gone_with_it,
            ended_with_it,
            running,
            aliases,
            files,
            file_deleted,
            files_gone,
        }
    }

    /// The names of what is created.
    pub(super) fn new_names(&self) -> [String; 2] {
        [format!("{}/new-1", self.name), format!("{}/new-2", self.name)]
    }
}

fn training(gpu_count: i32) -> TrainingMetadata {
    TrainingMetadata { gpu_count: Some(gpu_count), ..TrainingMetadata::default() }
}

/// Does it, under a request id.
pub(super) async fn act(registry: &Harness, stock: &Stock, mutation: Mutation, id: &str) -> Result<(), Error> {
    let client = &registry.client;
    let Stock { model, one, two, deleted, gone, running, files: [_, file], .. } = stock;
    let [first, second] = stock.new_names();
    let release = |version: &str| client.create_release(model, version).digest(given::digest(1)).label("k", "v");
    match mutation {
        Mutation::CreateModel => drop(client.create_model(first, "/m").tags(["t"]).request_id(id).send().await?),
        Mutation::BatchCreateModels => {
            let batch = [first, second].map(|name| client.create_model(name, "/m").label("k", "v"));
            drop(client.batch_create_models(batch).request_id(id).send().await?);
        }
        Mutation::UpdateModel => {
            let update = client.update_model(model).storage_path("/new").description("new").tags(["u"]).labels([("k", "w")]);
            drop(update.request_id(id).send().await?);
        }
        Mutation::RenameModel => drop(client.rename_model(model, first).request_id(id).send().await?),
        Mutation::DeleteModel => drop(client.delete_model(model).force().request_id(id).send().await?),
        Mutation::UndeleteModel => drop(client.undelete_model(gone).request_id(id).send().await?),
        Mutation::PurgeModel => drop(client.purge_model(gone).request_id(id).send().await?),
        Mutation::CreateRelease => drop(release("new-1").request_id(id).send().await?),
        Mutation::BatchCreateReleases => {
            drop(client.batch_create_releases([release("new-1"), release("new-2")]).request_id(id).send().await?);
        }
        Mutation::UpdateRelease => {
            let update = client.update_release(one).release_notes("new").labels([("k", "w")]);
            let update = update.metadata(serde_json::json!({"large": true})).training(training(2));
            drop(update.request_id(id).send().await?);
        }
        Mutation::TransitionRelease => drop(client.deprecate_release(two).reason("why").request_id(id).send().await?),
        Mutation::DeleteRelease => drop(client.delete_release(one).force().request_id(id).send().await?),
        Mutation::UndeleteRelease => drop(client.undelete_release(deleted).request_id(id).send().await?),
        Mutation::PurgeRelease => drop(client.purge_release(deleted).request_id(id).send().await?),
        Mutation::CreateAlias => drop(client.set_release_alias(two, "new").request_id(id).send().await?),
        Mutation::MoveAlias => drop(client.set_release_alias(two, "a").request_id(id).send().await?),
        Mutation::DeleteAlias => {
            client.delete_release_alias(model, "a").request_id(id).send().await?;
        }
        Mutation::CreateArtifact => {
            let path = format!("/{}", stock.name);
            drop(given::wheel(client, two, "new").file_path(path).request_id(id).send().await?);
        }
        Mutation::UpdateArtifact => {
            let update = client.update_artifact(file).size_bytes(8).clear_python_version().platform("any");
            drop(update.metadata(serde_json::json!({"large": true})).request_id(id).send().await?);
        }
        Mutation::DeleteArtifact => drop(client.delete_artifact(file).request_id(id).send().await?),
        Mutation::UploadArtifact => drop(client.upload_artifact(two, "new").request_id(id).send_bytes("new").await?),
        Mutation::CreateDeployment => drop(client.create_deployment(two, "production").request_id(id).send().await?),
        Mutation::UpdateDeployment => {
            let update = client.update_deployment(running).cluster("new").replicas(2).gpu_enabled(true).clear_deployed_by();
            drop(update.metadata(serde_json::json!({"larger": true})).request_id(id).send().await?);
        }
        Mutation::TransitionDeployment => {
            drop(client.terminate_deployment(running).reason("why").request_id(id).send().await?);
        }
    }
    Ok(())
}

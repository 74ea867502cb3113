//! For every method: the calls that refer to something, in every way that a request has. A new method does not compile here
//! until it is said how it refers to models.

use super::target::{ALIAS, ENVIRONMENT, Target, VERSION};
use prost::Message;
use prost_types::FieldMask;
use registry_client::{ArtifactParent, Client, Error, EventFilter, Method, Rpc, pb};
use registry_tests::watching;

/// What is known of a method.
#[derive(Debug)]
pub(super) enum Told {
    /// Only admins may call it, and they have no prefixes.
    ForAdmins,
    /// Its requests refer to no model that could be outside; to create one is another matter (`names.rs`).
    RefersToNothing,
    /// These answers came, as bytes.
    Answers(Vec<Vec<u8>>),
}

/// The answer to a call as bytes: the message, or everything that the status says. (Its details as they are read: the facts are
/// a map, which is encoded in any order.)
async fn answer<R: Rpc>(client: &Client, request: R) -> Vec<u8> {
    answered(client.call(request).send().await.map(|answer| answer.encode_to_vec()))
}

fn answered(answer: Result<Vec<u8>, Error>) -> Vec<u8> {
    match answer {
        Ok(answer) => answer,
        Err(error) => {
            let details = error.status().expect("a status of the registry").details().len();
            let said = (error.code(), error.message(), error.reason_name(), error.metadata(), error.resource());
            format!("{said:?} {:?} {:?} {details}", error.violations(), error.blockers()).into_bytes()
        }
    }
}

async fn answers<R: Rpc>(client: &Client, requests: impl IntoIterator<Item = R>) -> Told {
    let mut answers = Vec::new();
    for request in requests {
        answers.push(answer(client, request).await);
    }
    Told::Answers(answers)
}

fn mask(path: &str) -> Option<FieldMask> {
    Some(FieldMask { paths: vec![path.to_owned()] })
}

/// Calls a method with every reference to the target; `own` is there for the caller.
#[expect(clippy::too_many_lines, reason = "one arm for each method of the contract")]
pub(super) async fn call(client: &Client, method: Method, own: &Target, target: &Target) -> Told {
    match method {
        Method::CreateModel | Method::BatchCreateModels | Method::GetServerInfo | Method::GetCallerApiKey => {
            Told::RefersToNothing
        }
        Method::GetModel => answers(client, target.models().map(|model_ref| pb::GetModelRequest { model_ref, view: 0 })).await,
        Method::BatchGetModels => {
            let with_own = |model_ref| own.models().into_iter().chain([model_ref]).flatten().collect();
            answers(client, target.models().map(|model| pb::BatchGetModelsRequest { model_refs: with_own(model), view: 0 })).await
        }
        Method::ListModels => {
            let filters = [
                pb::ModelFilter { name_prefix: target.name.clone(), ..Default::default() },
                pb::ModelFilter { text_query: target.name.clone(), ..Default::default() },
            ];
            let list = |filter| pb::ListModelsRequest {
                filter: Some(filter),
                show_deleted: true,
                include_total_size: true,
                ..Default::default()
            };
            answers(client, filters.map(list)).await
        }
        Method::UpdateModel => {
            let model = || Some(pb::Model { description: Some("mine now".into()), ..Default::default() });
            let update = |model_ref| pb::UpdateModelRequest {
                model_ref,
                model: model(),
                update_mask: mask("description"),
                ..Default::default()
            };
            answers(client, target.models().map(update)).await
        }
        Method::RenameModel => {
            let new_name = format!("{}-mine", own.name);
            let rename = |model_ref| pb::RenameModelRequest { model_ref, new_name: new_name.clone(), ..Default::default() };
            answers(client, target.models().map(rename)).await
        }
        Method::DeleteModel => {
            let delete = |model_ref, force, allow_missing, validate_only| pb::DeleteModelRequest {
                model_ref,
                force,
                allow_missing,
                validate_only,
                ..Default::default()
            };
            let ways = [(false, false, false), (true, false, false), (true, true, true), (true, true, false)];
            let each = ways.map(|(force, missing, dry)| target.models().map(|model| delete(model, force, missing, dry)));
            answers(client, each.concat()).await
        }
        Method::UndeleteModel => {
            answers(client, target.models().map(|model_ref| pb::UndeleteModelRequest { model_ref, ..Default::default() })).await
        }
        Method::CreateRelease => answers(client, new_releases(own, target)).await,
        Method::BatchCreateReleases => {
            let batch = |request| pb::BatchCreateReleasesRequest { requests: vec![request], ..Default::default() };
            answers(client, new_releases(own, target).map(batch)).await
        }
        Method::GetRelease => {
            answers(client, target.releases().map(|release_ref| pb::GetReleaseRequest { release_ref, view: 0 })).await
        }
        Method::BatchGetReleases => {
            let with_own = |release_ref| own.releases().into_iter().chain([release_ref]).flatten().collect();
            let get = |release| pb::BatchGetReleasesRequest { release_refs: with_own(release), view: 0 };
            answers(client, target.releases().map(get)).await
        }
        Method::ListReleases => {
            let of_model = |model_ref| pb::ListReleasesRequest { model_ref, show_deleted: true, ..Default::default() };
            let filter = pb::ReleaseFilter { base_release_ids: vec![target.release.clone()], ..Default::default() };
            let derived = pb::ListReleasesRequest { filter: Some(filter), include_total_size: true, ..Default::default() };
            answers(client, target.models().map(of_model).into_iter().chain([derived])).await
        }
        Method::ResolveRelease => answers(client, references(target)).await,
        Method::BatchResolveReleases => answers(client, [pb::BatchResolveReleasesRequest { requests: references(target) }]).await,
        Method::UpdateRelease => {
            let release = || Some(pb::Release { release_notes: Some("mine now".into()), ..Default::default() });
            let update = |release_ref| pb::UpdateReleaseRequest {
                release_ref,
                release: release(),
                update_mask: mask("release_notes"),
                ..Default::default()
            };
            answers(client, target.releases().map(update)).await
        }
        Method::TransitionRelease => {
            let target_state = pb::ReleaseState::Deprecated.into();
            let step = |release_ref| pb::TransitionReleaseRequest { release_ref, target_state, ..Default::default() };
            answers(client, target.releases().map(step)).await
        }
        Method::DeleteRelease => {
            let delete = |release_ref, force, allow_missing| pb::DeleteReleaseRequest {
                release_ref,
                force,
                allow_missing,
                ..Default::default()
            };
            let ways = [(false, false), (true, false), (true, true)];
            answers(
                client,
                ways.map(|(force, missing)| target.releases().map(|release| delete(release, force, missing))).concat(),
            )
            .await
        }
        Method::UndeleteRelease => {
            answers(client, target.releases().map(|release_ref| pb::UndeleteReleaseRequest { release_ref, ..Default::default() }))
                .await
        }
        Method::SetReleaseAlias => {
            use pb::set_release_alias_request::Precondition::ExpectedReleaseId;
            let set = |release_ref| pb::SetReleaseAliasRequest { release_ref, alias: "taken".into(), ..Default::default() };
            let expecting = pb::SetReleaseAliasRequest {
                release_ref: own.releases()[0].clone(),
                alias: ALIAS.into(),
                precondition: Some(ExpectedReleaseId(target.release.clone())),
                ..Default::default()
            };
            answers(client, target.releases().map(set).into_iter().chain([expecting])).await
        }
        Method::DeleteReleaseAlias => {
            let delete = |model_ref, allow_missing| pb::DeleteReleaseAliasRequest {
                model_ref,
                alias: ALIAS.into(),
                allow_missing,
                ..Default::default()
            };
            let expecting = pb::DeleteReleaseAliasRequest {
                expected_release_id: target.release.clone(),
                ..delete(own.models()[0].clone(), false)
            };
            let each = [false, true].map(|missing| target.models().map(|model| delete(model, missing))).concat();
            answers(client, each.into_iter().chain([expecting])).await
        }
        Method::ListReleaseAliases => {
            let of_model = |model_ref| pb::ListReleaseAliasesRequest { model_ref, ..Default::default() };
            let of_release = |release_ref| pb::ListReleaseAliasesRequest { release_ref, ..Default::default() };
            let releases = target.releases().map(of_release);
            answers(client, target.models().map(of_model).into_iter().chain(releases)).await
        }
        Method::ListReleaseAliasHistory => {
            let history = |model_ref| pb::ListReleaseAliasHistoryRequest { model_ref, alias: ALIAS.into(), ..Default::default() };
            answers(client, target.models().map(history)).await
        }
        Method::CreateArtifact => answers(client, new_artifacts(target)).await,
        Method::GetArtifact => answers(client, [pb::GetArtifactRequest { artifact_id: target.artifact.clone() }]).await,
        Method::ListArtifacts => {
            let list = pb::ListArtifactsRequest { show_deleted: true, include_total_size: true, ..Default::default() };
            let of_model = |model_ref| pb::ListArtifactsRequest { model_ref, ..list.clone() };
            let of_release = |release_ref| pb::ListArtifactsRequest { release_ref, ..list.clone() };
            let both =
                pb::ListArtifactsRequest { model_ref: own.models()[0].clone(), ..of_release(target.releases()[0].clone()) };
            let releases = target.releases().map(of_release);
            answers(client, target.models().map(of_model).into_iter().chain(releases).chain([both])).await
        }
        Method::UpdateArtifact => {
            let artifact = Some(pb::Artifact { platform: Some("mine now".into()), ..Default::default() });
            let (artifact_id, update_mask) = (target.artifact.clone(), mask("platform"));
            answers(client, [pb::UpdateArtifactRequest { artifact_id, artifact, update_mask, ..Default::default() }]).await
        }
        Method::DeleteArtifact => {
            let artifact_id = || target.artifact.clone();
            let delete =
                |allow_missing| pb::DeleteArtifactRequest { artifact_id: artifact_id(), allow_missing, ..Default::default() };
            answers(client, [false, true].map(delete)).await
        }
        Method::UploadArtifact => {
            let mut answers = Vec::new();
            for parent in parents(target) {
                let upload = client.upload_artifact_from(parent, new_file(target)).send_bytes("mine").await;
                answers.push(answered(upload.map(|artifact| artifact.encode_to_vec())));
            }
            Told::Answers(answers)
        }
        Method::DownloadArtifact => {
            Told::Answers(vec![answered(client.download_artifact(&*target.artifact).bytes().await.map(|bytes| bytes.to_vec()))])
        }
        Method::CreateDeployment => {
            let deployment = || Some(pb::Deployment { environment: ENVIRONMENT.into(), ..Default::default() });
            let create =
                |release_ref| pb::CreateDeploymentRequest { release_ref, deployment: deployment(), ..Default::default() };
            answers(client, target.releases().map(create)).await
        }
        Method::GetDeployment => answers(client, [pb::GetDeploymentRequest { deployment_id: target.deployment.clone() }]).await,
        Method::ListDeployments => {
            let of_model = |model_ref| pb::ListDeploymentsRequest { model_ref, include_total_size: true, ..Default::default() };
            let of_release = |release_ref| pb::ListDeploymentsRequest { release_ref, ..Default::default() };
            let releases = target.releases().map(of_release);
            answers(client, target.models().map(of_model).into_iter().chain(releases)).await
        }
        Method::UpdateDeployment => {
            let request = pb::UpdateDeploymentRequest {
                deployment_id: target.deployment.clone(),
                deployment: Some(pb::Deployment { cluster: Some("mine now".into()), ..Default::default() }),
                update_mask: mask("cluster"),
                ..Default::default()
            };
            answers(client, [request]).await
        }
        Method::TransitionDeployment => {
            let step = |state: pb::DeploymentState| pb::TransitionDeploymentRequest {
                deployment_id: target.deployment.clone(),
                target_state: state.into(),
                ..Default::default()
            };
            answers(client, [pb::DeploymentState::Running, pb::DeploymentState::Terminated].map(step)).await
        }
        Method::Watch => {
            let request = pb::WatchRequest { filter: of_model(target), include_resource: true, ..watching::after(0) };
            let mut watcher = watching::watch(client, request).await;
            let events = watcher.through(watcher.started.current_revision).await;
            Told::Answers(vec![pb::watch_response::Events { events }.encode_to_vec()])
        }
        Method::ListEvents => {
            let request = pb::ListEventsRequest { filter: of_model(target), include_resource: true, ..Default::default() };
            answers(client, [request]).await
        }
        Method::PurgeModel
        | Method::PurgeRelease
        | Method::CompactEvents
        | Method::CreateApiKey
        | Method::GetApiKey
        | Method::ListApiKeys
        | Method::UpdateApiKey
        | Method::TransitionApiKey
        | Method::RotateApiKey
        | Method::ListAuditEntries
        | Method::Import
        | Method::Export => Told::ForAdmins,
    }
}

fn of_model(target: &Target) -> Option<EventFilter> {
    Some(EventFilter { model_ids: vec![target.model.clone()], ..Default::default() })
}

/// New releases of the target, and one of the caller's own that names the target as its base.
fn new_releases(own: &Target, target: &Target) -> impl Iterator<Item = pb::CreateReleaseRequest> + use<> {
    let release = |base_release_id| pb::Release {
        version: "2.0.0".into(),
        digest: Some(registry_tests::given::digest(2)),
        base_release_id,
        ..Default::default()
    };
    let derived = release(Some(target.release.clone()));
    let of = |model_ref, release| pb::CreateReleaseRequest { model_ref, release: Some(release), ..Default::default() };
    let of_target = target.models().map(|model| of(model, release(None)));
    of_target.into_iter().chain([of(own.models()[0].clone(), derived)])
}

/// New artifacts of the target, at paths that nothing else has.
fn new_artifacts(target: &Target) -> Vec<pb::CreateArtifactRequest> {
    use pb::create_artifact_request::Parent;
    let artifact = pb::Artifact {
        name: "mine".into(),
        artifact_type: "file".into(),
        file_path: format!("/{}", target.artifact),
        size_bytes: Some(1),
        checksum: registry_tests::given::digest(2),
        ..Default::default()
    };
    let models = target.models().into_iter().flatten().map(Parent::ModelRef);
    let parents = models.chain(target.releases().into_iter().flatten().map(Parent::ReleaseRef));
    let new = |parent| pb::CreateArtifactRequest { parent: Some(parent), artifact: Some(artifact.clone()), ..Default::default() };
    parents.map(new).collect()
}

/// What an artifact of the target could belong to.
fn parents(target: &Target) -> Vec<ArtifactParent> {
    let models = target.models().into_iter().flatten().map(|model| ArtifactParent::Model(model.into()));
    models.chain(target.releases().into_iter().flatten().map(|release| ArtifactParent::Release(release.into()))).collect()
}

fn new_file(target: &Target) -> pb::Artifact {
    let file_path = format!("/uploaded/{}", target.artifact);
    pb::Artifact { name: "uploaded".into(), artifact_type: "file".into(), file_path, ..Default::default() }
}

/// Every way to ask for a release of the target.
fn references(target: &Target) -> Vec<pb::ResolveReleaseRequest> {
    use pb::resolve_release_request::{Latest, Selector};
    let selectors = [
        (Selector::Alias(ALIAS.into()), None),
        (Selector::Alias(ALIAS.into()), Some(registry_tests::given::time(0))),
        (Selector::Alias("no-such-alias".into()), None),
        (Selector::Version(VERSION.into()), None),
        (Selector::Tag(VERSION.into()), None),
        (Selector::Digest(registry_tests::given::digest(1)), None),
        (Selector::Latest(Latest {}), None),
        (Selector::Number(1), None),
        (Selector::Requirement("^1".into()), None),
    ];
    let of_model = |model_ref: Option<pb::ModelRef>, environment: Option<&str>| {
        selectors.clone().map(|(selector, as_of_time)| pb::ResolveReleaseRequest {
            model_ref: model_ref.clone(),
            selector: Some(selector),
            environment: environment.map(Into::into),
            as_of_time,
            ..Default::default()
        })
    };
    let environments = [None, Some(ENVIRONMENT), Some("nowhere")];
    environments.map(|environment| target.models().map(|model| of_model(model, environment)).concat()).concat()
}

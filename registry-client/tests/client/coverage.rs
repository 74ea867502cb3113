//! Every RPC of the contract has a method of the client.

use registry_client::{Client, DeploymentId, Error, Idempotency, Method, ReleaseKey, ReleaseQuery, ReleaseRef, ReleaseState};

use crate::fake::Fake;

const KEY: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

fn release() -> ReleaseKey {
    ReleaseRef::key("iris", "1.0")
}

fn deployment() -> DeploymentId {
    DeploymentId::new(KEY)
}

/// A new RPC does not compile here until the client has a method for it.
pub async fn call(client: &Client, method: Method) -> Result<(), Error> {
    match method {
        Method::CreateModel => client.create_model("iris", "/models/iris").send().await.map(drop),
        Method::GetModel => client.get_model("iris").send().await.map(drop),
        Method::BatchGetModels => client.batch_get_models(["iris"]).send().await.map(drop),
        Method::ListModels => client.list_models().send().await.map(drop),
        Method::UpdateModel => client.update_model("iris").clear_task().send().await.map(drop),
        Method::CreateRelease => client.create_release("iris", "1.0").send().await.map(drop),
        Method::GetRelease => client.get_release(release()).send().await.map(drop),
        Method::BatchGetReleases => client.batch_get_releases([release()]).send().await.map(drop),
        Method::ListReleases => client.list_releases().send().await.map(drop),
        Method::ResolveRelease => client.resolve_release("iris").latest().send().await.map(drop),
        Method::BatchResolveReleases => client.batch_resolve_releases([ReleaseQuery::of("iris").latest()]).send().await.map(drop),
        Method::UpdateRelease => client.update_release(release()).clear_metadata().send().await.map(drop),
        Method::TransitionRelease => client.transition_release(release(), ReleaseState::Yanked).send().await.map(drop),
        Method::GetServerInfo => client.server_info().send().await.map(drop),
        Method::RenameModel => client.rename_model("iris", "lily").send().await.map(drop),
        Method::DeleteModel => client.delete_model("iris").send().await.map(drop),
        Method::UndeleteModel => client.undelete_model("iris").send().await.map(drop),
        Method::PurgeModel => client.purge_model("iris").send().await.map(drop),
        Method::BatchCreateModels => client.batch_create_models([client.create_model("iris", "/iris")]).send().await.map(drop),
        Method::DeleteRelease => client.delete_release(release()).send().await.map(drop),
        Method::UndeleteRelease => client.undelete_release(release()).send().await.map(drop),
        Method::PurgeRelease => client.purge_release(release()).send().await.map(drop),
        Method::BatchCreateReleases => {
            client.batch_create_releases([client.create_release("iris", "1.0")]).send().await.map(drop)
        }
        Method::SetReleaseAlias => client.set_release_alias(release(), "production").send().await.map(drop),
        Method::DeleteReleaseAlias => client.delete_release_alias("iris", "production").send().await.map(drop),
        Method::ListReleaseAliases => client.list_release_aliases().send().await.map(drop),
        Method::ListReleaseAliasHistory => client.list_release_alias_history("iris", "production").send().await.map(drop),
        Method::CreateArtifact => client.create_artifact(release(), "iris.whl").send().await.map(drop),
        Method::GetArtifact => client.get_artifact(KEY).send().await.map(drop),
        Method::ListArtifacts => client.list_artifacts().send().await.map(drop),
        Method::UpdateArtifact => client.update_artifact(KEY).clear_platform().send().await.map(drop),
        Method::DeleteArtifact => client.delete_artifact(KEY).send().await.map(drop),
        Method::UploadArtifact => client.upload_artifact(release(), "iris.whl").send_bytes("iris").await.map(drop),
        Method::DownloadArtifact => client.download_artifact(KEY).bytes().await.map(drop),
        Method::CreateDeployment => client.create_deployment(release(), "production").send().await.map(drop),
        Method::GetDeployment => client.get_deployment(deployment()).send().await.map(drop),
        Method::ListDeployments => client.list_deployments().send().await.map(drop),
        Method::UpdateDeployment => client.update_deployment(deployment()).clear_metadata().send().await.map(drop),
        Method::TransitionDeployment => client.terminate_deployment(deployment()).send().await.map(drop),
        Method::CompactEvents => client.compact_events(1).send().await.map(drop),
        Method::ListEvents => client.list_events().send().await.map(drop),
        Method::CreateApiKey => client.create_api_key("bot").send().await.map(drop),
        Method::GetApiKey => client.get_api_key(KEY).send().await.map(drop),
        Method::GetCallerApiKey => client.get_caller_api_key().send().await.map(drop),
        Method::ListApiKeys => client.list_api_keys().send().await.map(drop),
        Method::UpdateApiKey => client.update_api_key(KEY).clear_description().send().await.map(drop),
        Method::TransitionApiKey => client.revoke_api_key(KEY).send().await.map(drop),
        Method::RotateApiKey => client.rotate_api_key(KEY).send().await.map(drop),
        Method::ListAuditEntries => client.list_audit_entries().send().await.map(drop),
        Method::Watch => panic!("a stream is no call: see watch.rs"),
        Method::Import | Method::Export => panic!("a stream is no call: see moves.rs"),
    }
}

/// The method of the client reaches the method of the server, and what an empty answer lacks is a violation of the contract.
#[tokio::test(start_paused = true)]
async fn every_rpc_has_a_client_method() {
    for &method in Method::ALL {
        if matches!(method, Method::Watch | Method::Import | Method::Export) {
            continue; // It answers with a stream, for which there is no `Rpc`.
        }
        let fake = Fake::new([]);
        let outcome = call(&fake.client, method).await;
        let seen: Vec<_> = fake.seen().iter().map(|seen| seen.method).collect();
        assert_eq!(seen, [method]);
        match method {
            Method::ListModels | Method::ListReleases | Method::ListReleaseAliases | Method::ListReleaseAliasHistory => {
                outcome.unwrap()
            }
            Method::ListArtifacts | Method::ListDeployments | Method::ListApiKeys | Method::ListAuditEntries => outcome.unwrap(),
            Method::GetServerInfo | Method::CompactEvents | Method::ListEvents => outcome.unwrap(),
            _ => {
                let error = outcome.unwrap_err();
                assert!(matches!(error, Error::Protocol(_)), "{error}");
                assert_eq!(error.method(), Some(method));
                assert_eq!(error.outcome_unknown(), method.idempotency() != Idempotency::NoSideEffects, "{error}");
            }
        }
    }
}

/// Clients are shared between tasks, and calls are moved to other threads. Checked by the compiler.
#[test]
fn the_client_is_send_sync_and_static() {
    fn check<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    check::<registry_client::Client>();
    fn send<T: Send>(_: T) {}
    fn futures(client: &registry_client::Client) {
        send(client.get_model("iris").send());
        send(client.list_models().items());
        send(client.list_release_aliases().pages());
        send(client.resolve_release("iris").alias("production").send_resolved());
        send(client.create_model("iris", "/iris").send());
        send(client.watch().stream());
        send(client.export().stream());
        send(client.import(KEY).send(futures::stream::empty()));
        send(client.batch_resolve_releases([ReleaseQuery::of("iris").latest()]).send_with_meta());
    }
    let _ = futures;
}

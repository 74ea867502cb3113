//! Which request belongs to which method and gets which answer: the table of every RPC of the registry, bound to the generated
//! stubs so that the compiler checks it. May not: know builders, retries or deadlines.

use registry_proto::method::Method;
use registry_proto::request;
use registry_proto::v1 as pb;
use tonic::{Request, Response, Status};

use crate::Connection;

/// The largest answer that is accepted: what the server sends at most (4 MiB), and room for its framing.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024 + 64 * 1024;

mod sealed {
    use super::{Connection, Request, Response, Rpc, Status};

    pub trait Dispatch: Sized {
        /// Sends the request once.
        fn dispatch(
            connection: Connection,
            request: Request<Self>,
        ) -> impl Future<Output = Result<Response<<Self as Rpc>::Response>, Status>> + Send
        where
            Self: Rpc;
    }
}

pub(crate) use sealed::Dispatch;

/// A request message of the registry. It knows the method it is for, so that [`Client::call`](crate::Client::call) can send it.
///
/// Implemented for the request messages of all methods that answer once, and only for those.
///
/// ```
/// use registry_client::{Method, Rpc, pb};
///
/// assert_eq!(<pb::GetModelRequest as Rpc>::METHOD, Method::GetModel);
/// ```
pub trait Rpc: request::Request + prost::Message + Clone + Sized + 'static + Dispatch {
    /// The method that takes this request.
    const METHOD: Method;

    /// What the method answers with.
    type Response: prost::Message + Default + 'static;
}

macro_rules! rpcs {
    ($($stub:ident :: $Stub:ident { $($Method:ident = $method:ident($Request:ident) -> $Response:ident;)* })*) => {$($(
        impl Rpc for pb::$Request {
            const METHOD: Method = Method::$Method;
            type Response = pb::$Response;
        }

        impl Dispatch for pb::$Request {
            async fn dispatch(connection: Connection, request: Request<Self>) -> Result<Response<pb::$Response>, Status> {
                pb::$stub::$Stub::new(connection).max_decoding_message_size(MAX_ANSWER_BYTES).$method(request).await
            }
        }
    )*)*};
}

/// The table itself, for everything that is made for each of them.
macro_rules! table {
    ($each:ident) => {
        $each! {
            model_service_client::ModelServiceClient {
                CreateModel = create_model(CreateModelRequest) -> CreateModelResponse;
                GetModel = get_model(GetModelRequest) -> GetModelResponse;
                BatchGetModels = batch_get_models(BatchGetModelsRequest) -> BatchGetModelsResponse;
                ListModels = list_models(ListModelsRequest) -> ListModelsResponse;
                UpdateModel = update_model(UpdateModelRequest) -> UpdateModelResponse;
                RenameModel = rename_model(RenameModelRequest) -> RenameModelResponse;
                DeleteModel = delete_model(DeleteModelRequest) -> DeleteModelResponse;
                UndeleteModel = undelete_model(UndeleteModelRequest) -> UndeleteModelResponse;
                PurgeModel = purge_model(PurgeModelRequest) -> PurgeModelResponse;
                BatchCreateModels = batch_create_models(BatchCreateModelsRequest) -> BatchCreateModelsResponse;
            }
            release_service_client::ReleaseServiceClient {
                CreateRelease = create_release(CreateReleaseRequest) -> CreateReleaseResponse;
                GetRelease = get_release(GetReleaseRequest) -> GetReleaseResponse;
                BatchGetReleases = batch_get_releases(BatchGetReleasesRequest) -> BatchGetReleasesResponse;
                ListReleases = list_releases(ListReleasesRequest) -> ListReleasesResponse;
                ResolveRelease = resolve_release(ResolveReleaseRequest) -> ResolveReleaseResponse;
                BatchResolveReleases = batch_resolve_releases(BatchResolveReleasesRequest) -> BatchResolveReleasesResponse;
                UpdateRelease = update_release(UpdateReleaseRequest) -> UpdateReleaseResponse;
                TransitionRelease = transition_release(TransitionReleaseRequest) -> TransitionReleaseResponse;
                DeleteRelease = delete_release(DeleteReleaseRequest) -> DeleteReleaseResponse;
                UndeleteRelease = undelete_release(UndeleteReleaseRequest) -> UndeleteReleaseResponse;
                PurgeRelease = purge_release(PurgeReleaseRequest) -> PurgeReleaseResponse;
                BatchCreateReleases = batch_create_releases(BatchCreateReleasesRequest) -> BatchCreateReleasesResponse;
                SetReleaseAlias = set_release_alias(SetReleaseAliasRequest) -> SetReleaseAliasResponse;
                DeleteReleaseAlias = delete_release_alias(DeleteReleaseAliasRequest) -> DeleteReleaseAliasResponse;
                ListReleaseAliases = list_release_aliases(ListReleaseAliasesRequest) -> ListReleaseAliasesResponse;
                ListReleaseAliasHistory = list_release_alias_history(ListReleaseAliasHistoryRequest) -> ListReleaseAliasHistoryResponse;
            }
            artifact_service_client::ArtifactServiceClient {
                CreateArtifact = create_artifact(CreateArtifactRequest) -> CreateArtifactResponse;
                GetArtifact = get_artifact(GetArtifactRequest) -> GetArtifactResponse;
                ListArtifacts = list_artifacts(ListArtifactsRequest) -> ListArtifactsResponse;
                UpdateArtifact = update_artifact(UpdateArtifactRequest) -> UpdateArtifactResponse;
                DeleteArtifact = delete_artifact(DeleteArtifactRequest) -> DeleteArtifactResponse;
            }
            deployment_service_client::DeploymentServiceClient {
                CreateDeployment = create_deployment(CreateDeploymentRequest) -> CreateDeploymentResponse;
                GetDeployment = get_deployment(GetDeploymentRequest) -> GetDeploymentResponse;
                ListDeployments = list_deployments(ListDeploymentsRequest) -> ListDeploymentsResponse;
                UpdateDeployment = update_deployment(UpdateDeploymentRequest) -> UpdateDeploymentResponse;
                TransitionDeployment = transition_deployment(TransitionDeploymentRequest) -> TransitionDeploymentResponse;
            }
            system_service_client::SystemServiceClient {
                GetServerInfo = get_server_info(GetServerInfoRequest) -> GetServerInfoResponse;
                CompactEvents = compact_events(CompactEventsRequest) -> CompactEventsResponse;
            }
            api_key_service_client::ApiKeyServiceClient {
                CreateApiKey = create_api_key(CreateApiKeyRequest) -> CreateApiKeyResponse;
                GetApiKey = get_api_key(GetApiKeyRequest) -> GetApiKeyResponse;
                GetCallerApiKey = get_caller_api_key(GetCallerApiKeyRequest) -> GetCallerApiKeyResponse;
                ListApiKeys = list_api_keys(ListApiKeysRequest) -> ListApiKeysResponse;
                UpdateApiKey = update_api_key(UpdateApiKeyRequest) -> UpdateApiKeyResponse;
                TransitionApiKey = transition_api_key(TransitionApiKeyRequest) -> TransitionApiKeyResponse;
                RotateApiKey = rotate_api_key(RotateApiKeyRequest) -> RotateApiKeyResponse;
            }
            audit_service_client::AuditServiceClient {
                ListAuditEntries = list_audit_entries(ListAuditEntriesRequest) -> ListAuditEntriesResponse;
            }
            watch_service_client::WatchServiceClient {
                ListEvents = list_events(ListEventsRequest) -> ListEventsResponse;
            }
        }
    };
}

pub(crate) use table;

table!(rpcs);

//! Which request belongs to which method and gets which answer: the table of every RPC of the registry, bound to the generated
//! stubs so that the compiler checks it. May not: know builders, retries or deadlines.

use registry_proto::method::Method;
use registry_proto::v1 as pb;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

/// The largest answer that is accepted: what the server sends at most (4 MiB), and room for its framing.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024 + 64 * 1024;

mod sealed {
    use super::{Channel, Request, Response, Rpc, Status};

    pub trait Dispatch: Sized {
        /// Sends the request once.
        fn dispatch(
            channel: Channel,
            request: Request<Self>,
        ) -> impl Future<Output = Result<Response<<Self as Rpc>::Response>, Status>> + Send
        where
            Self: Rpc;
    }
}

pub(crate) use sealed::Dispatch;

/// A request message of the registry. It knows the method it is for, so that [`Client::call`](crate::Client::call) can send it.
///
/// Implemented for every request message, and only for those.
///
/// ```
/// use registry_client::{Method, Rpc, pb};
///
/// assert_eq!(<pb::GetModelRequest as Rpc>::METHOD, Method::GetModel);
/// ```
pub trait Rpc: prost::Message + Clone + Sized + 'static + Dispatch {
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
            async fn dispatch(channel: Channel, request: Request<Self>) -> Result<Response<pb::$Response>, Status> {
                pb::$stub::$Stub::new(channel).max_decoding_message_size(MAX_ANSWER_BYTES).$method(request).await
            }
        }
    )*)*};
}

rpcs! {
    model_service_client::ModelServiceClient {
        CreateModel = create_model(CreateModelRequest) -> CreateModelResponse;
        GetModel = get_model(GetModelRequest) -> GetModelResponse;
        BatchGetModels = batch_get_models(BatchGetModelsRequest) -> BatchGetModelsResponse;
        ListModels = list_models(ListModelsRequest) -> ListModelsResponse;
        UpdateModel = update_model(UpdateModelRequest) -> UpdateModelResponse;
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
    }
    system_service_client::SystemServiceClient {
        GetServerInfo = get_server_info(GetServerInfoRequest) -> GetServerInfoResponse;
    }
    watch_service_client::WatchServiceClient {
        ListEvents = list_events(ListEventsRequest) -> ListEventsResponse;
    }
}

//! A registry in this process that answers from a script and remembers what it was asked. Everything runs on one thread and in
//! memory, so that time can be paused: it passes only when nobody has anything to do.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hyper_util::rt::TokioIo;
use prost::Message as _;
use registry_client::pb::upload_artifact_request;
use registry_client::pb::watch_response::{Events, Message, Progress, Started};
use registry_client::{Client, ErrorReason, Event, Method, pb};
use tokio::io::{DuplexStream, copy_bidirectional, duplex};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::metadata::MetadataMap;
use tonic::transport::server::Router;
use tonic::transport::{Endpoint, Server, Uri};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::service_fn;

/// What the registry does with one request.
pub enum Reply {
    /// Answers with an encoded message.
    Message(Vec<u8>),
    /// Answers with an encoded message and these headers.
    WithHeaders(Vec<u8>, MetadataMap),
    /// Fails.
    Fail(Status),
    /// Never answers.
    Hang,
    /// Waits until the other end is used or dropped.
    When(oneshot::Receiver<()>, Box<Self>),
    /// Cuts the connection.
    Cut,
}

impl Reply {
    /// An answer that was read at this revision.
    pub fn at(revision: i64, message: &impl prost::Message) -> Self {
        let mut headers = MetadataMap::new();
        headers.insert("x-registry-revision", revision.into());
        Self::WithHeaders(message.encode_to_vec(), headers)
    }

    pub fn message(message: &impl prost::Message) -> Self {
        Self::Message(message.encode_to_vec())
    }

    /// A status as the registry makes them.
    pub fn fail(code: Code, reason: ErrorReason) -> Self {
        Self::Fail(status(code, reason, &mut ErrorDetails::new()))
    }
}

pub fn status(code: Code, reason: ErrorReason, details: &mut ErrorDetails) -> Status {
    let metadata = [("key".to_owned(), "value".to_owned())];
    details.set_error_info(reason.as_str_name(), "modelregistry", metadata);
    Status::with_error_details(code, "no", details.clone())
}

/// A request as it arrived.
#[derive(Clone)]
pub struct Seen {
    pub method: Method,
    pub metadata: MetadataMap,
    pub at: Instant,
    body: Vec<u8>,
}

#[derive(Clone, Default)]
struct State(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    script: VecDeque<Reply>,
    seen: Vec<Seen>,
    accepted_first: usize,
    refusals: usize,
    unreachable: bool,
    connections: Vec<AbortHandle>,
    watches: VecDeque<Opening>,
    imports: VecDeque<Importing>,
    exports: VecDeque<Exporting>,
}

/// A call of Watch that waits for what is to become of it.
struct Opening {
    request: pb::WatchRequest,
    answer: oneshot::Sender<Result<WatchStream, Status>>,
}

/// A call of Import that waits for what is to become of it.
struct Importing {
    requests: Streaming<pb::ImportRequest>,
    answer: oneshot::Sender<Result<ImportStream, Status>>,
}

type ImportStream = ReceiverStream<Result<pb::ImportResponse, Status>>;

/// A call of Import, from the side of the registry. The stream ends when this is dropped.
pub struct Imported {
    pub options: pb::import_request::Options,
    requests: Streaming<pb::ImportRequest>,
    answers: mpsc::Sender<Result<pb::ImportResponse, Status>>,
}

/// A call of Export that waits for what is to become of it.
struct Exporting {
    request: pb::ExportRequest,
    answer: oneshot::Sender<Result<ExportStream, Status>>,
}

type ExportStream = ReceiverStream<Result<pb::ExportResponse, Status>>;

/// A call of Export, from the side of the registry. The stream ends when this is dropped.
pub struct Exported {
    pub request: pb::ExportRequest,
    messages: mpsc::Sender<Result<pb::ExportResponse, Status>>,
}

type WatchStream = ReceiverStream<Result<pb::WatchResponse, Status>>;

/// A call of Watch, from the side of the registry. The stream ends when this is dropped.
pub struct Watched {
    pub request: pb::WatchRequest,
    messages: mpsc::Sender<Result<pb::WatchResponse, Status>>,
}

/// The server, and a client of it.
pub struct Fake {
    pub client: Client,
    state: State,
}

impl Fake {
    /// A server that answers from the script, and with empty messages when that is used up. Its client connects when it is needed.
    pub fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        let state = State::default();
        state.0.lock().unwrap().script.extend(script);
        let (connect, accept) = mpsc::channel(8);
        tokio::spawn(state.router().serve_with_incoming(ReceiverStream::new(accept).map(Ok::<_, io::Error>)));
        let dial = state.clone();
        let connector = service_fn(move |_: Uri| {
            let (state, connect) = (dial.clone(), connect.clone());
            async move { state.connect(connect).await.map(TokioIo::new) }
        });
        let channel = Endpoint::from_static("http://fake").connect_with_connector_lazy(connector);
        Self { client: Client::from_channel(channel), state }
    }

    /// Refuses so many connections first.
    pub fn refusing(self, connections: usize) -> Self {
        self.state.0.lock().unwrap().refusals = connections;
        self
    }

    /// Accepts the first connection and refuses so many that follow.
    pub fn refusing_later(self, connections: usize) -> Self {
        {
            let mut inner = self.state.0.lock().unwrap();
            (inner.accepted_first, inner.refusals) = (1, connections);
        }
        self
    }

    /// Leaves those who want to connect waiting.
    pub fn unreachable(self) -> Self {
        self.state.0.lock().unwrap().unreachable = true;
        self
    }

    /// Also answers on a port of this machine, and returns the endpoint. Not with paused time, which outruns the network.
    pub async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(self.state.router().serve_with_incoming(TcpListenerStream::new(listener)));
        endpoint
    }

    /// What arrived, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.0.lock().unwrap().seen.clone()
    }

    /// The next call of Watch, which is refused.
    pub async fn refuse_watch(&self, status: Status) -> pb::WatchRequest {
        let Opening { request, answer } = self.opening().await;
        answer.send(Err(status)).ok().unwrap();
        request
    }

    /// The next call of Watch, which is answered with a stream. Nothing is on it yet.
    pub async fn accept_watch(&self) -> Watched {
        let Opening { request, answer } = self.opening().await;
        let (messages, stream) = mpsc::channel(8);
        answer.send(Ok(ReceiverStream::new(stream))).ok().unwrap();
        Watched { request, messages }
    }

    async fn opening(&self) -> Opening {
        self.opened(|inner| inner.watches.pop_front()).await
    }

    /// The next call of Import, whose options are taken and not answered yet.
    pub async fn accept_import(&self) -> Imported {
        let Importing { mut requests, answer } = self.opened(|inner| inner.imports.pop_front()).await;
        let (answers, stream) = mpsc::channel(8);
        answer.send(Ok(ReceiverStream::new(stream))).ok().unwrap();
        match requests.message().await.unwrap().unwrap().message {
            Some(pb::import_request::Message::Options(options)) => Imported { options, requests, answers },
            other => panic!("an import begins with {other:?}"),
        }
    }

    /// The next call of Import, which is refused.
    pub async fn refuse_import(&self, status: Status) {
        let Importing { requests: _, answer } = self.opened(|inner| inner.imports.pop_front()).await;
        answer.send(Err(status)).ok().unwrap();
    }

    /// The next call of Export, which is answered with a stream. Nothing is on it yet.
    pub async fn accept_export(&self) -> Exported {
        let Exporting { request, answer } = self.opened(|inner| inner.exports.pop_front()).await;
        let (messages, stream) = mpsc::channel(8);
        answer.send(Ok(ReceiverStream::new(stream))).ok().unwrap();
        Exported { request, messages }
    }

    async fn opened<T>(&self, take: impl Fn(&mut Inner) -> Option<T>) -> T {
        loop {
            let opened = take(&mut self.state.0.lock().unwrap());
            match opened {
                Some(opened) => return opened,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.state.cut();
    }

    /// The only request that arrived.
    pub fn only<M: prost::Message + Default>(&self) -> M {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "not exactly one request arrived");
        seen[0].message()
    }
}

impl Watched {
    pub async fn send(&self, message: Message) {
        self.messages.send(Ok(pb::WatchResponse { message: Some(message) })).await.unwrap();
    }

    pub async fn start(self, after_revision: i64, current_revision: i64) -> Self {
        self.send(Message::Started(Started { after_revision, current_revision, compacted_revision: 0 })).await;
        self
    }

    pub async fn events(&self, events: impl IntoIterator<Item = Event>) {
        self.send(Message::Events(Events { events: events.into_iter().collect() })).await;
    }

    pub async fn progress(&self, revision: i64) {
        self.send(Message::Progress(Progress { revision })).await;
    }

    /// Ends the stream.
    pub async fn fail(self, status: Status) {
        self.messages.send(Err(status)).await.unwrap();
    }

    /// Waits until the client has given the call up.
    pub async fn cancelled(self) {
        self.messages.closed().await;
    }
}

impl Imported {
    /// The next items, and the number of the first. None when there are no more.
    pub async fn items(&mut self) -> Option<pb::import_request::Items> {
        match self.requests.message().await.unwrap()?.message {
            Some(pb::import_request::Message::Items(items)) => Some(items),
            other => panic!("items are followed by {other:?}"),
        }
    }

    pub async fn answer(&self, answer: pb::ImportResponse) {
        self.answers.send(Ok(answer)).await.unwrap();
    }

    /// Every item up to this one was created, so many of them now.
    pub async fn acknowledge(&self, acknowledged_sequence: i64, created_count: i64) {
        self.answer(pb::ImportResponse { acknowledged_sequence, created_count, ..Default::default() }).await;
    }

    /// Ends the stream.
    pub async fn fail(self, status: Status) {
        self.answers.send(Err(status)).await.unwrap();
    }
}

impl Exported {
    pub async fn send(&self, message: pb::ExportResponse) {
        self.messages.send(Ok(message)).await.unwrap();
    }

    /// Ends the stream.
    pub async fn fail(self, status: Status) {
        self.messages.send(Err(status)).await.unwrap();
    }
}

/// What all requests that write have in common, but for the first message of an upload.
#[derive(prost::Message)]
struct Written {
    #[prost(string, tag = "15")]
    request_id: String,
}

impl Seen {
    /// The id of the change that is asked for; empty if there is none.
    pub fn request_id(&self) -> String {
        match self.method {
            Method::UploadArtifact => match self.message::<pb::UploadArtifactRequest>().message {
                Some(upload_artifact_request::Message::Start(start)) => start.request_id,
                other => panic!("an upload begins with {other:?}"),
            },
            _ => self.message::<Written>().request_id,
        }
    }

    pub fn message<M: prost::Message + Default>(&self) -> M {
        M::decode(&*self.body).unwrap()
    }
}

impl State {
    fn router(&self) -> Router {
        Server::builder()
            .add_service(pb::model_service_server::ModelServiceServer::new(self.clone()))
            .add_service(pb::release_service_server::ReleaseServiceServer::new(self.clone()))
            .add_service(pb::artifact_service_server::ArtifactServiceServer::new(self.clone()))
            .add_service(pb::deployment_service_server::DeploymentServiceServer::new(self.clone()))
            .add_service(pb::system_service_server::SystemServiceServer::new(self.clone()))
            .add_service(pb::api_key_service_server::ApiKeyServiceServer::new(self.clone()))
            .add_service(pb::audit_service_server::AuditServiceServer::new(self.clone()))
            .add_service(pb::watch_service_server::WatchServiceServer::new(self.clone()))
            .add_service(pb::transfer_service_server::TransferServiceServer::new(self.clone()))
    }

    /// A connection that can be cut in the middle.
    async fn connect(&self, accept: mpsc::Sender<DuplexStream>) -> io::Result<DuplexStream> {
        {
            let mut inner = self.0.lock().unwrap();
            if let Some(left) = inner.accepted_first.checked_sub(1) {
                inner.accepted_first = left;
            } else if let Some(left) = inner.refusals.checked_sub(1) {
                inner.refusals = left;
                return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "nobody is listening"));
            }
        }
        if self.0.lock().unwrap().unreachable {
            std::future::pending::<()>().await;
        }
        let (client, mut near) = duplex(1 << 16);
        let (mut far, server) = duplex(1 << 16);
        let wire = tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        self.0.lock().unwrap().connections.push(wire.abort_handle());
        accept.send(server).await.map_err(io::Error::other)?;
        Ok(client)
    }

    fn cut(&self) {
        self.0.lock().unwrap().connections.drain(..).for_each(|wire| wire.abort());
    }

    async fn answer<Q: prost::Message, A: prost::Message + Default>(
        &self,
        method: Method,
        request: Request<Q>,
    ) -> Result<Response<A>, Status> {
        let (metadata, _, message) = request.into_parts();
        let reply = {
            let mut inner = self.0.lock().unwrap();
            inner.seen.push(Seen { method, metadata, at: Instant::now(), body: message.encode_to_vec() });
            inner.script.pop_front()
        };
        let reply = match reply {
            Some(Reply::When(gate, reply)) => {
                let _ = gate.await;
                Some(*reply)
            }
            reply => reply,
        };
        match reply {
            None => Ok(Response::new(A::default())),
            Some(Reply::Message(body)) => Ok(Response::new(A::decode(&*body).unwrap())),
            Some(Reply::WithHeaders(body, headers)) => {
                let mut response = Response::new(A::decode(&*body).unwrap());
                *response.metadata_mut() = headers;
                Ok(response)
            }
            Some(Reply::Fail(status)) => Err(status),
            Some(Reply::Hang | Reply::When(..)) => std::future::pending().await,
            Some(Reply::Cut) => {
                self.cut();
                std::future::pending().await
            }
        }
    }
}

macro_rules! serve {
    ($service:ident :: $Service:ident { $($Method:ident = $method:ident($Request:ident) -> $Response:ident;)* } $($streams:tt)*) => {
        #[tonic::async_trait]
        impl pb::$service::$Service for State {
            $($streams)*

            $(async fn $method(&self, request: Request<pb::$Request>) -> Result<Response<pb::$Response>, Status> {
                self.answer(Method::$Method, request).await
            })*
        }
    };
}

serve! { model_service_server::ModelService {
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
} }

serve! { release_service_server::ReleaseService {
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
} }

serve! { artifact_service_server::ArtifactService {
    CreateArtifact = create_artifact(CreateArtifactRequest) -> CreateArtifactResponse;
    GetArtifact = get_artifact(GetArtifactRequest) -> GetArtifactResponse;
    ListArtifacts = list_artifacts(ListArtifactsRequest) -> ListArtifactsResponse;
    UpdateArtifact = update_artifact(UpdateArtifactRequest) -> UpdateArtifactResponse;
    DeleteArtifact = delete_artifact(DeleteArtifactRequest) -> DeleteArtifactResponse;
}
    type DownloadArtifactStream = BoxStream<'static, Result<pb::DownloadArtifactResponse, Status>>;

    /// Takes all of it, and shows the first message.
    async fn upload_artifact(
        &self,
        request: Request<Streaming<pb::UploadArtifactRequest>>,
    ) -> Result<Response<pb::UploadArtifactResponse>, Status> {
        let (metadata, extensions, mut messages) = request.into_parts();
        let first = messages.message().await?.unwrap_or_default();
        while messages.message().await?.is_some() {}
        self.answer(Method::UploadArtifact, Request::from_parts(metadata, extensions, first)).await
    }

    /// One message, whatever is in it. If that speaks of bytes, they never come, and the stream does not end.
    async fn download_artifact(
        &self,
        request: Request<pb::DownloadArtifactRequest>,
    ) -> Result<Response<Self::DownloadArtifactStream>, Status> {
        let answer = self.answer(Method::DownloadArtifact, request).await?;
        Ok(answer.map(|message: pb::DownloadArtifactResponse| {
            let promised = message.artifact.as_ref().is_some_and(|artifact| artifact.size_bytes() > 0);
            let first = stream::iter([Ok(message)]);
            if promised { first.chain(stream::pending()).boxed() } else { first.boxed() }
        }))
    }
}

serve! { deployment_service_server::DeploymentService {
    CreateDeployment = create_deployment(CreateDeploymentRequest) -> CreateDeploymentResponse;
    GetDeployment = get_deployment(GetDeploymentRequest) -> GetDeploymentResponse;
    ListDeployments = list_deployments(ListDeploymentsRequest) -> ListDeploymentsResponse;
    UpdateDeployment = update_deployment(UpdateDeploymentRequest) -> UpdateDeploymentResponse;
    TransitionDeployment = transition_deployment(TransitionDeploymentRequest) -> TransitionDeploymentResponse;
} }

serve! { system_service_server::SystemService {
    GetServerInfo = get_server_info(GetServerInfoRequest) -> GetServerInfoResponse;
    CompactEvents = compact_events(CompactEventsRequest) -> CompactEventsResponse;
} }

serve! { api_key_service_server::ApiKeyService {
    CreateApiKey = create_api_key(CreateApiKeyRequest) -> CreateApiKeyResponse;
    GetApiKey = get_api_key(GetApiKeyRequest) -> GetApiKeyResponse;
    GetCallerApiKey = get_caller_api_key(GetCallerApiKeyRequest) -> GetCallerApiKeyResponse;
    ListApiKeys = list_api_keys(ListApiKeysRequest) -> ListApiKeysResponse;
    UpdateApiKey = update_api_key(UpdateApiKeyRequest) -> UpdateApiKeyResponse;
    TransitionApiKey = transition_api_key(TransitionApiKeyRequest) -> TransitionApiKeyResponse;
    RotateApiKey = rotate_api_key(RotateApiKeyRequest) -> RotateApiKeyResponse;
} }

serve! { audit_service_server::AuditService {
    ListAuditEntries = list_audit_entries(ListAuditEntriesRequest) -> ListAuditEntriesResponse;
} }

#[tonic::async_trait]
impl pb::watch_service_server::WatchService for State {
    type WatchStream = WatchStream;

    async fn watch(&self, request: Request<pb::WatchRequest>) -> Result<Response<WatchStream>, Status> {
        let (metadata, _, request) = request.into_parts();
        let (answer, answered) = oneshot::channel();
        {
            let mut inner = self.0.lock().unwrap();
            inner.seen.push(Seen { method: Method::Watch, metadata, at: Instant::now(), body: request.encode_to_vec() });
            inner.watches.push_back(Opening { request, answer });
        }
        answered.await.unwrap().map(Response::new)
    }

    async fn list_events(&self, request: Request<pb::ListEventsRequest>) -> Result<Response<pb::ListEventsResponse>, Status> {
        self.answer(Method::ListEvents, request).await
    }
}

#[tonic::async_trait]
impl pb::transfer_service_server::TransferService for State {
    type ImportStream = ImportStream;
    type ExportStream = ExportStream;

    async fn import(&self, request: Request<Streaming<pb::ImportRequest>>) -> Result<Response<ImportStream>, Status> {
        let (metadata, _, requests) = request.into_parts();
        let (answer, answered) = oneshot::channel();
        {
            let mut inner = self.0.lock().unwrap();
            inner.seen.push(Seen { method: Method::Import, metadata, at: Instant::now(), body: Vec::new() });
            inner.imports.push_back(Importing { requests, answer });
        }
        answered.await.unwrap().map(Response::new)
    }

    async fn export(&self, request: Request<pb::ExportRequest>) -> Result<Response<ExportStream>, Status> {
        let (metadata, _, request) = request.into_parts();
        let (answer, answered) = oneshot::channel();
        {
            let mut inner = self.0.lock().unwrap();
            inner.seen.push(Seen { method: Method::Export, metadata, at: Instant::now(), body: request.encode_to_vec() });
            inner.exports.push_back(Exporting { request, answer });
        }
        answered.await.unwrap().map(Response::new)
    }
}

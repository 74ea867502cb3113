//! A call that is answered in this process: from the bytes of the request to those of the answer, as a server would do it, so that
//! nothing of a client is passed over. May not: enforce anything of the contract.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use futures_util::stream::{BoxStream, StreamExt as _};
use http::{Request, Response};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::Error;
use crate::registry::{MessageStream, Registry};
use crate::rpc::table;

macro_rules! answers {
    ($($stub:ident :: $Stub:ident { $($Method:ident = $method:ident($Request:ident) -> $Response:ident;)* })*) => {
        /// What the registry answers. The future of each method is made in a function of its own, or all of them together would need more
        /// of the stack than a thread of a test has.
        pub(crate) fn answer(registry: Arc<dyn Registry>, request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
            let Some(method) = Method::from_path(request.uri().path()) else {
                return ready(Status::unimplemented("the registry has no such method").into_http()).boxed();
            };
            match method {
                $($(
                    Method::$Method => {
                        let call = move |request: tonic::Request<pb::$Request>| {
                            let registry = Arc::clone(&registry);
                            async move { answered(registry.$method(request.into_inner()).await) }
                        };
                        unary(request, call)
                    }
                )*)*
                Method::UploadArtifact => {
                    let call = move |requests| {
                        let registry = Arc::clone(&registry);
                        async move { answered(registry.upload_artifact(messages(requests)).await) }
                    };
                    client_streaming(request, call)
                }
                Method::DownloadArtifact => {
                    let call = move |request: tonic::Request<pb::DownloadArtifactRequest>| {
                        let registry = Arc::clone(&registry);
                        async move { answered(registry.download_artifact(request.into_inner()).await.map(statuses)) }
                    };
                    server_streaming(request, call)
                }
                Method::Watch => {
                    let call = move |request: tonic::Request<pb::WatchRequest>| {
                        let registry = Arc::clone(&registry);
                        async move { answered(registry.watch(request.into_inner()).await.map(statuses)) }
                    };
                    server_streaming(request, call)
                }
                Method::Export => {
                    let call = move |request: tonic::Request<pb::ExportRequest>| {
                        let registry = Arc::clone(&registry);
                        async move { answered(registry.export(request.into_inner()).await.map(statuses)) }
                    };
                    server_streaming(request, call)
                }
                Method::Import => {
                    let call = move |requests| {
                        let registry = Arc::clone(&registry);
                        async move { answered(registry.import(messages(requests)).await.map(statuses)) }
                    };
                    streaming(request, call)
                }
            }
        }
    };
}

table!(answers);

macro_rules! kinds {
    ($($kind:ident($Request:ty) -> $Answer:ty;)*) => {$(
        fn $kind<F, Q, A, O>(request: Request<Body>, call: F) -> BoxFuture<'static, Response<Body>>
        where
            F: FnMut(tonic::Request<$Request>) -> O + Send + 'static,
            O: Future<Output = Result<tonic::Response<$Answer>, Status>> + Send + 'static,
            Q: prost::Message + Default + Send + 'static,
            A: prost::Message + Send + 'static,
        {
            async move { grpc::<A, Q>().$kind(Calls(call), request).await }.boxed()
        }
    )*};
}

kinds! {
    unary(Q) -> A;
    client_streaming(Streaming<Q>) -> A;
    server_streaming(Q) -> BoxStream<'static, Result<A, Status>>;
    streaming(Streaming<Q>) -> BoxStream<'static, Result<A, Status>>;
}

/// Messages of any size: what does not fit, the client refuses.
fn grpc<A, Q>() -> Grpc<ProstCodec<A, Q>>
where
    A: prost::Message + Send + 'static,
    Q: prost::Message + Default + Send + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(usize::MAX)
}

fn answered<A>(outcome: Result<A, Error>) -> Result<tonic::Response<A>, Status> {
    outcome.map(tonic::Response::new).map_err(Status::from)
}

fn messages<M: Send + 'static>(request: tonic::Request<Streaming<M>>) -> MessageStream<M> {
    Box::pin(request.into_inner().map(|message| message.map_err(Error::from)))
}

fn statuses<M: Send + 'static>(stream: MessageStream<M>) -> BoxStream<'static, Result<M, Status>> {
    stream.map(|message| message.map_err(Status::from)).boxed()
}

/// A method of a registry, as tonic wants it.
struct Calls<F>(F);

impl<F, Q, A, O> Service<tonic::Request<Q>> for Calls<F>
where
    F: FnMut(tonic::Request<Q>) -> O,
    O: Future<Output = Result<tonic::Response<A>, Status>>,
{
    type Response = tonic::Response<A>;
    type Error = Status;
    type Future = O;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Q>) -> O {
        (self.0)(request)
    }
}

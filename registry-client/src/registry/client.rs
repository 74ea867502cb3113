//! A client as a registry: calls with its deadlines and retries, streams as they are on the wire. May not: change what it passes on.

use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::{self, Stream, StreamExt as _};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use tokio::sync::oneshot;
use tonic::{Response, Status, Streaming};

use crate::registry::{MessageStream, Registry};
use crate::rpc::table;
use crate::{Client, Error};

macro_rules! client {
    ($($stub:ident :: $Stub:ident { $($Method:ident = $method:ident($Request:ident) -> $Response:ident;)* })*) => {
        #[tonic::async_trait]
        impl Registry for Client {
            $($(
                async fn $method(&self, request: pb::$Request) -> Result<pb::$Response, Error> {
                    self.call(request).send().await
                }
            )*)*

            async fn upload_artifact(
                &self,
                requests: MessageStream<pb::UploadArtifactRequest>,
            ) -> Result<pb::UploadArtifactResponse, Error> {
                let (messages, mut broken) = unbroken(requests);
                let mut stub = self.artifact_service();
                let answer = whole(Method::UploadArtifact, Box::pin(stub.upload_artifact(messages)), &mut broken).await?;
                Ok(answer.into_inner())
            }

            async fn download_artifact(
                &self,
                request: pb::DownloadArtifactRequest,
            ) -> Result<MessageStream<pb::DownloadArtifactResponse>, Error> {
                opened(Method::DownloadArtifact, self.artifact_service().download_artifact(request).await)
            }

            async fn watch(&self, request: pb::WatchRequest) -> Result<MessageStream<pb::WatchResponse>, Error> {
                opened(Method::Watch, self.watch_service().watch(request).await)
            }

            async fn export(&self, request: pb::ExportRequest) -> Result<MessageStream<pb::ExportResponse>, Error> {
                opened(Method::Export, self.transfer_service().export(request).await)
            }

            async fn import(
                &self,
                requests: MessageStream<pb::ImportRequest>,
            ) -> Result<MessageStream<pb::ImportResponse>, Error> {
                let (messages, mut broken) = unbroken(requests);
                let mut stub = self.transfer_service();
                let answer = whole(Method::Import, Box::pin(stub.import(messages)), &mut broken).await?;
                Ok(told_until(told(Method::Import, answer), broken))
            }
        }
    };
}

table!(client);

fn opened<M: Send + 'static>(method: Method, answer: Result<Response<Streaming<M>>, Status>) -> Result<MessageStream<M>, Error> {
    answer.map(|answer| told(method, answer)).map_err(|status| Error::from_status(method, status))
}

fn told<M: Send + 'static>(method: Method, answer: Response<Streaming<M>>) -> MessageStream<M> {
    Box::pin(answer.into_inner().map(move |message| message.map_err(|status| Error::from_status(method, status))))
}

/// Why the messages of a caller broke off; never, if they do not.
type Broken = BoxFuture<'static, Error>;

/// Waits for the answer to a stream of messages, unless that breaks.
async fn whole<A>(
    method: Method,
    answer: impl Future<Output = Result<A, Status>> + Unpin,
    broken: &mut Broken,
) -> Result<A, Error> {
    match select(answer, broken).await {
        Either::Left((answer, _)) => answer.map_err(|status| Error::from_status(method, status)),
        Either::Right((error, _)) => Err(error),
    }
}

/// The answers to a stream of messages, which end with the reason when that breaks: the registry would wait for more, and so would whoever
/// waits for the registry.
fn told_until<M: Send + 'static>(answers: MessageStream<M>, broken: Broken) -> MessageStream<M> {
    Box::pin(stream::unfold(Some((answers, broken)), async |open| {
        let (mut answers, broken) = open?;
        match select(answers.next(), broken).await {
            Either::Left((answer, broken)) => answer.map(|answer| (answer, Some((answers, broken)))),
            Either::Right((error, _)) => Some((Err(error), None)),
        }
    }))
}

/// The messages of a stream, and why it broke if it does. Its end would say that this is all, so a broken one does not end.
fn unbroken<M: Send + 'static>(stream: MessageStream<M>) -> (impl Stream<Item = M> + Send + 'static, Broken) {
    let (tell, broken) = oneshot::channel();
    let messages = stream::unfold((stream, Some(tell)), async |(mut stream, mut tell)| {
        match stream.next().await? {
            Ok(message) => Some((message, (stream, tell))),
            Err(error) => {
                if let Some(tell) = tell.take() {
                    let _ = tell.send(error); // the call may be over
                }
                std::future::pending().await
            }
        }
    });
    let broken = Box::pin(async {
        match broken.await {
            Ok(error) => error,
            // It ended well: only the answer is left to wait for.
            Err(_) => std::future::pending().await,
        }
    });
    (messages, broken)
}

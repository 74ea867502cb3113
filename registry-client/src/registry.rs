//! A registry as a trait, one method for each RPC: what a client talks to, whoever answers. The methods come from the table of RPCs, so a
//! new one is here without anybody thinking of it. May not: know how messages travel.

mod client;

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::Stream;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use tonic::Status;

use crate::Error;
use crate::rpc::table;

/// The messages of a stream, and why it ended early if it did.
pub type MessageStream<M> = Pin<Box<dyn Stream<Item = Result<M, Error>> + Send>>;

fn unimplemented(method: Method) -> Error {
    let text = format!("this registry does not answer {}", method.name());
    Error::from_status(method, Status::unimplemented(text))
}

macro_rules! registry {
    ($($stub:ident :: $Stub:ident { $($Method:ident = $method:ident($Request:ident) -> $Response:ident;)* })*) => {
        /// A model registry: one method for each RPC of the contract, from the request message to the response message.
        ///
        /// It is there to be put in the place of a registry in tests. What is not overridden answers UNIMPLEMENTED, so a fake says what it
        /// is asked for and nothing else. Code that takes a [`Client`](crate::Client) does not notice: [`Client::over`](crate::Client::over)
        /// makes one that asks the fake, with the same builders, retries and errors. How a registry refuses, a [`Refusal`](crate::Refusal)
        /// says.
        ///
        /// ```
        /// use registry_client::{Client, Error, ErrorReason, Refusal, Registry, Release, async_trait, pb};
        ///
        /// /// What is tested: it takes a client, whoever answers.
        /// async fn image(client: &Client, model: &str) -> Result<String, Error> {
        ///     let release = client.resolve_release(model).alias("production").send().await?;
        ///     Ok(format!("registry.example/{}:{}", release.model_name, release.version))
        /// }
        ///
        /// struct Fake;
        ///
        /// #[async_trait]
        /// impl Registry for Fake {
        ///     async fn resolve_release(&self, request: pb::ResolveReleaseRequest) -> Result<pb::ResolveReleaseResponse, Error> {
        ///         match request.model_ref.and_then(|model| model.value) {
        ///             Some(pb::model_ref::Value::Name(name)) if name == "llama-3-7b" => {
        ///                 let release = Release { model_name: name, version: "1.2.0".to_owned(), ..Default::default() };
        ///                 Ok(pb::ResolveReleaseResponse { release: Some(release), alias: None })
        ///             }
        ///             _ => Err(Refusal::new(ErrorReason::ModelNotFound).into()),
        ///         }
        ///     }
        /// }
        ///
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() {
        /// let client = Client::over(Fake);
        /// assert_eq!(image(&client, "llama-3-7b").await.unwrap(), "registry.example/llama-3-7b:1.2.0");
        /// let error = image(&client, "gone").await.unwrap_err();
        /// assert_eq!(error.reason(), Some(ErrorReason::ModelNotFound));
        /// # }
        /// ```
        ///
        /// A failure that [passes](crate::Error::is_retryable) is repeated as it would be with a server, with the same pauses; tests that
        /// do not want to wait pause the clock of Tokio or say [`RetryPolicy::none`](crate::RetryPolicy::none). What a server tells in
        /// headers, such as the revision of an answer, a fake does not tell.
        ///
        /// A [`Client`](crate::Client) is one itself, for code that takes any `Registry`, and for fakes that pass on what they do not change. Its
        /// streams are then those of the wire, which do not go on by themselves when they break.
        #[tonic::async_trait]
        pub trait Registry: Send + Sync {
            $($(
                #[doc = concat!("`", stringify!($Method), "`. Default: UNIMPLEMENTED.")]
                async fn $method(&self, request: pb::$Request) -> Result<pb::$Response, Error> {
                    let _ = request;
                    Err(unimplemented(Method::$Method))
                }
            )*)*

            /// `UploadArtifact`: the first message says what it is, the others hold its bytes. Default: UNIMPLEMENTED.
            async fn upload_artifact(
                &self,
                requests: MessageStream<pb::UploadArtifactRequest>,
            ) -> Result<pb::UploadArtifactResponse, Error> {
                let _ = requests;
                Err(unimplemented(Method::UploadArtifact))
            }

            /// `DownloadArtifact`: the first message holds the artifact, the others its bytes. Default: UNIMPLEMENTED.
            async fn download_artifact(
                &self,
                request: pb::DownloadArtifactRequest,
            ) -> Result<MessageStream<pb::DownloadArtifactResponse>, Error> {
                let _ = request;
                Err(unimplemented(Method::DownloadArtifact))
            }

            /// `Watch`: the first message says where the stream starts. Default: UNIMPLEMENTED.
            async fn watch(&self, request: pb::WatchRequest) -> Result<MessageStream<pb::WatchResponse>, Error> {
                let _ = request;
                Err(unimplemented(Method::Watch))
            }

            /// `Export`. Default: UNIMPLEMENTED.
            async fn export(&self, request: pb::ExportRequest) -> Result<MessageStream<pb::ExportResponse>, Error> {
                let _ = request;
                Err(unimplemented(Method::Export))
            }

            /// `Import`: the first message holds the options, the others items. Default: UNIMPLEMENTED.
            async fn import(
                &self,
                requests: MessageStream<pb::ImportRequest>,
            ) -> Result<MessageStream<pb::ImportResponse>, Error> {
                let _ = requests;
                Err(unimplemented(Method::Import))
            }
        }

        /// So that a test can look at its fake afterwards.
        #[tonic::async_trait]
        impl<T: Registry + ?Sized> Registry for Arc<T> {
            $($(
                async fn $method(&self, request: pb::$Request) -> Result<pb::$Response, Error> {
                    (**self).$method(request).await
                }
            )*)*

            async fn upload_artifact(
                &self,
                requests: MessageStream<pb::UploadArtifactRequest>,
            ) -> Result<pb::UploadArtifactResponse, Error> {
                (**self).upload_artifact(requests).await
            }

            async fn download_artifact(
                &self,
                request: pb::DownloadArtifactRequest,
            ) -> Result<MessageStream<pb::DownloadArtifactResponse>, Error> {
                (**self).download_artifact(request).await
            }

            async fn watch(&self, request: pb::WatchRequest) -> Result<MessageStream<pb::WatchResponse>, Error> {
                (**self).watch(request).await
            }

            async fn export(&self, request: pb::ExportRequest) -> Result<MessageStream<pb::ExportResponse>, Error> {
                (**self).export(request).await
            }

            async fn import(
                &self,
                requests: MessageStream<pb::ImportRequest>,
            ) -> Result<MessageStream<pb::ImportResponse>, Error> {
                (**self).import(requests).await
            }
        }
    };
}

table!(registry);

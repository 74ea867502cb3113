//! The client: a connection and how to use it. The calls themselves are with the resources they are about.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use registry_proto::v1::api_key_service_client::ApiKeyServiceClient;
use registry_proto::v1::artifact_service_client::ArtifactServiceClient;
use registry_proto::v1::audit_service_client::AuditServiceClient;
use registry_proto::v1::deployment_service_client::DeploymentServiceClient;
use registry_proto::v1::model_service_client::ModelServiceClient;
use registry_proto::v1::release_service_client::ReleaseServiceClient;
use registry_proto::v1::system_service_client::SystemServiceClient;
use registry_proto::v1::transfer_service_client::TransferServiceClient;
use registry_proto::v1::watch_service_client::WatchServiceClient;
use tonic::transport::Channel;

use crate::credentials::{ApiKey, Credentials, KeyFile, key_file};
use crate::rpc::{MAX_ANSWER_BYTES, Rpc};
use crate::{Builder, Call, Connection, Error, Registry, RetryPolicy};

/// A client of a model registry.
///
/// Cheap to clone: clones share one connection, which carries any number of calls at once and comes back by itself when it breaks.
/// Every call is a builder that does nothing until its `send` is awaited.
///
/// ```no_run
/// use registry_client::Client;
///
/// # async fn run() -> Result<(), registry_client::Error> {
/// let key = "mrk_0193…";
/// let client = Client::builder("http://127.0.0.1:50051").api_key(key).connect().await?;
/// let model = client.get_model("llama-3-7b").send().await?;
/// println!("{} is at {}", model.name, model.storage_path);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    connection: Connection,
    settings: Arc<Settings>,
}

/// Why a key is not sent.
pub(crate) const IN_THE_CLEAR: &str = "an API key would go over the network in the clear, where anybody on the way could read it; use https:// or, \
    if something else encrypts the connection, insecure_plaintext_key";

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// For people.
    pub(crate) endpoint: String,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    /// Whether a key may be sent: not if everybody on the way could read it.
    pub(crate) confidential: bool,
}

impl Settings {
    pub(crate) fn new(endpoint: String) -> Self {
        Self { endpoint, timeout: Duration::from_secs(30), retry: RetryPolicy::default(), confidential: true }
    }
}

impl Client {
    pub(crate) fn new(connection: Connection, settings: Settings) -> Self {
        Self { connection, settings: Arc::new(settings) }
    }

    /// Connects to the registry at an endpoint such as `http://127.0.0.1:50051`, with the defaults of [`Builder`].
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), registry_client::Error> {
    /// let client = registry_client::Client::connect("http://127.0.0.1:50051").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] if the endpoint cannot be used; [`Error::Transport`] if nothing answers there.
    pub async fn connect(endpoint: impl Into<String>) -> Result<Self, Error> {
        Self::builder(endpoint).connect().await
    }

    /// Begins a client with other settings than the defaults.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use registry_client::{Client, RetryPolicy};
    ///
    /// # async fn run() -> Result<(), registry_client::Error> {
    /// let client = Client::builder("http://registry.internal:50051")
    ///     .timeout(Duration::from_secs(5))
    ///     .retry(RetryPolicy::none())
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(endpoint: impl Into<String>) -> Builder {
        Builder::new(endpoint.into())
    }

    /// A client over a channel that was made elsewhere, for example over a Unix socket or in memory, with the defaults of [`Builder`].
    ///
    /// ```no_run
    /// use registry_client::Client;
    /// use tonic::transport::Endpoint;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let channel = Endpoint::try_from("unix:/run/registry.sock")?.connect().await?;
    /// let client = Client::from_channel(channel);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_channel(channel: Channel) -> Self {
        Self::new(Connection::new(channel, Credentials::None), Settings::new("a channel".to_owned()))
    }

    /// A client of a registry that is a piece of this program: of a test, which answers by itself what the code under test asks for. See
    /// [`Registry`]. Everything else is as with a server: the calls go through the wire format, with their deadlines, retries and errors.
    ///
    /// ```
    /// use registry_client::{Client, Registry, RetryPolicy};
    ///
    /// struct Empty;
    /// impl Registry for Empty {}
    ///
    /// # async fn run() {
    /// let client = Client::over(Empty).with_retry(RetryPolicy::none());
    /// assert!(client.get_model("llama-3-7b").send().await.is_err(), "it answers nothing");
    /// # }
    /// ```
    #[must_use]
    pub fn over(registry: impl Registry + 'static) -> Self {
        Self::new(Connection::local(Arc::new(registry)), Settings::new("a registry in this process".to_owned()))
    }

    /// This client with another deadline for each call, see [`Builder::timeout`]. Clones made before keep theirs.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let impatient = client.clone().with_timeout(std::time::Duration::from_secs(2));
    /// # let _ = impatient;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.settings).timeout = timeout;
        self
    }

    /// This client with another retry policy, see [`Builder::retry`]. Clones made before keep theirs.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let once = client.clone().with_retry(registry_client::RetryPolicy::none());
    /// # let _ = once;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        Arc::make_mut(&mut self.settings).retry = retry;
        self
    }

    /// This client with an API key, or with another one, see [`Builder::api_key`]. Clones made before keep theirs. What a
    /// [channel](Self::from_channel) that was made elsewhere goes over is not known here: whoever made it sees to it that nobody else reads
    /// the key.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let key = client.create_api_key("ci-release-bot").send().await?;
    /// let bot = client.clone().with_api_key(key.secret.reveal())?;
    /// # let _ = bot;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] if the key cannot be sent in a header, or would go over a network in the clear.
    pub fn with_api_key(mut self, secret: impl AsRef<str>) -> Result<Self, Error> {
        let key = ApiKey::new(secret.as_ref()).map_err(Error::endpoint)?;
        if !self.settings.confidential {
            return Err(Error::endpoint(IN_THE_CLEAR));
        }
        self.connection = self.connection.with_credentials(Credentials::Key(key));
        Ok(self)
    }

    /// This client with the API key in a file, see [`Builder::api_key_file`]. Clones made before keep theirs.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let bot = client.clone().with_api_key_file("/run/secrets/bot-key")?;
    /// # let _ = bot;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] if the file cannot be read or holds no key, or if the key would go over a network in the clear.
    pub fn with_api_key_file(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = KeyFile::open(path.as_ref()).map_err(key_file)?;
        if !self.settings.confidential {
            return Err(Error::endpoint(IN_THE_CLEAR));
        }
        self.connection = self.connection.with_credentials(Credentials::File(Arc::new(file)));
        Ok(self)
    }

    /// A call of whatever method takes this request message, with nothing filled in or taken out. For requests that the other methods
    /// cannot express.
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let response: pb::GetServerInfoResponse = client.call(pb::GetServerInfoRequest {}).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<R: Rpc>(&self, request: R) -> Call<R> {
        Call::new(self.clone(), request)
    }

    /// The connection, with the API key: for other services of the same server (health, reflection) and for requests that are not even
    /// messages.
    ///
    /// ```no_run
    /// use registry_client::pb::system_service_client::SystemServiceClient;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut stub = SystemServiceClient::new(client.connection()).max_decoding_message_size(32 * 1024 * 1024);
    /// # let _ = &mut stub;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// The connection without the API key.
    ///
    /// ```no_run
    /// use registry_client::pb;
    /// use registry_client::pb::system_service_client::SystemServiceClient;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut nobody = SystemServiceClient::new(client.raw_channel());
    /// assert!(nobody.get_server_info(pb::GetServerInfoRequest {}).await.is_err(), "who asks is not said");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn raw_channel(&self) -> Connection {
        self.connection.clone().with_credentials(Credentials::None)
    }

    /// The generated stub of the model service: no deadline, no retries, and `tonic::Status` for errors.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::pb;
    ///
    /// let answer = client.model_service().get_model(pb::GetModelRequest::default()).await;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn model_service(&self) -> ModelServiceClient<Connection> {
        ModelServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the release service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.release_service().get_release(pb::GetReleaseRequest::default()).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn release_service(&self) -> ReleaseServiceClient<Connection> {
        ReleaseServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the artifact service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.artifact_service().get_artifact(pb::GetArtifactRequest::default()).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn artifact_service(&self) -> ArtifactServiceClient<Connection> {
        ArtifactServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the deployment service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.deployment_service().get_deployment(pb::GetDeploymentRequest::default()).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn deployment_service(&self) -> DeploymentServiceClient<Connection> {
        DeploymentServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the system service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.system_service().get_server_info(pb::GetServerInfoRequest {}).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn system_service(&self) -> SystemServiceClient<Connection> {
        SystemServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the watch service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.watch_service().list_events(pb::ListEventsRequest::default()).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watch_service(&self) -> WatchServiceClient<Connection> {
        WatchServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the API key service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.api_key_service().list_api_keys(pb::ListApiKeysRequest::default()).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn api_key_service(&self) -> ApiKeyServiceClient<Connection> {
        ApiKeyServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the audit service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.audit_service().list_audit_entries(pb::ListAuditEntriesRequest::default()).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn audit_service(&self) -> AuditServiceClient<Connection> {
        AuditServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The generated stub of the transfer service, see [`model_service`](Self::model_service).
    ///
    /// ```no_run
    /// use registry_client::pb;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = client.transfer_service().export(pb::ExportRequest::default()).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn transfer_service(&self) -> TransferServiceClient<Connection> {
        TransferServiceClient::new(self.connection()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.settings.retry
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { endpoint, timeout, retry, confidential: _ } = &*self.settings;
        f.debug_struct("Client")
            .field("endpoint", endpoint)
            .field("timeout", timeout)
            .field("retry", retry)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

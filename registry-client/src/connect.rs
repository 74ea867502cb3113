//! How a client comes to be: the endpoint, what is accepted as one, and the settings of the connection. May not: know any RPC.

use std::fmt;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint, Uri};

use crate::client::Settings;
use crate::{Client, Error, RetryPolicy};

/// How often an idle-looking connection with calls on it is asked whether it is alive, and how long the answer may take: together less
/// than an attempt, so that the next one does not go the same way.
const PING_INTERVAL: Duration = Duration::from_secs(4);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings of a [`Client`] that is to be. Made by [`Client::builder`].
#[derive(Clone)]
#[must_use = "no client is made until `connect` is called"]
pub struct Builder {
    endpoint: String,
    connect_timeout: Duration,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new(endpoint: String) -> Self {
        Self { endpoint, connect_timeout: Duration::from_secs(5), settings: Settings::new(String::new()) }
    }

    /// How long making a connection may take. Default: 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The deadline of each call: this long, with all its attempts and the pauses between them. The server is told, and the client does
    /// not wait longer for it either. More than a day counts as a day. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How failed calls are repeated. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.settings.retry = retry;
        self
    }

    /// Makes the client and its connection.
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] if the endpoint cannot be used; [`Error::Transport`] if nothing answers there.
    pub async fn connect(self) -> Result<Client, Error> {
        let (endpoint, settings) = self.prepare()?;
        let channel = endpoint.connect().await.map_err(Error::connect)?;
        Ok(Client::new(channel, settings))
    }

    /// Makes the client at once; the connection is made when the first call needs it.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), registry_client::Error> {
    /// let client = registry_client::Client::builder("http://127.0.0.1:50051").connect_lazy()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] if the endpoint cannot be used, or outside of a Tokio runtime.
    pub fn connect_lazy(self) -> Result<Client, Error> {
        let (endpoint, settings) = self.prepare()?;
        Ok(Client::new(endpoint.connect_lazy(), settings))
    }

    fn prepare(self) -> Result<(Endpoint, Settings), Error> {
        let Self { endpoint, connect_timeout, mut settings } = self;
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::endpoint("a client can be made only inside of a Tokio runtime"));
        }
        let uri = parse(&endpoint)?;
        settings.endpoint = uri.to_string().trim_end_matches('/').to_owned();
        let endpoint = Channel::builder(uri)
            .user_agent(concat!("registry-client/", env!("CARGO_PKG_VERSION")))
            .map_err(|error| Error::endpoint(error.to_string()))?
            .connect_timeout(connect_timeout)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT);
        Ok((endpoint, settings))
    }
}

/// Accepts `http://host:port` and says what is wrong with anything else, without repeating what may be a secret.
fn parse(endpoint: &str) -> Result<Uri, Error> {
    let unusable = |why: &str| Error::endpoint(format!("the endpoint {why}; it should look like http://127.0.0.1:50051"));
    let uri: Uri = endpoint.parse().map_err(|_| unusable("is not a URI"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err(Error::endpoint("the endpoint begins with https://, and TLS is not built in yet; use http://"));
        }
        Some(_) => return Err(unusable("has a scheme other than http")),
        None => return Err(unusable("has no scheme")),
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(unusable("contains a user name or password, which would not be sent"));
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(unusable("has no host"));
    }
    if !matches!(uri.path_and_query().map(|path| path.as_str()), None | Some("/")) {
        return Err(unusable("has a path, which would not be sent"));
    }
    Ok(uri)
}

impl fmt::Debug for Builder {
    /// Without the endpoint, which has not been looked at yet and may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { endpoint: _, timeout, retry } = &self.settings;
        f.debug_struct("Builder")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", timeout)
            .field("retry", retry)
            .finish_non_exhaustive()
    }
}

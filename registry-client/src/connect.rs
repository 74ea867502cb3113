//! How a client comes to be: the endpoint, what is accepted as one, and the settings of the connection. May not: know any RPC.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint, Uri};

use crate::client::{IN_THE_CLEAR, Settings};
use crate::credentials::{ApiKey, Credentials, KeyFile, key_file};
#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::{Client, Connection, Error, RetryPolicy};

/// How much of one download may be on its way or unread. Enough for a gigabit over 15 ms.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
/// The same of the whole connection: many times as much, because what somebody has asked for and does not read is in the way of all
/// other calls.
const CONNECTION_WINDOW: u32 = 16 * STREAM_WINDOW;

/// How often a connection with calls on it is asked whether it is alive, and how long the answer may take. The question waits behind what
/// an upload has in the buffers of this machine, so on a slow line it must be patient. Together less than the default deadline of a call:
/// whose connection has died without a word still gets an attempt on a new one.
const PING_INTERVAL: Duration = Duration::from_secs(4);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The settings of a [`Client`] that is to be. Made by [`Client::builder`], or from the [environment](Self::from_env).
///
/// ```no_run
/// use std::time::Duration;
/// use registry_client::Client;
///
/// # async fn run(key: String) -> Result<(), registry_client::Error> {
/// let builder = Client::builder("https://registry.internal:50051").api_key(key).timeout(Duration::from_secs(5));
/// let client = builder.connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "no client is made until `connect` is called"]
pub struct Builder {
    endpoint: String,
    connect_timeout: Duration,
    settings: Settings,
    key: Key,
    plaintext_key: bool,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

/// The API key, as far as it has been looked at.
#[derive(Clone)]
enum Key {
    None,
    /// Or what is wrong with it.
    Given(Result<ApiKey, &'static str>),
    File(PathBuf),
}

impl Key {
    fn credentials(self) -> Result<Credentials, Error> {
        match self {
            Self::None => Ok(Credentials::None),
            Self::Given(key) => key.map(Credentials::Key).map_err(Error::endpoint),
            Self::File(path) => KeyFile::open(&path).map(|file| Credentials::File(Arc::new(file))).map_err(key_file),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Given(key) => write!(f, "Some({key:?})"),
            Self::File(path) => write!(f, "Some([of {}])", path.display()),
        }
    }
}

impl Builder {
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            connect_timeout: Duration::from_secs(5),
            settings: Settings::new(String::new()),
            key: Key::None,
            plaintext_key: false,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Where the registry is, instead of what was said before: `http://host:port` or `https://host:port`.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// How long making a connection may take, and with TLS the handshake after it. Default: 5 s.
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

    /// Which servers are trusted, and the certificate that is shown to them. For `https://` endpoints only, whose default is
    /// [`Tls::native_roots`].
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sends this API key with every call: `authorization: Bearer …`, also with those of the generated stubs. It needs an `https://` endpoint
    /// or one on this machine (a loopback address or `localhost`).
    ///
    /// ```no_run
    /// # async fn run(key: String) -> Result<(), registry_client::Error> {
    /// let client = registry_client::Client::builder("https://registry.internal:50051").api_key(key).connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_key(mut self, secret: impl AsRef<str>) -> Self {
        self.key = Key::Given(ApiKey::new(secret.as_ref()));
        self
    }

    /// Sends the [API key](Self::api_key) that is in this file, alone on a line. The file is read when the client is made, and again
    /// whenever a call is made and it was read more than 10 s ago: a secret that is mounted into a container can be replaced while the
    /// program runs. So that no call is refused in between, the old one must go on working for longer than that, see
    /// [`RotateApiKey::grace_period`](crate::RotateApiKey::grace_period). While the file cannot be read, the key before stays in use.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), registry_client::Error> {
    /// let builder = registry_client::Client::builder("https://registry.internal:50051");
    /// let client = builder.api_key_file("/run/secrets/registry-key").connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = Key::File(path.into());
        self
    }

    /// Sends the API key to an `http://` endpoint elsewhere as well. Only where something else encrypts the connection, such as a service
    /// mesh: otherwise, whoever is on the way can read the key and use it.
    pub fn insecure_plaintext_key(mut self) -> Self {
        self.plaintext_key = true;
        self
    }

    /// Makes the client and its connection: one attempt, whatever the [retries](Self::retry) of the calls are. Whoever would rather wait for a
    /// registry that is not there yet makes a [lazy](Self::connect_lazy) client, whose first call does.
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] if the endpoint or another setting cannot be used; [`Error::Transport`] if nothing answers there.
    pub async fn connect(self) -> Result<Client, Error> {
        let (endpoint, credentials, settings) = self.prepare()?;
        let channel = endpoint.connect().await.map_err(Error::connect)?;
        Ok(Client::new(Connection::new(channel, credentials), settings))
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
    /// [`Error::Endpoint`] if the endpoint or another setting cannot be used, or outside of a Tokio runtime.
    pub fn connect_lazy(self) -> Result<Client, Error> {
        let (endpoint, credentials, settings) = self.prepare()?;
        Ok(Client::new(Connection::new(endpoint.connect_lazy(), credentials), settings))
    }

    fn prepare(mut self) -> Result<(Endpoint, Credentials, Settings), Error> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::endpoint("a client can be made only inside of a Tokio runtime"));
        }
        let uri = parse(&self.endpoint)?;
        let credentials = std::mem::replace(&mut self.key, Key::None).credentials()?;
        self.settings.confidential = self.plaintext_key || is_secure(&uri) || is_on_this_machine(&uri);
        if !matches!(credentials, Credentials::None) && !self.settings.confidential {
            return Err(Error::endpoint(IN_THE_CLEAR));
        }
        self.settings.endpoint = uri.to_string().trim_end_matches('/').to_owned();
        let endpoint = Channel::builder(uri.clone())
            .user_agent(concat!("registry-client/", env!("CARGO_PKG_VERSION")))
            .map_err(|error| Error::endpoint(error.to_string()))?
            .connect_timeout(self.connect_timeout)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT);
        Ok((self.secured(endpoint, &uri)?, credentials, self.settings))
    }

    #[cfg(feature = "tls")]
    fn secured(&mut self, endpoint: Endpoint, uri: &Uri) -> Result<Endpoint, Error> {
        match (self.tls.take(), is_secure(uri)) {
            (None, false) => Ok(endpoint),
            (tls, true) => tls.unwrap_or_else(Tls::native_roots).secure(endpoint, self.connect_timeout),
            (Some(_), false) => Err(Error::endpoint("the endpoint begins with http://, which is without TLS; use https://")),
        }
    }

    #[cfg(not(feature = "tls"))]
    fn secured(&mut self, endpoint: Endpoint, uri: &Uri) -> Result<Endpoint, Error> {
        if is_secure(uri) {
            return Err(Error::endpoint(
                "the endpoint begins with https://, and this client was built without its feature `tls`",
            ));
        }
        Ok(endpoint)
    }
}

fn is_secure(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// Whether what is sent there stays on this machine.
fn is_on_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Accepts `http://host:port` and `https://host:port`, and says what is wrong with anything else, without repeating what may be a secret.
fn parse(endpoint: &str) -> Result<Uri, Error> {
    let unusable = |why: &str| Error::endpoint(format!("the endpoint {why}; it should look like http://127.0.0.1:50051"));
    let uri: Uri = endpoint.parse().map_err(|_| unusable("is not a URI"))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return Err(unusable("has a scheme other than http and https")),
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
        let Settings { endpoint: _, timeout, retry, confidential: _ } = &self.settings;
        let mut builder = f.debug_struct("Builder");
        builder
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", timeout)
            .field("retry", retry)
            .field("api_key", &self.key)
            .field("insecure_plaintext_key", &self.plaintext_key);
        #[cfg(feature = "tls")]
        builder.field("tls", &self.tls);
        builder.finish_non_exhaustive()
    }
}

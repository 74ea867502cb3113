//! The settings of a client from the environment, by the names that `registryctl` has as well. May not: repeat a value that may be a
//! secret.

use std::ffi::OsString;
use std::path::PathBuf;

#[cfg(feature = "tls")]
use crate::Tls;
#[cfg(feature = "tls")]
use crate::credentials::read_limited;
use crate::{Builder, Client, Error};

/// Where the registry is.
const ENDPOINT: &str = "REGISTRY_ENDPOINT";
/// The API key itself.
const API_KEY: &str = "REGISTRY_API_KEY";
/// The file that it is in.
const API_KEY_FILE: &str = "REGISTRY_API_KEY_FILE";
/// The authorities that are trusted.
const CA_FILE: &str = "REGISTRY_CA_FILE";
/// The certificate of the client, and its key.
const CLIENT_CERTIFICATE: &str = "REGISTRY_CLIENT_CERTIFICATE";
const CLIENT_KEY: &str = "REGISTRY_CLIENT_KEY";
/// The deadline of each call.
const TIMEOUT: &str = "REGISTRY_TIMEOUT";

/// Where a registry listens that was started without arguments.
const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:50051";
/// More than any chain of certificates has.
#[cfg(feature = "tls")]
const LONGEST_PEM: u64 = 4 * 1024 * 1024;

impl Client {
    /// Connects as the environment says: [`Builder::from_env`], then [`Builder::connect`].
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), registry_client::Error> {
    /// let client = registry_client::Client::from_env().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`], which names the variable, if a setting cannot be used; [`Error::Transport`] if nothing answers.
    pub async fn from_env() -> Result<Self, Error> {
        Builder::from_env()?.connect().await
    }
}

impl Builder {
    /// Begins a client with the settings of the environment. The variables are those of `registryctl`:
    ///
    /// | variable | what it says |
    /// |---|---|
    /// | `REGISTRY_ENDPOINT` | where the registry is; `http://127.0.0.1:50051` if it is not set |
    /// | `REGISTRY_API_KEY` | the [API key](Self::api_key) |
    /// | `REGISTRY_API_KEY_FILE` | the [file](Self::api_key_file) that it is in; not both |
    /// | `REGISTRY_CA_FILE` | the authorities, as PEM, that may vouch for the registry, instead of those that this machine trusts |
    /// | `REGISTRY_CLIENT_CERTIFICATE`, `REGISTRY_CLIENT_KEY` | files with the certificate to show and its private key, as PEM; both or neither |
    /// | `REGISTRY_TIMEOUT` | the [deadline](Self::timeout) of each call: `5s`, `500ms`, `1m 30s` |
    ///
    /// A variable that is empty counts as one that is not set. What is said of the builder afterwards takes the place of what the environment
    /// says.
    ///
    /// ```no_run
    /// use registry_client::{Builder, RetryPolicy};
    ///
    /// # async fn run() -> Result<(), registry_client::Error> {
    /// let client = Builder::from_env()?.retry(RetryPolicy::none()).connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`], which names the variable and does not repeat what may be a secret.
    pub fn from_env() -> Result<Self, Error> {
        let endpoint = text(ENDPOINT)?.unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
        let mut builder = Client::builder(endpoint);
        builder = match (text(API_KEY)?, file(API_KEY_FILE)) {
            (Some(_), Some(_)) => {
                return Err(unusable(API_KEY, format!("and {API_KEY_FILE} are both set: leave one of them out")));
            }
            (Some(key), None) => builder.api_key(key),
            (None, Some(path)) => builder.api_key_file(path),
            (None, None) => builder,
        };
        if let Some(timeout) = text(TIMEOUT)? {
            let timeout = humantime::parse_duration(&timeout);
            builder =
                builder.timeout(timeout.map_err(|_| unusable(TIMEOUT, "is no length of time such as 5s, 500ms or 1m 30s"))?);
        }
        secured(builder)
    }
}

#[cfg(feature = "tls")]
fn secured(builder: Builder) -> Result<Builder, Error> {
    let identity = match (file(CLIENT_CERTIFICATE), file(CLIENT_KEY)) {
        (Some(certificate), Some(key)) => Some((pem(CLIENT_CERTIFICATE, &certificate)?, pem(CLIENT_KEY, &key)?)),
        (None, None) => None,
        (Some(_), None) => return Err(unusable(CLIENT_CERTIFICATE, format!("needs {CLIENT_KEY}, which is not set"))),
        (None, Some(_)) => return Err(unusable(CLIENT_KEY, format!("needs {CLIENT_CERTIFICATE}, which is not set"))),
    };
    let authorities = file(CA_FILE).map(|path| pem(CA_FILE, &path)).transpose()?;
    if identity.is_none() && authorities.is_none() {
        return Ok(builder);
    }
    let mut tls = authorities.map_or_else(Tls::native_roots, |pem| Tls::new().ca_certificate(pem));
    if let Some((certificate, key)) = identity {
        tls = tls.identity(certificate, key);
    }
    Ok(builder.tls(tls))
}

#[cfg(feature = "tls")]
fn pem(variable: &str, path: &std::path::Path) -> Result<Vec<u8>, Error> {
    read_limited(path, LONGEST_PEM).map_err(|error| unusable(variable, format!("names {}: {error}", path.display())))
}

/// What is asked for and cannot be had is not passed over.
#[cfg(not(feature = "tls"))]
fn secured(builder: Builder) -> Result<Builder, Error> {
    match [CA_FILE, CLIENT_CERTIFICATE, CLIENT_KEY].into_iter().find(|variable| file(variable).is_some()) {
        Some(variable) => Err(unusable(variable, "is set, and this client was built without its feature `tls`")),
        None => Ok(builder),
    }
}

fn unusable(variable: &str, why: impl AsRef<str>) -> Error {
    Error::endpoint(format!("{variable} {}", why.as_ref()))
}

fn file(variable: &str) -> Option<PathBuf> {
    value(variable).map(PathBuf::from)
}

fn text(variable: &str) -> Result<Option<String>, Error> {
    value(variable).map(|value| value.into_string().map_err(|_| unusable(variable, "is not UTF-8"))).transpose()
}

#[expect(clippy::disallowed_methods, reason = "that settings are in one file of the server is no rule for programs that call it")]
fn value(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

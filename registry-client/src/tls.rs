//! TLS: which servers the client trusts, and what it shows them. May not: say anything of a key.

use std::fmt;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::Error;
use crate::failure::chain;

/// Which servers a [`Client`](crate::Client) trusts, and the certificate it shows them. For [`Builder::tls`](crate::Builder::tls).
///
/// Only TLS 1.2 and 1.3 are spoken. The name in the endpoint must be in the certificate of the server, unless another one is
/// [expected](Self::domain_name).
///
/// ```no_run
/// use registry_client::{Client, Tls};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let authority = std::fs::read("/etc/registry/ca.pem")?;
/// let client = Client::builder("https://registry.internal:50051").tls(Tls::new().ca_certificate(authority)).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "it does nothing until it is given to a builder"]
pub struct Tls {
    native_roots: bool,
    authorities: Vec<Vec<u8>>,
    domain_name: Option<String>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Trusts nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities that this machine trusts. What an `https://` endpoint gets if nothing else is said.
    pub fn native_roots() -> Self {
        Self::new().with_native_roots()
    }

    /// Also trusts the authorities that this machine trusts.
    pub fn with_native_roots(mut self) -> Self {
        self.native_roots = true;
        self
    }

    /// Also trusts the authorities in this PEM text.
    pub fn ca_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.authorities.push(pem.as_ref().to_owned());
        self
    }

    /// The name that the certificate of the server must be for, instead of the one in the endpoint.
    pub fn domain_name(mut self, name: impl Into<String>) -> Self {
        self.domain_name = Some(name.into());
        self
    }

    /// Shows the server this certificate, with what leads to its authority, if it asks for one. Both are PEM texts.
    pub fn identity(mut self, certificate_pem: impl AsRef<[u8]>, key_pem: impl AsRef<[u8]>) -> Self {
        self.identity = Some((certificate_pem.as_ref().to_owned(), key_pem.as_ref().to_owned()));
        self
    }

    /// Makes an endpoint secure.
    pub(crate) fn secure(self, endpoint: Endpoint, handshake: Duration) -> Result<Endpoint, Error> {
        let Self { native_roots, authorities, domain_name, identity } = self;
        if !native_roots && authorities.is_empty() {
            return Err(Error::endpoint("TLS: no authority is trusted; use native_roots or ca_certificate"));
        }
        if !authorities.iter().all(|pem| holds_certificate(pem)) {
            return Err(Error::endpoint("TLS: the CA certificate holds no PEM block `CERTIFICATE`"));
        }
        let mut tls = ClientTlsConfig::new().timeout(handshake).ca_certificates(authorities.iter().map(Certificate::from_pem));
        if native_roots {
            tls = tls.with_native_roots();
        }
        if let Some(name) = domain_name {
            tls = tls.domain_name(name);
        }
        if let Some((certificate, key)) = identity {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        endpoint.tls_config(tls).map_err(|error| Error::endpoint(format!("TLS: {}", chain(&error))))
    }
}

/// Whether there is one at all. What is broken inside is told by the handshake, which then trusts nobody.
fn holds_certificate(pem: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    pem.windows(BEGIN.len()).any(|part| part == BEGIN)
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { native_roots, authorities, domain_name, identity } = self;
        f.debug_struct("Tls")
            .field("native_roots", native_roots)
            .field("ca_certificates", &authorities.len())
            .field("domain_name", domain_name)
            .field("identity", &identity.is_some())
            .finish()
    }
}

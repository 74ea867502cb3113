//! Authorities and certificates, made for one test; and a client of TLS that says and shows whatever a test wants.
//!
//! May not: know the registry.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

/// The two versions that are spoken.
pub const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// Somebody who signs certificates.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// One that nobody knows yet, with a name that no other has.
    #[must_use]
    pub fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        Self::named(&format!("authority number {} of the tests", MADE.fetch_add(1, Ordering::Relaxed)))
    }

    /// One of this name, which another one may have as well.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, key()).expect("an authority"))
    }

    /// Its certificate, as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a server with these names.
    ///
    /// # Panics
    /// If one of them is no name.
    #[must_use]
    pub fn server(&self, names: &[&str]) -> Certified {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    /// A certificate for a client, as the test wants it.
    #[must_use]
    pub fn client(&self, change: impl FnOnce(&mut CertificateParams)) -> Certified {
        self.sign(&for_clients(change))
    }

    fn sign(&self, params: &CertificateParams) -> Certified {
        let key = key();
        let certificate = params.signed_by(&key, &self.0).expect("a certificate").pem();
        Certified { certificate, key: key.serialize_pem() }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A certificate for a client that nobody but itself vouches for.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn self_signed_client() -> Certified {
    let key = key();
    let certificate = for_clients(|_| ()).self_signed(&key).expect("a certificate").pem();
    Certified { certificate, key: key.serialize_pem() }
}

fn for_clients(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "trainer");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    change(&mut params);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// What a client of TLS says and shows.
#[derive(Debug, Clone)]
pub struct Hello {
    /// Whom it trusts, as PEM.
    pub authority: String,
    /// The only version it speaks.
    pub version: &'static SupportedProtocolVersion,
    /// What it wants to speak inside.
    pub protocols: Vec<&'static [u8]>,
    /// What it shows if it is asked.
    pub shows: Option<Certified>,
}

impl Hello {
    /// One that speaks HTTP/2 by TLS 1.3 and shows nothing.
    #[must_use]
    pub fn trusting(authority: &Authority) -> Self {
        Self { authority: authority.pem(), version: &TLS13, protocols: vec![b"h2"], shows: None }
    }

    /// What rustls is told.
    ///
    /// # Panics
    /// If the certificates cannot be read.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.as_bytes()).expect("a certificate")).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_protocol_versions(&[self.version]).expect("a version").with_root_certificates(roots);
        let mut config = match &self.shows {
            Some(Certified { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
                config.with_client_auth_cert(chain, key).expect("a certificate and its key")
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }

    /// Connects to `localhost` at this address. With TLS 1.3, the server may still refuse what was shown.
    ///
    /// # Errors
    /// What was wrong with the handshake.
    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        connect(self.config(), address).await
    }
}

/// The same, with a configuration that is used more than once.
///
/// # Errors
/// What was wrong with the handshake.
///
/// # Panics
/// If nobody listens.
pub async fn connect(config: Arc<ClientConfig>, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    TlsConnector::from(config).connect(ServerName::try_from("localhost").expect("a name"), stream).await
}

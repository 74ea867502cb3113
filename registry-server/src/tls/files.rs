//! From files to what rustls needs: TLS 1.2 and 1.3, HTTP/2, and no session that is resumed without its certificate.

use super::{Current, HTTP2, TlsFiles, Unusable, certificate, clients};
use crate::config::secret_file;
use crate::domain::{Clock, Timestamp};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::NoServerSessionStorage;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{Error, InconsistentKeys, ServerConfig};

const CERTIFICATE: &str = "--tls-certificate";
const KEY: &str = "--tls-key";
pub(super) const CLIENT_CA: &str = "--tls-client-ca";

/// What the handshakes are made with.
pub(super) fn read(files: &TlsFiles) -> Result<Current, Unusable> {
    let TlsFiles { certificate, key, client_ca } = files;
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(CERTIFICATE, certificate)?;
    let secret = private_key(key)?;
    let versions = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[&TLS13, &TLS12]);
    let versions = versions.map_err(|error| Unusable(format!("TLS cannot be used: {error}")))?;
    let clients = match client_ca {
        Some(file) => versions.with_client_cert_verifier(clients::verifier(file, provider)?),
        None => versions.with_no_client_auth(),
    };
    let not_after = describe(certificate, chain.first());
    let unfit = |error| unfit(certificate, key, &error);
    let mut config = clients.with_single_cert(chain, secret).map_err(unfit)?;
    config.alpn_protocols = vec![HTTP2.to_vec()];
    // A resumed session would not be verified again: not when its certificate has expired, nor by another authority.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Current { config: Arc::new(config), not_after })
}

/// The certificates in a file, of which there is at least one.
pub(super) fn certificates(flag: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = contents(flag, file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    // What the parser says repeats what it read, which may be a key that was put into the wrong file.
    match found {
        Ok(found) if found.is_empty() => Err(unusable(flag, file, "it holds no certificate (a PEM block `CERTIFICATE`)")),
        Ok(found) => Ok(found),
        Err(_) => Err(unusable(flag, file, "it is not PEM")),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    let pem = contents(KEY, file)?;
    let key = PrivateKeyDer::from_pem_slice(&pem);
    warn_if_shared(file);
    key.map_err(|_| unusable(KEY, file, "it holds no private key that can be read (a PEM block `PRIVATE KEY`, not encrypted)"))
}

fn contents(flag: &str, file: &Path) -> Result<Vec<u8>, Unusable> {
    std::fs::read(file).map_err(|error| unusable(flag, file, &error.to_string()))
}

pub(super) fn unusable(flag: &str, file: &Path, why: &str) -> Unusable {
    Unusable(format!("{flag} {}: {why}", file.display()))
}

fn unfit(certificate: &Path, key: &Path, error: &Error) -> Unusable {
    let why = match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "the key does not belong to the certificate".to_owned(),
        error => error.to_string(),
    };
    Unusable(format!("{CERTIFICATE} {} and {KEY} {}: {why}", certificate.display(), key.display()))
}

/// Who can read the key can be the server.
fn warn_if_shared(key: &Path) {
    if secret_file::is_open(key) {
        tracing::warn!(file = %key.display(), "{KEY}: everybody on this machine can read the key: chmod o= it");
    }
}

/// Says until when the certificate is valid, because nobody else will.
fn describe(file: &Path, certificate: Option<&CertificateDer<'_>>) -> Option<Timestamp> {
    let certificate = certificate.and_then(|certificate| certificate::read(certificate).ok())?;
    let until = u64::try_from(certificate.not_after.micros()).unwrap_or_default();
    let not_after = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_micros(until));
    if certificate.not_after < Clock::System.now() {
        tracing::warn!(file = %file.display(), %not_after, "{CERTIFICATE}: the certificate has expired");
    } else {
        tracing::info!(file = %file.display(), %not_after, "{CERTIFICATE}: read");
    }
    Some(certificate.not_after)
}

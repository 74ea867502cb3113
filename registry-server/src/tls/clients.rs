//! Which client certificates are accepted: those of the authorities, in their time, made for clients. None is asked for by
//! force, because an API key is another way in; but one that is shown must be good.

use super::files::{CLIENT_CA, certificates, unusable};
use super::{Unusable, certificate};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

/// What decides about client certificates.
pub(super) fn verifier(file: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, Unusable> {
    let mut authorities = RootCertStore::empty();
    for authority in certificates(CLIENT_CA, file)? {
        authorities.add(authority).map_err(|error| unusable(CLIENT_CA, file, &error.to_string()))?;
    }
    let webpki = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider).allow_unauthenticated();
    let webpki = webpki.build().map_err(|error| unusable(CLIENT_CA, file, &error.to_string()))?;
    Ok(Arc::new(ForClients(webpki)))
}

/// Like the one inside, which accepts a certificate that does not say what it is for. This one must say: for clients.
/// Otherwise the certificate of any server of the same authority would let in.
#[derive(Debug)]
struct ForClients(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for ForClients {
    fn client_auth_mandatory(&self) -> bool {
        self.0.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.0.verify_client_cert(certificate, chain, now)?;
        match certificate::is_for_clients(certificate) {
            Ok(true) => Ok(verified),
            Ok(false) => Err(CertificateError::InvalidPurpose.into()),
            Err(_) => Err(CertificateError::BadEncoding.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

//! What connections are made secure with.
//!
//! May not: read the files.

use crate::layer::CertificateRole;
use crate::tls::TlsFiles;
use clap::Args;
use std::path::PathBuf;

/// What connections are made secure with.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "TLS")]
pub struct Tls {
    /// The certificate of this server and what leads to its authority, PEM: turns TLS on. SIGHUP makes the server read it again
    #[arg(long, env = "REGISTRY_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,

    /// The key of that certificate, PEM, not encrypted. Nobody but the owner should be able to read the file
    #[arg(long, env = "REGISTRY_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// The authorities of client certificates, PEM. Clients may show one; whoever shows one that is not theirs is refused
    #[arg(long, env = "REGISTRY_TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,

    /// What a client with such a name in its certificate may do without an API key; can be repeated, or separated by `;`
    ///
    /// KIND is CN (the common name of the subject), DNS, URI or EMAIL (alternative names); ROLE is viewer, operator or admin.
    /// Names are compared exactly. Of several names of one certificate, the one that may do least counts.
    #[arg(long, env = "REGISTRY_TLS_CLIENT_ROLE", value_name = "KIND=NAME:ROLE", value_delimiter = ';')]
    pub tls_client_role: Vec<CertificateRole>,
}

impl Tls {
    /// The files, which are of use only together.
    pub(super) fn files(&self) -> Result<Option<TlsFiles>, String> {
        let Self { tls_certificate, tls_key, tls_client_ca, tls_client_role } = self;
        let missing =
            |given: &str, missing: &str| Err(format!("--tls-{given} is given, and --tls-{missing} is not: TLS needs both"));
        if !tls_client_role.is_empty() && tls_client_ca.is_none() {
            return Err("--tls-client-role is given, and --tls-client-ca is not: it says whose certificates are good".to_owned());
        }
        match (tls_certificate, tls_key, tls_client_ca) {
            (Some(certificate), Some(key), client_ca) => {
                Ok(Some(TlsFiles { certificate: certificate.clone(), key: key.clone(), client_ca: client_ca.clone() }))
            }
            (Some(_), None, _) => missing("certificate", "key"),
            (None, Some(_), _) => missing("key", "certificate"),
            (None, None, Some(_)) => {
                Err("--tls-client-ca is given, and TLS is not on: it needs --tls-certificate and --tls-key".to_owned())
            }
            (None, None, None) => Ok(None),
        }
    }
}

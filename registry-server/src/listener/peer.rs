//! Who is at the other end of a connection, as plain values for the layers. Knows no TLS, and no roles.

use crate::domain::Timestamp;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Who is at the other end of a connection. In the extensions of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// From where. An IPv4 address is one, also if it came over an IPv6 socket.
    pub address: SocketAddr,
    /// The certificate it has proved to be its own, if it has shown one.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// What a verified client certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Whom it is for: the common name, then the alternative names in its own order. Can be empty.
    pub names: Vec<CertificateName>,
    /// The last moment it is valid. The handshake has looked at it; a connection may last longer.
    pub not_after: Timestamp,
}

/// A name in a certificate, exactly as it is written there. Without control characters: it can stand in a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertificateName {
    /// The common name of the subject.
    Cn(String),
    /// A DNS name.
    Dns(String),
    /// A URI, such as a SPIFFE id.
    Uri(String),
    /// An e-mail address.
    Email(String),
}

impl fmt::Display for CertificateName {
    /// `URI=spiffe://example.org/trainer`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Self::Cn(name) => ("CN", name),
            Self::Dns(name) => ("DNS", name),
            Self::Uri(name) => ("URI", name),
            Self::Email(name) => ("EMAIL", name),
        };
        write!(f, "{kind}={name}")
    }
}

//! TLS: which files it is made of, how they are read again while the server runs, and the handshake.
//!
//! May not: know HTTP or calls, and say anything of a key but where it is.

mod certificate;
mod clients;
mod files;

use crate::domain::Timestamp;
use crate::listener::ClientCertificate;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, sink};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// The only protocol that is spoken.
const HTTP2: &[u8] = b"h2";
/// How much is still read from a client that was refused, so that it gets to know why.
const LAST_WORDS: u64 = 64 * 1024;

/// The files that TLS is made of, all PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate of the server, followed by what leads from it to an authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authorities whose client certificates are accepted. Without it, no client is asked for one.
    pub client_ca: Option<PathBuf>,
}

/// Why the files cannot be used: a sentence for the operator that names the flag and the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

/// Makes connections secure, with the files as they were when they were read last. Clones share them.
#[derive(Debug, Clone)]
pub struct Acceptor {
    files: Arc<TlsFiles>,
    current: Arc<watch::Sender<Current>>,
    /// How often they were read again in vain.
    failures: Arc<AtomicU64>,
}

/// What was read last.
#[derive(Debug, Clone)]
struct Current {
    config: Arc<ServerConfig>,
    /// The last moment the certificate is valid.
    not_after: Option<Timestamp>,
}

impl Acceptor {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Unusable`], if they are not there, not what they should be, or do not belong together.
    pub fn open(files: TlsFiles) -> Result<Self, Unusable> {
        let current = watch::Sender::new(files::read(&files)?);
        Ok(Self { files: Arc::new(files), current: Arc::new(current), failures: Arc::default() })
    }

    /// Reads the files again. Connections that are open keep what they began with; new ones get the new files.
    ///
    /// # Errors
    /// [`Unusable`]: then nothing changes.
    pub fn reload(&self) -> Result<(), Unusable> {
        let read = files::read(&self.files).inspect_err(|_| {
            self.failures.fetch_add(1, Ordering::Relaxed);
        })?;
        self.current.send_replace(read);
        Ok(())
    }

    /// How often the files could not be used when they were read again.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// The last moment the certificate of the server is valid.
    #[must_use]
    pub fn not_after(&self) -> Option<Timestamp> {
        self.current.borrow().not_after
    }

    /// The handshake. Who the client is, if it has shown a certificate.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, Option<Arc<ClientCertificate>>)> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.current.borrow().config));
        let mut stream = match acceptor.accept(stream).into_fallible().await {
            Ok(stream) => stream,
            Err((error, stream)) => {
                hear_out(stream).await;
                return Err(error);
            }
        };
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() != Some(HTTP2) {
            let _ = stream.shutdown().await; // it is being refused either way
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the client does not ask for HTTP/2 (ALPN h2)"));
        }
        let shown = session.peer_certificates().and_then(<[_]>::first);
        let certificate = shown.map(|shown| certificate::read(shown)).transpose().map_err(io::Error::other)?;
        Ok((stream, certificate.map(Arc::new)))
    }
}

/// Closes a connection whose handshake has failed so that the alert arrives: closed with something unread, it would be
/// reset, and the alert with it.
async fn hear_out(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        let _ = tokio::io::copy(&mut stream.take(LAST_WORDS), &mut sink()).await; // whatever it still says
    }
}

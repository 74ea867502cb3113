//! Connections: made secure, counted, and ended when they come to nothing.

mod accepting;
mod clients;
mod limits;
mod peers;
mod reload;
mod roles;
mod server;
mod start;

use registry_client::{Client, Error, RetryPolicy, Tls};
use registry_server::serve::{Server, Settings, StartError};
use registry_tests::tls::{Authority, Certified, Hello};
use registry_tests::{Database, Fresh, Harness};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use registry_server::tls::TlsFiles;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client of HTTP/2 begins with: the preface, and settings that set nothing.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The files of a server, in a directory of their own.
struct Files(TempDir);

impl Files {
    fn new(server: &Certified) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.put(server);
        files
    }

    fn put(&self, Certified { certificate, key }: &Certified) {
        write(&self.path("server.pem"), certificate);
        write(&self.path("server.key"), key);
    }

    fn put_client_ca(&self, pem: &str) {
        write(&self.path("clients.pem"), pem);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// As a server is told, with the authority of clients if there is one.
    fn tls(&self) -> TlsFiles {
        let client_ca = Some(self.path("clients.pem")).filter(|path| path.exists());
        TlsFiles { certificate: self.path("server.pem"), key: self.path("server.key"), client_ca }
    }
}

/// As secrets are written: for the owner alone.
fn write(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A server with TLS, its files, and who vouches for it.
struct Secure {
    server: Server,
    files: Files,
    authority: Authority,
    _fresh: Fresh,
}

impl Secure {
    async fn start() -> Self {
        Self::with(|_, _| ()).await
    }

    /// The same, with files and settings as the test wants them.
    async fn with(change: impl FnOnce(&Files, &mut Settings)) -> Self {
        let authority = Authority::new();
        let files = Files::new(&authority.server(&["localhost"]));
        let mut settings = Harness::settings();
        change(&files, &mut settings);
        settings.tls = Some(files.tls());
        let fresh = Database::Sqlite.fresh().await;
        settings.storage = fresh.storage();
        let server = Server::start(fresh.target(), settings).await.unwrap();
        Self { server, files, authority, _fresh: fresh }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    fn hello(&self) -> Hello {
        Hello::trusting(&self.authority)
    }

    fn tls(&self) -> Tls {
        Tls::new().ca_certificate(self.authority.pem())
    }

    async fn client(&self, tls: Tls) -> Result<Client, Error> {
        connect(self.address(), tls).await
    }
}

/// A server that was told something it cannot start with.
async fn refused(settings: Settings) -> StartError {
    Server::start(Database::Sqlite.fresh().await.target(), settings).await.expect_err("the server starts")
}

/// A client that retries nothing, at the name that certificates are for.
async fn connect(address: SocketAddr, tls: Tls) -> Result<Client, Error> {
    let endpoint = format!("https://localhost:{}", address.port());
    registry_tests::keys::admin(endpoint).tls(tls).retry(RetryPolicy::none()).connect().await
}

/// What comes over a connection until the server closes it.
async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) -> (Vec<u8>, io::Result<usize>) {
    let mut bytes = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("a connection that is closed");
    (bytes, end)
}

//! The registry of a test: from its directory to its end. May not: know what it is tested with.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use registry_client::{Builder, Client, Error, Role};
use registry_server::domain::Secret;
use registry_server::serve::{self, Server, Settings};
use registry_server::store::Target;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// How often a directory is removed in which something appears meanwhile.
const REMOVALS: usize = 100;

/// Why there is no registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The machine has no room for it: no directory, or no threads.
    #[error("the machine has no room for a registry: {0}")]
    Machine(#[from] io::Error),
    /// The server says why.
    #[error("the server does not start: {0}")]
    Server(String),
}

impl From<serve::StartError> for StartError {
    fn from(error: serve::StartError) -> Self {
        Self::Server(error.to_string())
    }
}

/// A running registry. Everything of it is gone when it is dropped.
pub struct TestRegistry {
    /// Unset while it is stopped.
    server: Option<Server>,
    /// Unset when it is dropped.
    runtime: Option<Runtime>,
    address: SocketAddr,
    endpoint: String,
    secret: Secret,
    admin_key: String,
    keys: AtomicU64,
    /// Last, so that it is removed when nobody writes to it any more.
    directory: Option<TempDir>,
}

impl TestRegistry {
    /// Starts a registry that holds nothing.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the machine has no room for it.
    pub async fn start() -> Result<Self, StartError> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("registry").enable_all().build()?;
        #[expect(clippy::disallowed_methods, reason = "the id of the first key is made before there is a server")]
        let secret = Secret::fresh(Uuid::now_v7().into());
        let mut registry = Self {
            server: None,
            runtime: Some(runtime),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            endpoint: String::new(),
            admin_key: secret.reveal().to_string(),
            secret,
            keys: AtomicU64::new(0),
            directory: Some(tempfile::Builder::new().prefix("registry-").tempdir()?),
        };
        registry.start_again().await?;
        registry.endpoint = format!("http://{}", registry.address);
        Ok(registry)
    }

    /// Starts it again after it was stopped, where it was, with what it held. Nothing happens if it runs.
    ///
    /// # Errors
    ///
    /// [`StartError`] if somebody else has taken its port meanwhile.
    pub async fn start_again(&mut self) -> Result<(), StartError> {
        let (None, Some(runtime)) = (&self.server, &self.runtime) else { return Ok(()) };
        let settings = Settings::in_process(self.address, self.directory().join("artifacts"), self.secret.clone());
        let target = Target::Sqlite(self.directory().join("registry.db"));
        let started = runtime.spawn(async move { Server::start(&target, settings).await });
        let server = started.await.map_err(io::Error::other)??;
        self.address = server.address();
        self.server = Some(server);
        Ok(())
    }

    /// Stops it as an operator would: calls that have begun are finished, watches end, and then nobody listens. What it holds stays.
    pub async fn stop(&mut self) {
        if let (Some(server), Some(runtime)) = (self.server.take(), &self.runtime) {
            let stopped = runtime.spawn(server.stop());
            let _ = stopped.await; // A server that panicked has stopped as well.
        }
    }

    /// Stops it and starts it again.
    ///
    /// # Errors
    ///
    /// See [`start_again`](Self::start_again).
    pub async fn restart(&mut self) -> Result<(), StartError> {
        self.stop().await;
        self.start_again().await
    }

    /// Where it listens, as a client is told: `http://127.0.0.1:…`. Stays the same when it is started again.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The API key that it was born with, an admin's.
    #[must_use]
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// A client to be, without a key.
    pub fn builder(&self) -> Builder {
        Client::builder(self.endpoint())
    }

    /// A client that may do everything.
    ///
    /// # Errors
    ///
    /// [`Error::Transport`] while it is stopped.
    pub async fn client(&self) -> Result<Client, Error> {
        self.builder().api_key(self.admin_key()).connect().await
    }

    /// A client with a new key of this role, to test what the code under test may do and what not.
    ///
    /// # Errors
    ///
    /// What the registry refuses with, and [`Error::Transport`] while it is stopped.
    pub async fn client_with_role(&self, role: Role) -> Result<Client, Error> {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        let key = self.client().await?.create_api_key(format!("test-{number}")).role(role).send().await?;
        self.builder().api_key(key.secret.reveal()).connect().await
    }

    /// Where it keeps its database and its files, to be looked at. Removed when it is dropped.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.as_ref().map(TempDir::path).unwrap_or_else(|| Path::new(""))
    }
}

impl Drop for TestRegistry {
    /// Waits for nobody: whoever still calls it is cut off.
    fn drop(&mut self) {
        drop(self.server.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let Some(directory) = self.directory.take() else { return };
        // The database may still be closing its files.
        for _ in 0..REMOVALS {
            match std::fs::remove_dir_all(directory.path()) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => std::thread::yield_now(),
                _ => break,
            }
        }
    }
}

impl fmt::Debug for TestRegistry {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRegistry")
            .field("endpoint", &self.endpoint)
            .field("runs", &self.server.is_some())
            .finish_non_exhaustive()
    }
}

//! A server in this process, as `registry-server` would run it, and a client of it.

use crate::Database;
use crate::database::{Fresh, connect, url};
use crate::wire::Wire;
use registry_client::{Client, RetryPolicy};
use registry_server::domain::{Clock, Limit, Quota, Retention, Timestamp};
use registry_server::layer::{CallLimits, Reflection};
use registry_server::listener::Limits;
use registry_server::sabotage::Sabotage;
use registry_server::serve::{Server, Settings, StartError};
use registry_server::storage::StorageTarget;
use registry_server::store::{Migrating, Target};
use sea_orm::DatabaseConnection;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How long a server of a test may take to drain.
const GRACE: Duration = Duration::from_secs(5);

/// More connections than any test makes, and more of everything else: all tests come from one address, most with one key.
const MANY: usize = 10_000;

/// Longer than any test: what is due is removed when a test wants it to be.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A running registry.
#[derive(Debug)]
pub struct Harness {
    /// Talks to it; retries nothing, so that a test sees every answer.
    pub client: Client,
    /// What it runs on.
    pub database: Database,
    /// What time it is for it. Moves only by `advance`.
    pub clock: Clock,
    server: Server,
    fresh: Fresh,
}

impl Harness {
    /// A server on a fresh database, whose clock stands at 2026-01-01T00:00:00Z until it is moved.
    pub async fn start(database: Database) -> Self {
        Self::on(database, database.fresh().await).await.expect("a server that starts")
    }

    /// The same, with other settings.
    pub async fn with(database: Database, change: impl FnOnce(&mut Settings)) -> Self {
        Self::on_with(database, database.fresh().await, change).await.expect("a server that starts")
    }

    /// A server on a database that may hold something already.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn on(database: Database, fresh: Fresh) -> Result<Self, StartError> {
        Self::on_with(database, fresh, |_| ()).await
    }

    /// What a server of a test is told unless the test says otherwise. The storage is that of a [`Fresh`]: nothing is kept where this
    /// one says.
    #[must_use]
    pub fn settings() -> Settings {
        Settings {
            dropped: registry_server::telemetry::Dropped::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            admin_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            migrating: Migrating::Auto,
            storage: StorageTarget::Directory("/proc/no/artifacts".into()),
            clock: Clock::manual(Timestamp::from_micros(1_767_225_600_000_000)),
            retention: Retention::default(),
            housekeeping: NEVER,
            grace: GRACE,
            limits: Limits { connections: MANY, connections_per_address: MANY, ..Limits::default() },
            calls: CallLimits {
                calls_in_flight: MANY,
                request_bytes_in_flight: 1 << 30,
                calls_per_second: 0,
                failed_authentications: 0,
                watches: MANY,
                watches_per_caller: MANY,
                transfers: MANY,
                exports: 16,
                imports: MANY,
            },
            quota: Quota::default(),
            cache_size: 16 << 20,
            tls: None,
            first_key: Some(crate::keys::first()),
            certificate_roles: Vec::new(),
            reflection: Reflection::Auth,
            sabotage: Sabotage::default(),
        }
    }

    /// The same, with other settings.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn on_with(database: Database, fresh: Fresh, change: impl FnOnce(&mut Settings)) -> Result<Self, StartError> {
        let mut settings = Self::settings();
        settings.storage = fresh.storage();
        let clock = settings.clock.clone();
        change(&mut settings);
        let server = Server::start(&fresh.target, settings).await?;
        let client = crate::keys::admin(endpoint(&server)).retry(RetryPolicy::none()).connect().await.expect("a connection");
        Ok(Self { client, database, clock, server, fresh })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where it tells of its health over HTTP.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.server.admin_address().expect("an admin listener")
    }

    /// How often it has refused something because of this limit.
    #[must_use]
    pub fn refused(&self, limit: Limit) -> u64 {
        self.server.refusals().times(limit)
    }

    /// Where it listens, as a client is told.
    #[must_use]
    pub fn endpoint(&self) -> String {
        endpoint(&self.server)
    }

    /// The database it is on.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.fresh.target
    }

    /// Where it keeps the bytes of artifacts, unless the test has said otherwise.
    #[must_use]
    pub fn storage(&self) -> StorageTarget {
        self.fresh.storage()
    }

    /// Another server on the same database. PostgreSQL only: one SQLite file serves one server.
    pub async fn replica(&self) -> Self {
        self.replica_with(|_| ()).await
    }

    /// The same, with other settings.
    pub async fn replica_with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        Self::on_with(self.database, self.fresh.shared(self.target()), change).await.expect("a second server that starts")
    }

    /// Another server on the same database, which it reaches over a wire. PostgreSQL only.
    ///
    /// # Panics
    /// If the database is none that is reached over a network.
    pub async fn replica_over_a_wire(&self) -> (Self, Wire) {
        let url = self.url();
        let (before, rest) = url.split_once("127.0.0.1:").expect("an address of this machine");
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).expect("a port, and a database behind it");
        let (port, behind) = rest.split_at(digits);
        let port: u16 = port.parse().expect("a port");
        let wire = Wire::to(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
        let target = Target::Postgres(format!("{before}{}{behind}", wire.address()));
        let replica =
            Self::on_with(self.database, self.fresh.shared(&target), |_| ()).await.expect("a second server that starts");
        (replica, wire)
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        url(&self.fresh.target)
    }

    /// Its database, for others to look at.
    #[must_use]
    pub fn fresh(&self) -> Fresh {
        self.fresh.again()
    }

    /// Moves its clock.
    pub fn advance(&self, by: Duration) {
        assert!(self.clock.advance(by), "the clock of a test can be moved");
    }

    /// Stops it, and starts it again with other settings.
    pub async fn restart_with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let Self { client, database, clock: _, server, fresh } = self;
        drop(client);
        server.stop().await;
        Self::on_with(database, fresh, change).await.expect("a server that starts again")
    }

    /// Stops it, lets `meanwhile` do something to the database, and starts it again.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn restart_after<F>(self, meanwhile: impl FnOnce(DatabaseConnection) -> F) -> Result<Self, StartError>
    where
        F: Future<Output = ()>,
    {
        let Self { client, database, clock: _, server, fresh } = self;
        drop(client);
        server.stop().await;
        let connection = connect(&url(&fresh.target)).await;
        meanwhile(connection.clone()).await;
        connection.close().await.expect("a connection that closes");
        Self::on(database, fresh).await
    }

    /// A connection to its database, behind its back.
    pub async fn sql(&self) -> DatabaseConnection {
        connect(&url(&self.fresh.target)).await
    }

    /// Lets it say that it is about to leave, as SIGTERM does first.
    pub async fn leave(&self) {
        self.server.leave(Duration::ZERO).await;
    }

    /// Stops it, as SIGTERM would.
    pub async fn stop(self) {
        drop(self.client);
        self.server.stop().await;
    }
}

fn endpoint(server: &Server) -> String {
    format!("http://{}", server.address())
}

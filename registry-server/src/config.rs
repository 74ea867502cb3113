//! What the server is told: flags, then the environment, then a file, then defaults. The definition of the flags is the one place that
//! knows a setting: its name, variable, default, rule and help; the file, `config` and the reference are derived from it.
//!
//! May not: do anything about what it is told.

mod authentication;
pub mod environment;
mod file;
mod limits;
mod log;
mod network;
mod place;
mod process;
mod retention;
pub mod secret_file;
mod setting;
mod storage;
mod telemetry;
mod tls;
mod told;
mod words;

use crate::domain::Clock;
use crate::serve::Settings;
use crate::telemetry::Dropped;
use clap::Parser;

pub use authentication::Authentication;
pub use file::BadFile;
pub use limits::Limits;
pub use log::{LogFlags, LogFormat};
pub use network::{Admin, AdminListen, Network};
pub use place::{DatabaseUrl, Migrations, MigrationsFlag, Place};
pub use process::Process;
pub use retention::Retention;
pub use setting::{Kind, Setting, all as settings};
pub use storage::{Storage, StorageFlag};
pub use telemetry::Collector;
pub use tls::Tls;
pub use told::{Given, Refused, Source, Told, read};

/// A model registry: which models exist, which releases each has, and which is which, over gRPC.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "registry-server", version, about, long_about = LONG, after_help = EXAMPLES)]
pub struct Config {
    /// Where to listen
    #[command(flatten)]
    pub network: Network,

    /// The database and the directory
    #[command(flatten)]
    pub place: Place,

    /// What is done about migrations
    #[command(flatten)]
    pub migrations: Migrations,

    /// Where the bytes of artifacts are
    #[command(flatten)]
    pub storage: Storage,

    /// Who may call
    #[command(flatten)]
    pub authentication: Authentication,

    /// What connections are made secure with
    #[command(flatten)]
    pub tls: Tls,

    /// What calls may take
    #[command(flatten)]
    pub limits: Limits,

    /// How long things are kept
    #[command(flatten)]
    pub retention: Retention,

    /// The log
    #[command(flatten)]
    pub log: LogFlags,

    /// How the process ends
    #[command(flatten)]
    pub process: Process,
}

/// What `--help` begins with.
pub(crate) const LONG: &str = "A model registry: which models exist, which releases each has, and which is which, over gRPC.

Without arguments it listens on 127.0.0.1:50051 and keeps everything in one SQLite file in ./registry-data, \
which it creates and migrates. Callers need an API key; the first one is made at the first start, and its secret \
is in ./registry-data/admin.key. Several servers share one PostgreSQL. Every write is on disk before it is answered.";

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "Examples:
  registry-server
  registry-server --listen 127.0.0.1:0 --data-dir /var/lib/registry --log-format json
  REGISTRY_DATABASE_URL=postgres://registry:secret@db/registry registry-server
  registry-server --tls-certificate server.pem --tls-key server.key --tls-client-ca clients.pem
  registry-server config init registry.toml && registry-server --config registry.toml
  registry-server config show
  registry-server migrate status
  registry-server backup /backup/registry.db
  registry-server import mlflow --from /srv/mlflow/mlflow.db --dry-run
  registry-server health

Then:
  grpcurl -plaintext -H \"authorization: Bearer $(cat registry-data/admin.key)\" 127.0.0.1:50051 list

Limits without a flag, all of them in GetServerInfo: requests of 512 KiB (without a key 4 KiB), answers of 4 MiB, headers of 16 KiB, \
100 calls at once on a connection, 10 s for a handshake, 30 s for a call (uploads and downloads: 60 s in which nothing moves), a ping every 30 s whose answer may take 10 s, pages of 1000, \
batches of 250, metadata of 64 KiB and 16 levels.";

impl Config {
    /// What the server is told, apart from its database.
    ///
    /// # Errors
    /// A sentence that names the flag or variable.
    pub fn settings(&self) -> Result<Settings, String> {
        let Self { network, place, migrations, storage, authentication, tls, limits, retention, log: _, process } = self;
        Ok(Settings {
            listen: network.listen,
            admin_listen: network.admin.admin_listen.0,
            migrating: migrations.migrations.into(),
            storage: storage.target(&place.data_dir)?,
            clock: Clock::System,
            retention: retention.into(),
            housekeeping: retention.housekeeping_interval,
            grace: process.shutdown_grace,
            first_key: authentication.first_key(&place.data_dir)?,
            certificate_roles: tls.tls_client_role.clone(),
            reflection: authentication.reflection,
            limits: network.limits(),
            calls: limits.into(),
            quota: storage.quota(),
            cache_size: limits.cache_size,
            tls: tls.files()?,
            dropped: Dropped::default(),
            #[cfg(feature = "sabotage")]
            sabotage: crate::sabotage::Sabotage::default(),
        })
    }

    /// What may not be read on the way does not go there, and whoever is not asked who he is must be on this machine.
    ///
    /// # Errors
    /// A sentence that names the flag.
    pub fn check(&self) -> Result<(), String> {
        self.network.check(self.tls.tls_certificate.is_some(), self.authentication.insecure_no_auth)
    }
}

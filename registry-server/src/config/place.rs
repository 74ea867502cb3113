//! What every command of the server is told: where the database is, and how the log is written.

use crate::store::{BadUrl, Migrating, Target};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Where everything is.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The database: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE` [default: the file registry.db in the data directory]
    ///
    /// The password is better given by the environment variable, because a flag can be read by everybody on
    /// the machine. Tested with PostgreSQL 15; a connection pooler in front of it must pool sessions, not
    /// transactions. TLS is used if the server offers it; `?sslmode=verify-full` insists on it and on the name.
    #[arg(long, env = "REGISTRY_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,

    /// Where the registry keeps its files; created if missing
    #[arg(long, env = "REGISTRY_DATA_DIR", value_name = "DIR", default_value = "./registry-data")]
    pub data_dir: PathBuf,
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct LogFlags {
    /// How the log is written to standard error
    #[arg(long, env = "REGISTRY_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// What is logged: error, warn, info, debug, trace or off, also by module (`info,registry_server::store=debug`)
    #[arg(long, env = "REGISTRY_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}

impl Place {
    /// The database to open.
    ///
    /// # Errors
    /// A sentence that names the flag and repeats nothing of the URL.
    pub fn target(&self) -> Result<Target, String> {
        match &self.database_url {
            Some(DatabaseUrl(Ok(target))) => Ok(target.clone()),
            Some(DatabaseUrl(Err(why))) => Err(format!("--database-url (or REGISTRY_DATABASE_URL): {why}")),
            None => Ok(Target::Sqlite(self.data_dir.join("registry.db"))),
        }
    }
}

/// What a server does about migrations that its database has not had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MigrationsFlag {
    /// Applies them.
    Auto,
    /// Refuses to start, and names them.
    Check,
    /// Does not look for them.
    Off,
}

impl From<MigrationsFlag> for Migrating {
    fn from(flag: MigrationsFlag) -> Self {
        match flag {
            MigrationsFlag::Auto => Self::Auto,
            MigrationsFlag::Check => Self::Check,
            MigrationsFlag::Off => Self::Off,
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The URL of a database. `Debug` says only which kind.
///
/// One that cannot be used is refused by [`Place::target`] and not while the arguments are read, because what
/// refuses it there repeats it, with the password that may be in it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Result<Target, BadUrl>);

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        Self(url.parse())
    }
}

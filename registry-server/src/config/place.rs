//! What every command of the server is told: the file with settings, and where the database is.
//!
//! May not: repeat a URL, in which there may be a password.

use super::secret_file;
use crate::store::{BadUrl, Migrating, Target};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Database")]
pub struct Place {
    /// A TOML file with settings: `registry-server config init` writes one. What flags and the environment say wins. No file is read that is not named
    #[arg(long, env = "REGISTRY_CONFIG", value_name = "FILE", help_heading = "Configuration")]
    pub config: Option<PathBuf>,

    /// The database: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE` [default: the file registry.db in the data directory]
    ///
    /// The password is better given by the environment variable or in a file, because a flag can be read by everybody on
    /// the machine. Tested with PostgreSQL 15; a connection pooler in front of it must pool sessions, not
    /// transactions. TLS is used if the server offers it; `?sslmode=verify-full` insists on it and on the name.
    #[arg(long, env = "REGISTRY_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,

    /// A file with that URL and nothing else, for nobody but its owner
    #[arg(long, env = "REGISTRY_DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,

    /// Where the registry keeps its files; created if missing
    #[arg(long, env = "REGISTRY_DATA_DIR", value_name = "DIR", default_value = "./registry-data")]
    pub data_dir: PathBuf,
}

/// What is done about migrations.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Database")]
pub struct Migrations {
    /// What is done about migrations that the database has not had. It is compared with what this server needs in any case
    ///
    /// `auto` applies them before anything is served; of several servers that start at once, one does. `check` refuses to start and
    /// names them: apply them with `registry-server migrate up`. `off` does not look for them.
    #[arg(long, env = "REGISTRY_MIGRATIONS", value_name = "WHAT", default_value = "auto")]
    pub migrations: MigrationsFlag,
}

const URL: &str = "--database-url (or REGISTRY_DATABASE_URL)";
const URL_FILE: &str = "--database-url-file (or REGISTRY_DATABASE_URL_FILE)";

impl Place {
    /// The database to open.
    ///
    /// # Errors
    /// A sentence that names the flag and repeats nothing of the URL.
    pub fn target(&self) -> Result<Target, String> {
        let bad = |given: &str, why: &BadUrl| format!("{given}: {why}");
        match (&self.database_url, &self.database_url_file) {
            (Some(_), Some(_)) => Err(format!("{URL} and {URL_FILE} are both given: leave one of them out")),
            (Some(DatabaseUrl(Ok(target))), None) => Ok(target.clone()),
            (Some(DatabaseUrl(Err(why))), None) => Err(bad(URL, why)),
            (None, Some(file)) => {
                secret_file::read(URL_FILE, file)?.parse().map_err(|why| bad(&format!("{URL_FILE} {}", file.display()), &why))
            }
            (None, None) => Ok(Target::Sqlite(self.data_dir.join("registry.db"))),
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

/// The URL of a database. `Debug` says only which kind.
///
/// One that cannot be used is refused by [`Place::target`] and not while the arguments are read, because what
/// refuses it there repeats it, with the password that may be in it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Result<Target, BadUrl>);

impl DatabaseUrl {
    /// As it can be shown: where it leads, and that there is a password if there is one.
    pub(super) fn shown(&self) -> Option<String> {
        self.0.as_ref().ok().map(Target::redacted)
    }
}

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

//! Where a database is: parsed once, checked whole, and never shown with its password.
//!
//! May not: connect.

use super::backend::Backend;
use sea_orm::sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the database is. `Debug` and `Display` leave out the password.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A SQLite file. Its directory exists.
    Sqlite(PathBuf),
    /// A PostgreSQL URL.
    Postgres(String),
}

impl Target {
    /// The database that speaks here.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// The URL as it can be shown: `***` where there is a password, and of the parameters only what no secret can be in.
    #[must_use]
    pub fn redacted(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => redacted(url),
        }
    }

    /// Whether there is a password in it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(url) => has_password(url),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite {}", path.display()),
            Self::Postgres(url) => f.write_str(&without_credentials(url)),
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({self})")
    }
}

/// Host, port and database of a URL; user, password and parameters are nobody's business.
fn without_credentials(url: &str) -> String {
    let Ok(options) = url.parse::<PgConnectOptions>() else { return "postgres".to_owned() };
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("postgres {}:{}/{database}", options.get_host(), options.get_port())
}

/// Put together from what the driver understood, so that nothing of a password is taken for something else.
fn redacted(url: &str) -> String {
    let Ok(options) = url.parse::<PgConnectOptions>() else { return "postgres://***".to_owned() };
    let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
    let database = options.get_database().unwrap_or(user);
    let password = if has_password(url) { ":***" } else { "" };
    let (_, parameters) = url.split_once('?').unwrap_or_default();
    let tls = parameters.split('&').find(|pair| pair.starts_with("sslmode=")).map(|pair| format!("?{pair}"));
    format!("postgres://{user}{password}@{host}:{port}/{database}{}", tls.unwrap_or_default())
}

fn has_password(url: &str) -> bool {
    let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (_, place) = place.split_once("://").unwrap_or_default();
    let in_front = place.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    in_front || parameters.split('&').any(|pair| pair.starts_with("password="))
}

/// Why a URL names no database. Repeats nothing of it: there may be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(&'static str);

/// What may follow the `?` of a PostgreSQL URL. The driver would ignore anything else, and log it with its value.
#[rustfmt::skip]
const PARAMETERS: [&str; 18] = [
    "sslmode", "ssl-mode", "sslrootcert", "ssl-root-cert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key",
    "host", "hostaddr", "port", "dbname", "user", "password", "application_name", "options", "statement-cache-capacity",
];

impl FromStr for Target {
    type Err = BadUrl;

    fn from_str(url: &str) -> Result<Self, BadUrl> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres(url);
        }
        match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            Some(":memory:") => Err(BadUrl("an in-memory database would be gone with the process: name a file")),
            Some(path) if !path.is_empty() && !path.contains('?') => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(_) => Err(BadUrl("expected sqlite:PATH, without parameters")),
            None => Err(BadUrl("expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")),
        }
    }
}

/// Checked here, because whoever else finds a fault in a URL repeats it.
fn postgres(url: &str) -> Result<Target, BadUrl> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let known = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        PARAMETERS.contains(&name) || name.starts_with("options[") || name.starts_with("options%5B")
    };
    if !parameters.split('&').filter(|pair| !pair.is_empty()).all(known) {
        return Err(BadUrl("it has a parameter that is not known (in a user name or password, write `?` as %3F and `&` as %26)"));
    }
    match url.parse::<PgConnectOptions>() {
        Ok(_) => Ok(Target::Postgres(url.to_owned())),
        Err(_) => Err(BadUrl(
            "it cannot be read as postgres://USER:PASSWORD@HOST:PORT/DATABASE (in a user name or password, write `:` as %3A, `/` as %2F and `@` as %40)",
        )),
    }
}

//! A database for one test: a file in a directory of its own, or a schema of its own.

use registry_server::storage::StorageTarget;
use registry_server::store::Target;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::sync::Arc;
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite,
    /// A schema in the server that `REGISTRY_TEST_POSTGRES_URL` names.
    Postgres,
}

/// A fresh, empty database, and a directory for the bytes of its artifacts. Files go with the last of these values; a schema goes
/// with its throw-away server.
#[derive(Debug)]
pub struct Fresh {
    pub(crate) target: Target,
    directory: Arc<TempDir>,
}

impl Fresh {
    /// What a server is told to find it.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Its URL, as a server is told.
    #[must_use]
    pub fn url(&self) -> String {
        url(&self.target)
    }

    /// The same, with settings for every session of a server; a file has none.
    #[must_use]
    pub fn with_session(self, settings: &[(&str, &str)]) -> Self {
        let target = match self.target {
            Target::Sqlite(path) => Target::Sqlite(path),
            // Its URL ends with the options of a session.
            Target::Postgres(url) => {
                let settings: String = settings.iter().map(|(name, value)| format!("%20-c{name}%3D{value}")).collect();
                Target::Postgres(url + &settings)
            }
        };
        Self { target, ..self }
    }

    /// A connection to it, without a server. The file is there afterwards.
    pub async fn connect(&self) -> DatabaseConnection {
        match &self.target {
            Target::Sqlite(path) => connect(&format!("sqlite:{}?mode=rwc", path.display())).await,
            Target::Postgres(url) => connect(url).await,
        }
    }

    /// Where the bytes of its artifacts are.
    #[must_use]
    pub fn storage(&self) -> StorageTarget {
        StorageTarget::Directory(self.directory.path().join("artifacts"))
    }

    /// The same database once more. A file goes with the last of them.
    #[must_use]
    pub fn again(&self) -> Self {
        self.shared(&self.target)
    }

    /// The same database for another server, which may reach it elsewhere.
    pub(crate) fn shared(&self, target: &Target) -> Self {
        Self { target: target.clone(), directory: Arc::clone(&self.directory) }
    }
}

impl Database {
    /// A new, empty one.
    pub async fn fresh(self) -> Fresh {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        match self {
            Self::Sqlite => {
                let target = Target::Sqlite(directory.path().join("registry.db"));
                Fresh { target, directory }
            }
            Self::Postgres => {
                let base = postgres_url();
                let schema = format!("t_{}", uuid::Uuid::now_v7().simple());
                connect(&base).await.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.expect("a schema");
                let mark = if base.contains('?') { '&' } else { '?' };
                Fresh { target: Target::Postgres(format!("{base}{mark}options=-csearch_path%3D{schema}")), directory }
            }
        }
    }
}

fn postgres_url() -> String {
    std::env::var("REGISTRY_TEST_POSTGRES_URL")
        .expect("REGISTRY_TEST_POSTGRES_URL is not set: `tests/run` starts a PostgreSQL and sets it; without the feature `postgres` only SQLite is tested")
}

/// The URL that the server itself would be started with.
pub(crate) fn url(target: &Target) -> String {
    match target {
        Target::Sqlite(path) => format!("sqlite:{}", path.display()),
        Target::Postgres(url) => url.clone(),
    }
}

pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    sea_orm::Database::connect(url).await.expect("a connection to the database of the test")
}

/// Says something to a database behind every server's back.
///
/// # Panics
/// If it refuses.
pub async fn run_sql(url: &str, sql: &str) {
    let db = connect(url).await;
    db.execute_unprepared(sql).await.expect("a statement that works");
    db.close().await.expect("a connection that closes");
}

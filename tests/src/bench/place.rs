//! Where a registry keeps its rows while it is measured.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// What `REGISTRY_TEST_POSTGRES_URL` names.
    Postgres,
}

impl Kind {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A database, and a directory for whatever else the server writes. Both go with this value, unless they are kept.
#[derive(Debug)]
pub struct Place {
    kind: Kind,
    url: String,
    directory: PathBuf,
    /// Removed with this value.
    _temporary: Option<TempDir>,
}

impl Place {
    /// A new, empty one.
    ///
    /// # Panics
    /// If there is none to be had.
    pub async fn fresh(kind: Kind) -> Self {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let directory = temporary.path().to_owned();
        let url = match kind {
            Kind::Sqlite => sqlite(&directory),
            Kind::Postgres => schema(&format!("b_{}", uuid::Uuid::now_v7().simple())).await,
        };
        Self { kind, url, directory, _temporary: Some(temporary) }
    }

    /// The one of that name, which stays.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn kept(kind: Kind, under: &Path, name: &str) -> Self {
        let directory = under.join(format!("{name}-{}", kind.name().to_lowercase()));
        std::fs::create_dir_all(&directory).expect("a directory to keep databases in");
        let url = match kind {
            Kind::Sqlite => sqlite(&directory),
            Kind::Postgres => schema(&format!("kept_{}", name.replace('-', "_"))).await,
        };
        Self { kind, url, directory, _temporary: None }
    }

    /// Which kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// As a server is told.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Where the server runs.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A connection to it.
    pub async fn connect(&self) -> DatabaseConnection {
        let url = match self.kind {
            Kind::Sqlite => format!("{}?mode=rwc", self.url),
            Kind::Postgres => self.url.clone(),
        };
        crate::database::connect(&url).await
    }
}

fn sqlite(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("registry.db").display())
}

async fn schema(name: &str) -> String {
    let base = std::env::var("REGISTRY_TEST_POSTGRES_URL").expect("REGISTRY_TEST_POSTGRES_URL is not set: see --help");
    let db = crate::database::connect(&base).await;
    db.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {name}")).await.expect("a schema");
    let mark = if base.contains('?') { '&' } else { '?' };
    format!("{base}{mark}options=-csearch_path%3D{name}")
}

//! Where a registry keeps its rows while it is measured.

use super::slow::SlowDisk;
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
    /// What is loaded into whoever writes to it.
    library: Option<PathBuf>,
    /// Removed with this value.
    temporary: Option<TempDir>,
}

impl Place {
    /// A new, empty one.
    ///
    /// # Panics
    /// If there is none to be had.
    pub async fn fresh(kind: Kind) -> Self {
        Self::temporary(kind, tempfile::tempdir().expect("a temporary directory"), None).await
    }

    /// A new, empty one below a directory: on the disk that is meant, where that is measured too. A slow disk must be for this kind.
    ///
    /// # Panics
    /// If there is none to be had.
    pub async fn fresh_below(kind: Kind, directory: &Path, disk: Option<&SlowDisk>) -> Self {
        std::fs::create_dir_all(directory).expect("a directory for databases");
        let temporary = tempfile::tempdir_in(directory).expect("a directory for a database");
        let place = Self::temporary(kind, temporary, disk.and_then(SlowDisk::postgres)).await;
        Self { library: disk.filter(|_| kind == Kind::Sqlite).map(|disk| disk.library().to_owned()), ..place }
    }

    async fn temporary(kind: Kind, temporary: TempDir, postgres: Option<&str>) -> Self {
        let directory = temporary.path().to_owned();
        let url = match kind {
            Kind::Sqlite => sqlite(&directory),
            Kind::Postgres => {
                let base = postgres.map_or_else(base, str::to_owned);
                schema(&base, &format!("b_{}", uuid::Uuid::now_v7().simple())).await
            }
        };
        Self { kind, url, directory, library: None, temporary: Some(temporary) }
    }

    /// Removes what was temporary, also from PostgreSQL. Nobody may be connected to it any more.
    ///
    /// # Panics
    /// If it cannot be removed.
    pub async fn remove(self) {
        if let (Kind::Postgres, true) = (self.kind, self.temporary.is_some()) {
            let db = self.connect().await;
            let drop = "DO $$ BEGIN EXECUTE format('DROP SCHEMA %I CASCADE', current_schema()); END $$";
            db.execute_unprepared(drop).await.expect("a schema that can be dropped");
            db.close().await.expect("a connection that closes");
        }
    }

    /// The one of that name, which stays.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn kept(kind: Kind, under: &Path, name: &str) -> Self {
        let directory = under.join(format!("{name}-{}", kind.name().to_lowercase()));
        std::fs::create_dir_all(&directory).expect("a directory to keep databases in");
        let _ = std::fs::remove_file(directory.join("server.log")); // of the last time, if there was one
        let url = match kind {
            Kind::Sqlite => sqlite(&directory),
            Kind::Postgres => schema(&base(), &format!("kept_{}", name.replace('-', "_"))).await,
        };
        Self { kind, url, directory, library: None, temporary: None }
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

    /// What is loaded into whoever writes to it, if its disk is slow.
    #[must_use]
    pub fn library(&self) -> Option<&Path> {
        self.library.as_deref()
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

fn base() -> String {
    std::env::var("REGISTRY_TEST_POSTGRES_URL").expect("REGISTRY_TEST_POSTGRES_URL is not set: see --help")
}

async fn schema(base: &str, name: &str) -> String {
    let db = crate::database::connect(base).await;
    db.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {name}")).await.expect("a schema");
    let mark = if base.contains('?') { '&' } else { '?' };
    format!("{base}{mark}options=-csearch_path%3D{name}")
}

//! A slow disk: `lib/slow_fsync.c`, loaded into whoever writes, lets it take 4 ms longer until something is durable.
//!
//! May not: make anything less durable than it is.

use super::place::Kind;
use crate::cluster::Cluster;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// How long it takes at the least.
pub const DELAY: &str = "4 ms";

/// A disk that is slow for one kind of database. It goes with this value, and a PostgreSQL of its own with it.
#[derive(Debug)]
pub struct SlowDisk {
    library: PathBuf,
    cluster: Option<Cluster>,
    _directory: TempDir,
}

impl SlowDisk {
    /// For what is measured on that kind of database. On SQLite it is the server that writes, on PostgreSQL a PostgreSQL of its own.
    ///
    /// # Panics
    /// If there is no C compiler, or no PostgreSQL.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        // PostgreSQL may run as another user, who must get through.
        let open = Permissions::from_mode(0o755);
        let directory = tempfile::Builder::new().permissions(open).tempdir().expect("a temporary directory");
        let library = compiled(directory.path());
        let cluster = (kind == Kind::Postgres).then(|| {
            let cluster = Cluster::create();
            cluster.load(&library);
            cluster
        });
        Self { library, cluster, _directory: directory }
    }

    /// What is loaded into a program that writes to files.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// The PostgreSQL whose disk it is, if there is one.
    #[must_use]
    pub fn postgres(&self) -> Option<&str> {
        self.cluster.as_ref().map(Cluster::url)
    }
}

fn compiled(directory: &Path) -> PathBuf {
    let library = directory.join("slow_fsync.so");
    let mut compile = Command::new("cc");
    compile.args(["-std=gnu11", "-Wall", "-Werror", "-O2", "-shared", "-fPIC", "-o"]).arg(&library);
    compile.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/lib/slow_fsync.c")).arg("-ldl");
    assert!(compile.status().expect("cc, a C compiler").success(), "the slow disk does not compile");
    library
}

//! A PostgreSQL of one's own, to crash and start again. Made by `tests/lib/postgres.sh`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A server that nobody else uses. It goes with this value.
#[derive(Debug)]
pub struct Cluster {
    directory: TempDir,
    url: String,
}

impl Cluster {
    /// A new one, which runs.
    ///
    /// # Panics
    /// If there is no PostgreSQL.
    #[must_use]
    pub fn create() -> Self {
        // PostgreSQL may run as another user, who must get through.
        let directory =
            tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().expect("a temporary directory");
        let url = control("create", &directory);
        Self { directory, url }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it without a warning to anybody: what it has not written, it has to recover.
    pub fn crash(&self) {
        control("crash", &self.directory);
    }

    /// Starts it again, where it was.
    pub fn start(&self) {
        control("start", &self.directory);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        control("destroy", &self.directory);
    }
}

fn control(command: &str, directory: &TempDir) -> String {
    let program = std::env::var_os("REGISTRY_TEST_POSTGRES_CTL").map(PathBuf::from);
    let program = program.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/lib/postgres.sh").into());
    let output = Command::new(&program).arg(command).arg(directory.path().join("pg")).output().expect("tests/lib/postgres.sh");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

//! A PostgreSQL of one's own, to crash and start again. Made by `tests/lib/postgres.sh`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
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

    /// Ends it in order, and starts it again with a library that is loaded before all others.
    ///
    /// # Panics
    /// If it is not loaded: the dynamic linker only mentions that.
    pub fn load(&self, library: &Path) {
        control("stop", &self.directory);
        run(control_of("start", &self.directory).env("LD_PRELOAD", library));
        let pid = std::fs::read_to_string(self.directory.path().join("pg/data/postmaster.pid")).expect("a server that runs");
        let pid = pid.lines().next().unwrap_or_default();
        let loaded = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("what a process of this user has loaded");
        assert!(loaded.contains(&library.display().to_string()), "{} is not loaded", library.display());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        control("destroy", &self.directory);
    }
}

fn control(command: &str, directory: &TempDir) -> String {
    run(&mut control_of(command, directory))
}

fn control_of(command: &str, directory: &TempDir) -> Command {
    let program = std::env::var_os("REGISTRY_TEST_POSTGRES_CTL").map(PathBuf::from);
    let mut control = Command::new(program.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/lib/postgres.sh").into()));
    control.arg(command).arg(directory.path().join("pg"));
    control
}

fn run(control: &mut Command) -> String {
    let output = control.output().expect("tests/lib/postgres.sh");
    assert!(output.status.success(), "{control:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

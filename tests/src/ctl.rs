//! The built `registryctl`, run as its users run it: with an address, a key and arguments.
//!
//! May not: know what a file of its holds.

use crate::binary::registryctl;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than any command of a test takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// What one run came to.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
    /// What it wrote to standard error, for people.
    pub said: String,
}

impl Ran {
    /// Its exit code; unset if it was killed.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// What it said, if it has done what it is for.
    ///
    /// # Panics
    /// If it has not.
    pub fn done(self) -> String {
        assert!(self.status.success(), "{:?}: {}", self.status, self.said);
        self.said
    }
}

/// A command that is to be run against a registry, by an admin, with nothing else in its environment.
#[must_use]
pub fn command<I: AsRef<OsStr>>(endpoint: &str, arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(registryctl());
    command.env_clear().env("REGISTRY_ENDPOINT", endpoint).env("REGISTRY_API_KEY", crate::keys::ADMIN).args(arguments);
    // Not what whoever runs the tests has remembered.
    command.env("REGISTRYCTL_CONFIG", "/nowhere/config.toml");
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
///
/// # Panics
/// If it has none.
pub async fn run<I: AsRef<OsStr>>(endpoint: &str, arguments: impl IntoIterator<Item = I>) -> Ran {
    wait(start(endpoint, arguments)).await
}

/// Runs a command to its end, which reads this file.
///
/// # Panics
/// If it has no end, or the file cannot be read.
pub async fn run_with_input<I: AsRef<OsStr>>(endpoint: &str, arguments: impl IntoIterator<Item = I>, input: &Path) -> Ran {
    let mut command = command(endpoint, arguments);
    command.stdin(std::fs::File::open(input).expect("a file"));
    wait(command.spawn().expect("a program that can be executed")).await
}

/// Starts a command.
///
/// # Panics
/// If it cannot be executed.
pub fn start<I: AsRef<OsStr>>(endpoint: &str, arguments: impl IntoIterator<Item = I>) -> Child {
    command(endpoint, arguments).spawn().expect("a program that can be executed")
}

/// Waits for the end of a command that was started.
///
/// # Panics
/// If there is none.
pub async fn wait(child: Child) -> Ran {
    let Output { status, stdout, stderr } = timeout(PATIENCE, child.wait_with_output())
        .await
        .expect("a command that ends")
        .expect("a command that can be waited for");
    Ran { status, output: stdout, said: String::from_utf8_lossy(&stderr).into_owned() }
}

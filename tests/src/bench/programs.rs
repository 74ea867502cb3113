//! The programs that are measured: of the release profile, with the features that a release has, hence without those that tests add.

use crate::binary::executables;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The server.
///
/// # Panics
/// If it does not build.
#[must_use]
pub fn server() -> &'static Path {
    built("registry-server")
}

/// `registryctl`.
///
/// # Panics
/// If it does not build.
#[must_use]
pub fn registryctl() -> &'static Path {
    built("registryctl")
}

fn built(program: &str) -> &'static Path {
    static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let mut programs = PROGRAMS.get_or_init(build).iter();
    programs.find(|path| path.file_stem().is_some_and(|name| name == program)).expect("cargo names the program")
}

fn build() -> Vec<PathBuf> {
    let packages =
        ["--release", "--package", "registry-server", "--package", "registry-client", "--features", "registry-client/cli"];
    executables(&[&packages[..], &["--bin", "registry-server", "--bin", "registryctl"]].concat())
}

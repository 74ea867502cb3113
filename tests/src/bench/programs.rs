//! The programs that are measured: of the release profile, with the features that a release has, hence without those that tests add.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--release",
        "--package",
        "registry-server",
        "--package",
        "registry-client",
        "--features",
        "registry-client/cli",
    ]);
    build.args(["--bin", "registry-server", "--bin", "registryctl", "--message-format=json-render-diagnostics"]);
    // Build scripts that look at what cargo tells this program would run again.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            build.env_remove(name);
        }
    }
    let build = build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = build.output().expect("cargo, which builds what is measured");
    assert!(output.status.success(), "the programs do not build");
    let messages = String::from_utf8(output.stdout).expect("UTF-8 from cargo");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
}

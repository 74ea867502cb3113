//! Every version is said in one place, and everything that tells it says the same.

use super::text;
use registry_proto::version::{CONTRACT, PACKAGE};
use registry_tests::binary::{Binary, executable, registryctl};
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The second column of a row of the table in docs/VERSIONS.md.
fn documented(what: &str) -> String {
    let table = text("docs/VERSIONS.md");
    let row = table.lines().find_map(|line| line.strip_prefix(&format!("| {what} | "))).expect("a row of the table");
    row.split(" | ").next().expect("a column").to_owned()
}

fn told_by(program: &Path, flag: &str) -> String {
    let output = Command::new(program).arg(flag).env_clear().output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The table of versions is true.
#[test]
fn the_table_of_versions_is_true() {
    assert_eq!(documented("server"), VERSION);
    assert_eq!(documented("client and `registryctl`"), VERSION);
    assert_eq!(documented("contract"), format!("{PACKAGE} {CONTRACT}"));
    assert_eq!(documented("Rust"), env!("CARGO_PKG_RUST_VERSION"));
}

/// The newest entry of the changelog is about this version.
#[test]
fn the_changelog_begins_with_this_version() {
    let changelog = text("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## ")).expect("an entry");
    assert!(newest.starts_with(&format!("[{VERSION}]")), "{newest}");
}

/// The contract's version is of the package that every proto names, and of the newest release that this one has in it.
#[test]
fn the_contract_is_of_its_package() {
    let major = PACKAGE.rsplit_once(".v").expect("a version").1;
    assert_eq!(CONTRACT.split_once('.').expect("two numbers").0, major);
    for file in ["model", "release", "system_service", "watch_service"] {
        assert!(text(&format!("proto/modelregistry/v1/{file}.proto")).contains(&format!("\npackage {PACKAGE};\n")), "{file}");
    }
}

/// Both programs say which they are, of which contract, and of which sources if they were told.
#[test]
fn programs_tell_their_version_and_their_contract() {
    for (name, program) in [("registry-server", executable()), ("registryctl", registryctl())] {
        let commit = registry_proto::version::COMMIT.unwrap_or("unknown");
        assert_eq!(
            told_by(program, "--version"),
            format!("{name} {VERSION}\ncontract: {PACKAGE} {CONTRACT}\ncommit: {commit}\n")
        );
        assert_eq!(told_by(program, "-V"), format!("{name} {VERSION}\n"));
    }
}

/// A server tells its callers the same as its operator.
#[tokio::test]
async fn the_server_tells_its_version_and_its_package() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let info = server.client().await.server_info().send().await.unwrap();
    assert_eq!((info.server_version.as_str(), info.api_packages.as_slice()), (VERSION, &[PACKAGE.to_owned()][..]));
    server.stop().await;
}

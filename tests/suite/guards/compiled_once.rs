//! Tests and programs are compiled from the same crates with the same features: one feature more on either side, and everything that
//! depends on that crate is compiled twice, which takes minutes and breaks nothing else.

use std::collections::BTreeSet;
use std::process::Command;

/// Every crate with its version and features, without those of the workspace, whose features are switches of tests.
fn crates(edges: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tree = Command::new(cargo);
    tree.args(["tree", "--offline", "--workspace", "--edges", edges, "--prefix", "none", "--format", "{p} {f}"]);
    let output = tree.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8 from cargo");
    text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).filter(|line| !line.starts_with("registry-")).collect()
}

#[test]
fn programs_are_not_compiled_again_for_tests() {
    let (programs, tests) = (crates("normal,build"), crates("normal,build,dev"));
    assert!(programs.len() > 100, "{programs:?}");
    let other: Vec<_> = programs.difference(&tests).collect();
    assert!(other.is_empty(), "tests have these with other features, so add those to tests/Cargo.toml: {other:#?}");
}

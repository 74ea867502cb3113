//! What is checked in is what the generator writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;

const ADVICE: &str = "run `cargo run -p registry-codegen` and commit what it writes";

#[test]
fn the_generated_files_are_up_to_date() {
    let directory = registry_codegen::proto_dir().join("src/generated");
    for (path, content) in registry_codegen::generate().unwrap() {
        let found = std::fs::read(directory.join(&path)).unwrap_or_default();
        assert!(found == content, "proto/src/generated/{} is not what the protos say: {ADVICE}", path.display());
    }
}

#[test]
fn nothing_else_lies_among_the_generated_files() {
    let expected: BTreeSet<OsString> = registry_codegen::generate().unwrap().into_keys().map(OsString::from).collect();
    let entries = std::fs::read_dir(registry_codegen::proto_dir().join("src/generated")).unwrap();
    let found: BTreeSet<OsString> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(found, expected, "{ADVICE}");
}

#[test]
fn generating_twice_gives_the_same_bytes() {
    assert!(registry_codegen::generate().unwrap() == registry_codegen::generate().unwrap());
}

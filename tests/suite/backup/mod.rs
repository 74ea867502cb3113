//! Backups of a database, and registries out of them, by the built executable.

mod load;
mod refusals;
mod watchers;

use registry_tests::binary::{Binary, Exited};
use registry_tests::{Fresh, Harness};
use std::path::Path;
use tempfile::TempDir;

/// Runs a command of the server on a database.
async fn run(database: &str, arguments: &[&str]) -> Exited {
    let nowhere = TempDir::new().expect("a directory");
    Binary::in_directory(nowhere.path()).env("REGISTRY_DATABASE_URL", database).args(arguments).run().await
}

/// It did what it was told, and this is the line that it said.
fn done(exited: Exited) -> String {
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    exited.output
}

/// It did nothing, and said why.
fn refused(exited: &Exited, sentence: &str) {
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    assert!(exited.log.contains(sentence), "{sentence:?} is not in {:?}", exited.log);
    assert!(exited.output.is_empty() && !exited.log.contains("panicked"), "{exited:?}");
}

async fn back_up(registry: &Harness, file: &Path) -> String {
    done(run(&registry.url(), &["backup", file.to_str().expect("UTF-8")]).await)
}

async fn restore(file: &Path, fresh: &Fresh) -> String {
    done(run(&fresh.url(), &["restore", file.to_str().expect("UTF-8")]).await)
}

/// The revision in what a command said.
fn revision(line: &str) -> i64 {
    let (_, rest) = line.split_once("revision ").expect("a revision");
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().expect("a number")
}

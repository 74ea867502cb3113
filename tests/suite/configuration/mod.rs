//! What the server is told: flags, environment, file and defaults, and what it says of them.

mod check;
mod file;
mod forms;
mod health;
mod init;
mod secrets;
mod sources;

use registry_tests::binary::{Binary, Exited};
use std::path::Path;

/// A program that is told nothing by its environment.
fn quiet(directory: &Path) -> Binary {
    let set = [
        "REGISTRY_BOOTSTRAP_ADMIN_KEY",
        "REGISTRY_SHUTDOWN_DELAY",
        "REGISTRY_ADMIN_LISTEN",
        "REGISTRY_MAX_CALLS_PER_SECOND",
        "REGISTRY_MAX_FAILED_AUTHENTICATIONS",
    ];
    set.into_iter().fold(Binary::in_directory(directory), Binary::without_env)
}

fn succeeded(exited: &Exited) {
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
}

/// It ended with a sentence.
fn refused(exited: &Exited, sentence: &str) {
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    assert!(exited.log.contains(sentence) && !exited.log.contains("panicked"), "{sentence:?} is not in {:?}", exited.log);
}

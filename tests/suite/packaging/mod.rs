//! What the registry is packed into, and what it owes to whoever starts it. What the readers of those files say of them is asked by
//! `tests/deploy`; here is what only the programs know.

mod image;
mod settings;
mod systemd;
mod versions;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the repository.
fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below a directory of the repository, as a path from its root.
fn files(directory: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(directory)).expect("a directory") {
        let entry = entry.expect("an entry");
        let path = format!("{directory}/{}", entry.file_name().to_str().expect("a name of a file"));
        if entry.file_type().expect("a type").is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

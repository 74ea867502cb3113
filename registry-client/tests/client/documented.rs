//! The documentation of the client, as a text.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The public methods of `impl Client` in a source, each with whether what is said of it has an example.
fn methods(source: &str) -> Vec<(String, bool)> {
    let (mut found, mut inside, mut example) = (Vec::new(), false, false);
    for line in source.lines() {
        let code = line.trim_start();
        let after = code.strip_prefix("pub fn ").or_else(|| code.strip_prefix("pub async fn "));
        match (line, after) {
            ("impl Client {", _) => inside = true,
            ("}", _) => inside = false,
            (_, Some(after)) if inside => {
                let name = after.split(['(', '<']).next().unwrap();
                found.push((name.to_owned(), std::mem::take(&mut example)));
            }
            _ if code.starts_with("/// ```") => example = true,
            _ if code.starts_with("///") || code.starts_with("#[") => {}
            _ => example = false,
        }
    }
    found
}

#[test]
fn every_method_of_a_client_has_an_example() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let methods: Vec<_> = sources.iter().flat_map(|path| methods(&fs::read_to_string(path).unwrap())).collect();
    assert!(methods.len() > 80, "{}", methods.len());
    let without: Vec<_> = methods.iter().filter(|(_, example)| !example).map(|(name, _)| name).collect();
    assert!(without.is_empty(), "no example: {without:?}");
}

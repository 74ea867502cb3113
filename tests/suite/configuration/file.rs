//! Files that say something wrong: told with their line, all at once, and nothing of a value.

use super::{quiet, refused};
use std::path::Path;
use tempfile::tempdir;

/// What is said of such a file.
async fn said(directory: &Path, text: &str) -> String {
    std::fs::write(directory.join("bad.toml"), text).unwrap();
    let exited = quiet(directory).args(["config", "check", "--config", "bad.toml"]).run().await;
    refused(&exited, "");
    assert!(!exited.log.contains("c4n4ry"), "{text:?}: {}", exited.log);
    let served = quiet(directory).args(["--config", "bad.toml"]).run().await;
    assert_eq!(served.log, exited.log, "the server says the same");
    exited.log
}

/// Each fault with its line and its key, in the words of the rule.
#[tokio::test]
async fn a_fault_is_told_with_its_line() {
    let directory = tempdir().unwrap();
    for (text, sentence) in [
        ("max_watchs = 3", "bad.toml:1: max_watchs: there is no such setting: did you mean max_watches?"),
        ("\n# more\nmax-watches = 3", "bad.toml:3: max-watches: there is no such setting: did you mean max_watches?"),
        ("colour = 3", "bad.toml:1: colour: there is no such setting: `registry-server config init -`"),
        ("config = \"other.toml\"", "bad.toml:1: config: there is no such setting"),
        ("[limits]\nmax_watches = 3", "bad.toml:1: limits: settings are not in tables"),
        ("max_watches = 3\nmax_watches = 4", "bad.toml:2: duplicate key"),
        ("max_watches = \"3\"", "bad.toml:1: max_watches: expected an integer in decimal digits, found a string"),
        ("max_watches = 0x3", "bad.toml:1: max_watches: expected an integer in decimal digits, found an integer"),
        ("max_watches = 1.5", "max_watches: expected an integer in decimal digits, found a number with a fraction"),
        ("max_watches = [3]", "found an array"),
        ("max_watches = 2026-11-22", "found a date or time"),
        ("listen = { port = 3 }", "listen: expected a string, found a table"),
        ("log = true", "log: expected a string, found a boolean"),
        ("insecure_no_auth = \"yes\"", "insecure_no_auth: expected true or false, found a string"),
        ("tls_client_role = \"CN=a:viewer\"", "tls_client_role: expected an array of strings, found a string"),
        ("tls_client_role = [\"CN=a:viewer\", 3]", "tls_client_role: expected an array of strings, found an integer"),
        ("tls_client_role = [\"CN=a:king\"]", "it is viewer, operator or admin"),
        ("log_format = \"xml\"", "log_format: expected one of text, json"),
        ("event_retention = \"0s\"", "event_retention: must be longer than nothing"),
        ("max_exports = 17", "max_exports: expected a whole number, 1 to 16"),
        ("max_artifact_size = \"much\"", "max_artifact_size: expected a size such as 50GiB"),
        ("listen = \"\"", "listen: "),
        ("listen = 127.0.0.1", "bad.toml:1: "),
        ("database_url = \"postgres://u:s3cr3t-c4n4ry@h/db", "bad.toml:1: "),
        ("database_url = \"postgres://u:p@h/db\" s3cr3t-c4n4ry", "bad.toml:1: "),
        ("database_url = s3cr3t-c4n4ry", "bad.toml:1: "),
        ("database_url = \"\\s3cr3t-c4n4ry\"", "bad.toml:1: "),
        ("database_url = [\"s3cr3t-c4n4ry\"]", "database_url: expected a string, found an array"),
        ("database_url = \"mysql://u:s3cr3t-c4n4ry@h/db\"", "database-url"),
        ("max_watches = \"s3cr3t-c4n4ry\"", "found a string"),
    ] {
        let log = said(directory.path(), text).await;
        assert!(log.contains(sentence), "{text:?}: {log}");
    }
    let log = said(directory.path(), "max_watchs = 3\nlisten = \"127.0.0.1:0\"\nlog_format = \"xml\"\nmax_exports = 0\n").await;
    let lines: Vec<_> = log.lines().map(|line| line.split(": ").take(3).collect::<Vec<_>>().join(": ")).collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert!(lines[0].ends_with("bad.toml:1: max_watchs") && lines[1].starts_with("bad.toml:3: log_format"), "{log}");
    assert!(lines[2].starts_with("bad.toml:4: max_exports"), "{log}");
}

/// A file that is not there, or is not a text, is named.
#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("binary.toml"), b"listen = \"\xff\"").unwrap();
    std::fs::write(directory.path().join("large.toml"), "#".repeat(1024 * 1024 + 1)).unwrap();
    for (file, why) in [
        ("nowhere.toml", "cannot be read"),
        (".", "cannot be read"),
        ("binary.toml", "cannot be read"),
        ("large.toml", "is larger than 1 MiB"),
    ] {
        let exited = quiet(directory.path()).env("REGISTRY_CONFIG", file).run().await;
        refused(&exited, &format!("--config (or REGISTRY_CONFIG) {file}: {why}"));
    }
    assert!(!directory.path().join("registry-data").exists());
}

/// Nothing is read that was not named, wherever it lies and whatever it is called.
#[tokio::test]
async fn no_file_is_read_that_was_not_named() {
    let directory = tempdir().unwrap();
    for file in ["registry.toml", "registry-server.toml", "config.toml", ".registry.toml"] {
        std::fs::write(directory.path().join(file), "broken").unwrap();
    }
    let home = directory.path().to_str().unwrap();
    let exited = quiet(directory.path()).env("HOME", home).env("XDG_CONFIG_HOME", home).args(["config", "check"]).run().await;
    super::succeeded(&exited);
}

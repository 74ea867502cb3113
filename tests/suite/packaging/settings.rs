//! What the files in deploy/ tell the server: that it listens to it, and that they agree.

use super::{files, text};
use registry_server::config::{Config, read};
use registry_server::serve::AFTER_GRACE;
use registry_tests::binary::{Binary, executable};
use std::collections::BTreeSet;
use std::process::Command;
use tempfile::tempdir;

/// The names of variables in a text.
fn variables(text: &str) -> BTreeSet<&str> {
    let part = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    text.split(|letter| !part(letter)).filter(|word| word.starts_with("REGISTRY_") && !word.ends_with('_')).collect()
}

/// No file sets what nobody reads. (A secret is also taken from a file that a variable with `_FILE` at its end names.)
#[test]
fn every_setting_is_one_of_the_server() {
    let help = Command::new(executable()).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let known = variables(&help);
    let is_known = |name: &str| known.contains(name) || name.strip_suffix("_FILE").is_some_and(|secret| known.contains(secret));
    let mut seen = 0;
    for file in files("deploy") {
        // What the build is told; what is made to be looked at.
        if file.starts_with("deploy/grafana/") || file.starts_with("deploy/prometheus/") {
            continue;
        }
        let text = text(&file);
        for name in variables(&text).into_iter().filter(|name| *name != "REGISTRY_COMMIT") {
            assert!(is_known(name), "{file} sets {name}, which is not in `registry-server --help`");
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} settings were found");
}

/// Whatever names a version of ours names this one.
#[test]
fn every_image_is_of_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, says) in [
        ("deploy/docker/Dockerfile", format!("org.opencontainers.image.version=\"{version}\"")),
        ("deploy/compose/compose.yaml", format!("image: model-registry:{version}\n")),
        ("deploy/kubernetes/kustomization.yaml", format!("newTag: {version}\n")),
    ] {
        assert!(text(file).contains(&says), "{file} does not say {says}");
    }
}

/// The files beside a file of kustomize that it names, and those that are there.
fn named_and_found(directory: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let kustomization = text(&format!("{directory}/kustomization.yaml"));
    let entries = kustomization.lines().filter_map(|line| line.strip_prefix("  - "));
    let names = entries.map(|entry| entry.strip_prefix("path: ").unwrap_or(entry)).filter(|name| name.ends_with(".yaml"));
    let found = files(directory);
    let found = found.iter().filter_map(|path| path.strip_prefix(&format!("{directory}/")));
    let found = found.filter(|name| name.ends_with(".yaml") && *name != "kustomization.yaml" && !name.contains('/'));
    (names.map(str::to_owned).collect(), found.map(str::to_owned).collect())
}

/// Kustomize puts together what is there, and all of it.
#[test]
fn every_manifest_is_applied() {
    for (directory, least) in [("deploy/kubernetes", 6), ("deploy/kubernetes/metrics", 3)] {
        let (named, found) = named_and_found(directory);
        assert!(named.len() >= least, "{named:?}");
        assert_eq!(named, found, "{directory}");
    }
}

/// A server with the component that has it scraped may start: what it is told goes together, and the container has the port.
#[tokio::test]
async fn metrics_are_where_the_component_says() {
    let directory = tempdir().unwrap();
    let settings = text("deploy/kubernetes/metrics/settings.yaml");
    let (_, data) = settings.split_once("\ndata:\n").expect("the settings");
    let check = Binary::in_directory(directory.path()).args(["config", "check"]);
    let check = data
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .fold(check, |check, (name, value)| check.env(name, value.trim_matches('"')));
    let exited = check.run().await;
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    for file in ["deployment", "network-policy"] {
        assert!(text(&format!("deploy/kubernetes/metrics/{file}.yaml")).contains("50052\n"), "{file}");
    }
}

/// Nobody waits less for a server that leaves than it may take.
#[test]
fn everybody_waits_for_a_server_that_leaves() {
    let seconds = |file: &str, before: &str| -> u64 {
        let text = text(file);
        let (_, after) = text.split_once(before).unwrap_or_else(|| panic!("{file} does not say {before}"));
        after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number of seconds")
    };
    let told = read::<Config>(&["registry-server".into()]).unwrap().arguments.process;
    let grace = (told.shutdown_grace + AFTER_GRACE).as_secs();
    let default_delay = told.shutdown_delay.as_secs();
    assert!(seconds("deploy/systemd/model-registry.service", "\nTimeoutStopSec=") > default_delay + grace);
    assert!(seconds("deploy/compose/compose.yaml", "  stop_grace_period: ") > default_delay + grace);
    let delay = seconds("deploy/kubernetes/settings.yaml", "REGISTRY_SHUTDOWN_DELAY: ");
    assert!(seconds("deploy/kubernetes/deployment.yaml", "terminationGracePeriodSeconds: ") > delay + grace);
}

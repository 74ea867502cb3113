//! What the files in deploy/ tell the server: that it listens to it, and that they agree.

use super::{files, text};
use registry_tests::binary::executable;
use std::collections::BTreeSet;
use std::process::Command;

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

/// Kustomize puts together what is there, and all of it.
#[test]
fn every_manifest_is_applied() {
    let kustomization = text("deploy/kubernetes/kustomization.yaml");
    let named: BTreeSet<_> =
        kustomization.lines().filter_map(|line| line.strip_prefix("  - ")).filter(|name| name.ends_with(".yaml")).collect();
    let found = files("deploy/kubernetes");
    let found: BTreeSet<_> = found.iter().filter_map(|path| path.strip_prefix("deploy/kubernetes/")).collect();
    let found: BTreeSet<_> = found.into_iter().filter(|name| name.ends_with(".yaml") && *name != "kustomization.yaml").collect();
    assert!(named.len() > 5);
    assert_eq!(named, found);
}

/// Nobody waits less for a server that leaves than it may take.
#[test]
fn everybody_waits_for_a_server_that_leaves() {
    let seconds = |file: &str, before: &str| -> u64 {
        let text = text(file);
        let (_, after) = text.split_once(before).unwrap_or_else(|| panic!("{file} does not say {before}"));
        after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number of seconds")
    };
    // The defaults are a delay of a second and a grace of ten; nothing takes a second longer than both.
    let grace = 10 + 1;
    assert!(seconds("deploy/systemd/model-registry.service", "\nTimeoutStopSec=") > 1 + grace);
    assert!(seconds("deploy/compose/compose.yaml", "  stop_grace_period: ") > 1 + grace);
    let delay = seconds("deploy/kubernetes/settings.yaml", "REGISTRY_SHUTDOWN_DELAY: ");
    assert!(seconds("deploy/kubernetes/deployment.yaml", "terminationGracePeriodSeconds: ") > delay + grace);
}

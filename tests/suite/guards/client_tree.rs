//! What the client brings along: nothing of the server, and nothing of the program beside it.

use std::process::Command;

/// The names of the crates in the tree of a user of the client.
fn tree(features: &[&str]) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tree = Command::new(cargo);
    tree.args(["tree", "--offline", "--package", "registry-client", "--edges", "normal", "--prefix", "none"]).args(features);
    let output = tree.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8 from cargo");
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// What is for those who run a registry, and for no one who calls it.
fn is_of_a_server(name: &str) -> bool {
    let families = ["sea-orm", "sqlx", "axum", "libsqlite3", "opentelemetry-otlp", "clap", "openssl-sys", "aws-lc"];
    let ours = ["registry-server", "registry-migration", "registry-testing", "registry-tests"];
    ours.contains(&name) || families.iter().any(|family| name.starts_with(family))
}

#[test]
fn the_client_brings_nothing_of_the_server() {
    for features in [&[][..], &["--no-default-features"], &["--features", "opentelemetry"]] {
        let tree = tree(features);
        assert!(tree.iter().any(|name| name == "tonic"), "{tree:?}");
        let servers: Vec<_> = tree.iter().filter(|name| is_of_a_server(name)).collect();
        assert!(servers.is_empty(), "{features:?}: {servers:?}");
    }
}

/// What is small stays small: a crate more is a decision.
#[test]
fn the_default_features_do_not_trace_for_others() {
    assert!(!tree(&[]).iter().any(|name| name.starts_with("opentelemetry")));
    assert!(!tree(&["--no-default-features"]).iter().any(|name| name == "rustls" || name == "serde_json"));
}

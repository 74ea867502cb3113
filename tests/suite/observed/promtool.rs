//! Prometheus's own checker reads what is scraped, the rules and the test of the rules.

use registry_tests::scraped::scrape;
use registry_tests::{Database, Harness, given};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus").join(path)
}

fn promtool(arguments: &[&str], input: &str) {
    let mut child = Command::new("promtool");
    let child = child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().expect("promtool, which `tests/run` installs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

/// What a server that has been used is scraped for is readable, and named as metrics are named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promtool_finds_nothing_wrong_with_the_metrics() {
    let registry = Harness::start(Database::Sqlite).await;
    given::model(&registry, "a").await;
    registry.client.get_model("b").send().await.unwrap_err();
    promtool(&["check", "metrics"], &scrape(registry.admin_address()).await.text);
}

/// The rules can be loaded, and fire when they should.
#[test]
fn promtool_finds_nothing_wrong_with_the_rules() {
    promtool(&["check", "rules", deploy("alerts.yaml").to_str().expect("UTF-8")], "");
    promtool(&["test", "rules", deploy("alerts.test.yaml").to_str().expect("UTF-8")], "");
}

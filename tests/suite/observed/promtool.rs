//! Prometheus's own checker reads what is scraped, the rules and the test of the rules.

use super::answers::OPEN_METRICS;
use registry_tests::http::ask_with;
use registry_tests::scraped::scrape;
use registry_tests::{Database, Harness, given};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The tests of the rules.
const TESTS: [&str; 2] = ["alerts.test.yaml", "alerts.weeks.test.yaml"];

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus").join(path)
}

fn promtool(arguments: &[&str], input: &str) {
    finds_nothing_wrong(Path::new("promtool"), arguments, input);
}

fn finds_nothing_wrong(program: &Path, arguments: &[&str], input: &str) {
    let mut child = Command::new(program);
    let child = child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().expect("the program, which `tests/run` installs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}: {said}", program.display());
}

/// What a server that has been used is scraped for is readable, and named as metrics are named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promtool_finds_nothing_wrong_with_the_metrics() {
    let registry = Harness::start(Database::Sqlite).await;
    given::model(&registry, "a").await;
    registry.client.get_model("b").send().await.unwrap_err();
    promtool(&["check", "metrics"], &scrape(registry.admin_address()).await.text);
}

/// What Prometheus really asks for, read by a strict reader of OpenMetrics: it finds every family, and the end.
const READ: &str = "import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
names = [family.name for family in families(sys.stdin.read())]
assert {'grpc_server_handled', 'grpc_server_handling_seconds', 'registry_build', 'registry_ready'} <= set(names), names";

/// Whoever accepts OpenMetrics, as Prometheus does, is given OpenMetrics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_open_metrics_finds_nothing_wrong() {
    let registry = Harness::start(Database::Sqlite).await;
    given::model(&registry, "a").await;
    registry.client.get_model("b").send().await.unwrap_err();
    let answer = ask_with(registry.admin_address(), "GET", "/metrics", OPEN_METRICS, "").await.unwrap();
    assert!(answer.head.contains("application/openmetrics-text"), "{}", answer.head);
    let python = std::env::var("REGISTRY_TEST_OPENMETRICS").expect("REGISTRY_TEST_OPENMETRICS, which `tests/run` sets");
    finds_nothing_wrong(Path::new(&python), &["-c", READ], &answer.body);
}

/// The rules can be loaded, and fire when they should.
#[test]
fn promtool_finds_nothing_wrong_with_the_rules() {
    promtool(&["check", "rules", deploy("alerts.yaml").to_str().expect("UTF-8")], "");
    for tests in TESTS {
        promtool(&["test", "rules", deploy(tests).to_str().expect("UTF-8")], "");
    }
}

/// No rule is there of which nobody has seen that it fires.
#[test]
fn every_alert_is_tested() {
    let read = |path| std::fs::read_to_string(deploy(path)).expect("a file");
    let (rules, tests) = (read("alerts.yaml"), TESTS.map(read).concat());
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim_start().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 15, "{alerts:?}");
    for alert in alerts {
        let fires = [format!("alertname: {alert}\n"), format!("alertname=\"{alert}\"")].iter().any(|name| tests.contains(name));
        assert!(fires, "no test says when {alert} fires");
    }
}

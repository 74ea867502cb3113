//! docs/OBSERVABILITY.md, the dashboard and the rules name the metrics that there are, and no others.

use super::SOON;
use registry_server::layer::Rpc;
use registry_server::metrics::Metrics;
use registry_tests::metrics_page::{BEGIN, END, table};
use registry_tests::scraped::scrape;
use registry_tests::{Database, Harness, wait};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const REMOVED: &str = "registry_housekeeping_removed_total";
/// Only where there is TLS.
const CERTIFICATE: &str = "registry_tls_certificate_expiry_timestamp_seconds";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Rewrites the table when told to; then, as ever, compares.
#[test]
fn the_page_has_the_metrics_that_there_are() {
    let page = read("docs/OBSERVABILITY.md");
    let (before, rest) = page.split_once(BEGIN).expect("where the table begins");
    let (found, after) = rest.split_once(END).expect("where the table ends");
    if std::env::var_os("REGISTRY_REWRITE").is_some() {
        std::fs::write(root("docs/OBSERVABILITY.md"), format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert_eq!(found, table(), "REGISTRY_REWRITE=1 cargo test -p registry-tests observed::page");
}

/// Every metric that is registered is described in a scrape of a server that has done something of everything, under the name that the
/// page has for it; and nothing else is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_the_page_is_scraped() {
    let registry = Harness::start(Database::Sqlite).await;
    registry.client.create_model("a", "s3://a").send().await.unwrap();
    registry.client.compact_events(1).send().await.unwrap();
    let tidied = async || Some(scrape(registry.admin_address()).await).filter(|scraped| scraped.describes(REMOVED));
    let scraped = wait::until("housekeeping is done", SOON, tidied).await;
    let metrics = Metrics::new(Rpc::all().map(Rpc::labels));
    let missing: Vec<&str> = metrics.rows().iter().map(|row| row.name.as_str()).filter(|name| !scraped.describes(name)).collect();
    assert_eq!(missing, [CERTIFICATE], "{}", scraped.text);
    let told = scraped.text.lines().filter(|line| line.starts_with("# TYPE ")).count();
    assert_eq!(told, metrics.rows().len() - 1, "{}", scraped.text);
}

/// The names of metrics in an expression: words with an underscore that are followed by no bracket, outside of braces and texts.
fn named(expression: &str) -> BTreeSet<String> {
    let (mut names, mut word, mut depth) = (BTreeSet::new(), String::new(), 0);
    for letter in expression.chars().chain([' ']) {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | ':' if depth == 0 => word.push(letter),
            _ => {
                if letter != '(' && word.contains('_') && ["grpc_", "registry_", "process_"].iter().any(|is| word.starts_with(is))
                {
                    names.insert(word.clone());
                }
                word.clear();
                depth += match letter {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
            }
        }
    }
    names.into_iter().filter(|name| !["grpc_method", "grpc_service", "grpc_code", "grpc_type"].contains(&name.as_str())).collect()
}

fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "expr" => found.push(text.clone()),
                    other => expressions(other, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every metric that the dashboard or a rule asks for is there to be scraped.
#[test]
fn the_dashboard_and_the_rules_ask_for_what_there_is() {
    let metrics = Metrics::new(Rpc::all().map(Rpc::labels));
    let mut known: BTreeSet<String> = BTreeSet::new();
    for row in metrics.rows() {
        match row.kind {
            "histogram" => known.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{}{suffix}", row.name))),
            _ => drop(known.insert(row.name.clone())),
        }
    }
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/model-registry.json")).expect("JSON");
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);
    assert!(asked.len() >= 20, "only {} expressions were found in the dashboard", asked.len());
    let rules = read("deploy/prometheus/alerts.yaml");
    let of_rules: Vec<&str> =
        rules.split("        expr: ").skip(1).filter_map(|rest| rest.split("\n        for:").next()).collect();
    assert!(of_rules.len() >= 10, "only {} expressions were found in the rules", of_rules.len());
    for expression in asked.iter().map(String::as_str).chain(of_rules) {
        let names = named(expression);
        assert!(!names.is_empty(), "nothing is asked: {expression}");
        let unknown: Vec<&String> = names.difference(&known).collect();
        assert!(unknown.is_empty(), "{unknown:?} in {expression}");
    }
    for alert in rules.split("      - alert: ").skip(1) {
        let name = alert.lines().next().unwrap_or_default();
        assert!(alert.contains("runbook: ") && alert.contains("summary: "), "{name} says not what to do");
    }
}

//! The lines of the log: one for each call, which says who called, from where, in which trace and how it ended.

use registry_client::Code;
use registry_tests::binary::Binary;
use registry_tests::frames::Frames;
use registry_tests::watching::{from_now, watch};
use serde_json::Value;
use std::collections::BTreeSet;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// One line a call; a stream has its line when it ends. Each has the fields of docs/LOGGING.md, and no others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_has_one_line_that_says_who_and_how() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).args(["--log-format", "json"]).start().await.unwrap();
    let client = server.client().await;
    client.list_models().send().await.unwrap();
    assert_eq!(client.get_model("nowhere").send().await.unwrap_err().code(), Code::NotFound);
    let stream = watch(&client, from_now()).await;
    let (body, method) = ([0; 5], b"/modelregistry.v1.SystemService/GetServerInfo");
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    Frames::connect(server.address()).await.request(method, &[(b"traceparent", parent.as_bytes())], &body).await;
    drop((stream, client));
    let log = server.stop().await.log;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |method: &str| -> Vec<&Value> {
        let of = lines.iter().filter(|line| line["message"] == "call");
        of.filter(|line| line["span"]["method"].as_str().is_some_and(|path| path.ends_with(method))).collect()
    };
    let fields = |line: &Value| -> BTreeSet<String> { line.as_object().unwrap().keys().cloned().collect() };
    let known = ["timestamp", "level", "message", "target", "code", "duration_us", "caller", "key_id", "span", "spans"];
    let known: BTreeSet<String> = known.map(str::to_owned).into();
    let [listed] = of("/ListModels")[..] else { panic!("{log}") };
    assert_eq!(fields(listed), known, "{listed}");
    assert_eq!((&listed["code"], &listed["caller"]), (&"Ok".into(), &"bootstrap-admin".into()));
    let [missing] = of("/GetModel")[..] else { panic!("{log}") };
    assert_eq!(missing["code"], "NotFound");
    let [watched] = of("/Watch")[..] else { panic!("{log}") };
    assert!(["Cancelled", "Unavailable"].contains(&watched["code"].as_str().unwrap()), "{watched}");
    let traced: Vec<_> = of("/GetServerInfo").into_iter().filter(|line| line["trace_id"] == TRACE).collect();
    assert_eq!(traced.len(), 1, "{log}");
    assert!(!log.contains(registry_tests::keys::ADMIN), "a secret is in the log");
}

//! What is answered over HTTP besides the document of health.

use super::SOON;
use registry_tests::http::{ask, ask_with};
use registry_tests::{Database, Harness, conformance, wait};

/// What Prometheus accepts.
pub(super) const OPEN_METRICS: &str = "accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n";

conformance! {
    /// Liveness, readiness and metrics are there for GET and HEAD, and for nothing else.
    async fn there_are_probes_and_metrics(registry: &Harness) {
        let admin = registry.admin_address();
        for (path, body) in [("/livez", "ok\n"), ("/readyz", "ok\n"), ("/readyz?verbosely", "ok\n")] {
            let answer = ask(admin, "GET", path, "").await.unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
        }
        let verbose = ask(admin, "GET", "/readyz?verbose", "").await.unwrap();
        assert_eq!(verbose.body, "[+]database ok\n[+]storage ok\n[+]serving ok\nok\n");
        for path in ["/livez", "/readyz", "/metrics"] {
            let head = ask(admin, "HEAD", path, "").await.unwrap();
            assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
            assert!(head.head.contains("cache-control: no-store"), "{path}: {}", head.head);
            for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
                assert_eq!(ask(admin, method, path, "{}").await.unwrap().status, 405, "{method} {path}");
            }
        }
        for path in ["/", "/livez/", "/readyz/database", "/metrics/", "/debug/pprof/", "/config"] {
            assert_eq!(ask(admin, "GET", path, "").await.unwrap().status, 404, "{path}");
        }
    }
}

/// Whoever asks for OpenMetrics gets that, and everybody else the format that everybody reads: the same samples in both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_formats_have_the_same_samples() {
    let registry = Harness::start(Database::Sqlite).await;
    let admin = registry.admin_address();
    registry.client.list_models().send().await.unwrap();
    let plain = ask(admin, "GET", "/metrics", "").await.unwrap();
    let open = ask_with(admin, "GET", "/metrics", OPEN_METRICS, "").await.unwrap();
    assert!(plain.head.contains("content-type: text/plain; version=0.0.4"), "{}", plain.head);
    assert!(open.head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", open.head);
    assert!(open.body.ends_with("# EOF\n") && !plain.body.contains("# EOF"), "{}", plain.body);
    let samples = |text: &str| {
        let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        let mut names: Vec<String> = samples.map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(samples(&plain.body), samples(&open.body));
    assert!(plain.body.contains("# TYPE grpc_server_handled_total counter\n"), "{}", plain.body);
    assert!(open.body.contains("# TYPE grpc_server_handled counter\n"), "{}", open.body);
    assert!(plain.body.contains("# TYPE registry_build_info gauge\n"), "{}", plain.body);
}

/// A server that is about to leave is alive, and not to be sent anything more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_alive_and_not_ready() {
    let registry = Harness::start(Database::Sqlite).await;
    let admin = registry.admin_address();
    registry.leave().await;
    let told = async || ask(admin, "GET", "/readyz?verbose", "").await.filter(|answer| answer.status == 503);
    let told = wait::until("it is not ready", SOON, told).await;
    assert_eq!(told.body, "[+]database ok\n[+]storage ok\n[-]serving failed\nnot ready\n");
    assert_eq!(ask(admin, "GET", "/livez", "").await.unwrap().status, 200);
    let metrics = ask(admin, "GET", "/metrics", "").await.unwrap();
    assert!(metrics.body.contains("\nregistry_ready 0\n"), "{}", metrics.body);
}

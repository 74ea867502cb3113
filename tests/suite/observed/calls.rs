//! Every call is counted once, when it ends, under names from a closed set.

use super::SOON;
use registry_client::pb::Role;
use registry_client::{Code, Method};
use registry_tests::frames::Frames;
use registry_tests::scraped::{Scraped, scrape};
use registry_tests::watching::{from_now, watch};
use registry_tests::{Harness, conformance, given, keys, raw, wait};

/// A message with nothing in it.
const NOTHING: [u8; 5] = [0; 5];

/// What the field calls a code.
fn named(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        other => panic!("no empty request is answered {other:?}"),
    }
}

fn labels(method: Method) -> String {
    let kind = match (method.takes_stream(), method.is_streaming()) {
        (false, false) => "unary",
        (false, true) => "server_stream",
        (true, false) => "client_stream",
        (true, true) => "bidi_stream",
    };
    format!("grpc_type=\"{kind}\",grpc_service=\"{}\",grpc_method=\"{}\"", method.service(), method.name())
}

fn handled(scraped: &Scraped, method: Method, code: &str) -> f64 {
    scraped.value(&format!("grpc_server_handled_total{{{},grpc_code=\"{code}\"}}", labels(method)))
}

/// How many calls of a method have ended, however they did.
fn ended(scraped: &Scraped, method: Method) -> f64 {
    scraped.beginning(&format!("grpc_server_handled_total{{{},", labels(method))).map(|(_, count)| count).sum()
}

conformance! {
    /// Each method of the contract, called once, has begun once, ended once with the code its caller was told, and been timed once.
    async fn every_method_is_counted_once_with_its_code(registry: &Harness) {
        let before = scrape(registry.admin_address()).await;
        let mut told = Vec::new();
        for &method in Method::ALL {
            let timeout = if method == Method::Watch { "200m" } else { "20S" };
            let answer = raw::call(registry, method.path(), &[("grpc-timeout", timeout)], NOTHING.to_vec()).await;
            told.push((method, named(answer.status.code())));
        }
        let after = scrape(registry.admin_address()).await;
        for (method, code) in told {
            let labels = labels(method);
            let more = |sample: String| after.value(&sample) - before.value(&sample);
            assert_eq!(more(format!("grpc_server_started_total{{{labels}}}")), 1.0, "{labels}");
            assert_eq!(more(format!("grpc_server_handling_seconds_count{{{labels}}}")), 1.0, "{labels}");
            assert_eq!(handled(&after, method, code) - handled(&before, method, code), 1.0, "{labels} {code}");
            assert_eq!(ended(&after, method) - ended(&before, method), 1.0, "{labels}");
        }
        assert_eq!(after.value("registry_calls_in_flight"), 0.0);
    }

    /// A stream is in flight until it ends; one whose caller goes away has been cancelled.
    async fn a_stream_counts_when_it_ends(registry: &Harness) {
        let admin = registry.admin_address();
        let stream = watch(&registry.client, from_now()).await;
        let open = scrape(admin).await;
        assert_eq!((open.value("registry_calls_in_flight"), open.value("registry_watchers")), (1.0, 1.0));
        assert_eq!(ended(&open, Method::Watch), 0.0);
        drop(stream);
        let gone = async || Some(scrape(admin).await).filter(|scraped| handled(scraped, Method::Watch, "Canceled") == 1.0);
        let gone = wait::until("it is counted", SOON, gone).await;
        assert_eq!((gone.value("registry_calls_in_flight"), gone.value("registry_watchers")), (0.0, 0.0));
    }
}

/// Who is not let in is counted by what was wrong, and a call that is refused because of it has its code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_let_in_is_counted_by_what_was_wrong() {
    let registry = &Harness::start(registry_tests::Database::Sqlite).await;
    let (_, viewer) = keys::make(registry, "viewer", Role::Viewer).await;
    let viewer = format!("Bearer {viewer}");
    let unknown = format!("Bearer mrk_{}_{}", "0".repeat(32), "1".repeat(64));
    let (path, audit) = ("/modelregistry.v1.ModelService/ListModels", "/modelregistry.v1.AuditService/ListAuditEntries");
    for (path, credentials) in [
        (path, vec![]),
        (path, vec![("authorization", "Basic x")]),
        (path, vec![("authorization", unknown.as_str()), ("x-api-key", "x")]),
        (path, vec![("authorization", unknown.as_str())]),
        (audit, vec![("authorization", viewer.as_str())]),
    ] {
        raw::call_without_key(registry, path, &credentials, NOTHING.to_vec()).await;
    }
    let scraped = scrape(registry.admin_address()).await;
    let failures = ["missing", "malformed", "invalid", "role"];
    let failures = failures.map(|kind| scraped.value(&format!("registry_auth_failures_total{{kind=\"{kind}\"}}")));
    assert_eq!(failures, [1.0, 2.0, 1.0, 1.0]);
    assert_eq!(handled(&scraped, Method::ListModels, "Unauthenticated"), 4.0);
    assert_eq!(handled(&scraped, Method::ListAuditEntries, "PermissionDenied"), 1.0);
    assert_eq!(scraped.value("registry_refused_total{limit=\"max-failed-authentications\"}"), 4.0);
}

/// No caller can make a series, or put a word of his own into one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_caller_can_make_a_label() {
    let registry = &Harness::start(registry_tests::Database::Sqlite).await;
    let before = scrape(registry.admin_address()).await;
    for path in ["/c4n4ry/c4n4ry", "/modelregistry.v1.ModelService/C4n4ry", "/grpc.health.v1.Health/C4n4ry", "/c4n4ry"] {
        let path = path.as_bytes();
        Frames::connect(registry.address()).await.request(path, &[(b"user-agent", b"c4n4ry")], b"").await;
    }
    given::model(registry, "c4n4ry").await;
    let after = scrape(registry.admin_address()).await;
    assert!(!after.text.to_lowercase().contains("c4n4ry"), "{}", after.text);
    let unknown = "grpc_server_started_total{grpc_type=\"unknown\",grpc_service=\"unknown\",grpc_method=\"unknown\"}";
    assert_eq!(after.value(unknown) - before.value(unknown), 4.0);
}

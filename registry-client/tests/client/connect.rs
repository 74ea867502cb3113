//! Endpoints, and clients that come to nothing.

use std::time::Duration;

use registry_client::{Client, Error, RetryPolicy, pb};

use crate::fake::Fake;

async fn refused(endpoint: &str) -> String {
    let error = Client::connect(endpoint).await.unwrap_err();
    assert!(matches!(error, Error::Endpoint(_)), "{error:?}");
    assert_eq!(Client::builder(endpoint).connect_lazy().unwrap_err().to_string(), error.to_string());
    error.to_string()
}

#[tokio::test]
async fn a_client_reaches_a_server_over_the_network() {
    let fake = Fake::new([]);
    let endpoint = fake.listen().await;
    let eager = Client::connect(&endpoint).await.unwrap();
    eager.server_info().send().await.unwrap();
    let builder = Client::builder(endpoint).connect_timeout(Duration::from_secs(9)).timeout(Duration::from_secs(8));
    let lazy = builder.retry(RetryPolicy::none()).connect_lazy().unwrap();
    lazy.clone().server_info().send().await.unwrap();
    lazy.system_service().get_server_info(pb::GetServerInfoRequest {}).await.unwrap();
    let agents: Vec<_> = fake.seen().iter().map(|seen| seen.metadata.get("user-agent").cloned().unwrap()).collect();
    assert_eq!(agents.len(), 3);
    assert!(agents.iter().all(|agent| agent.to_str().unwrap().starts_with("registry-client/")), "{agents:?}");
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_meant_is_refused() {
    for (endpoint, why) in [
        ("127.0.0.1:50051", ""),
        ("localhost:50051", ""),
        ("", "not a URI"),
        ("ftp://127.0.0.1", "scheme other than http"),
        ("http://127.0.0.1:50051/registry", "a path"),
        ("http://127.0.0.1:50051?tls=no", "a path"),
        ("http://erik:hunter2@127.0.0.1:50051", "password"),
    ] {
        let text = refused(endpoint).await;
        assert!(text.contains(why) && text.contains("http://127.0.0.1:50051"), "{endpoint}: {text}");
        assert!(!text.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_transport_error() {
    // Bound and let go: whoever takes it next does not speak HTTP/2.
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = Client::connect(format!("http://{address}")).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert!(!error.outcome_unknown() && error.is_retryable());
    assert_eq!(error.method(), None);
    assert!(!error.to_string().contains('\n'));
    // A lazy client is made nevertheless.
    Client::builder(format!("http://{address}")).connect_lazy().unwrap();
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let error = Client::builder("http://127.0.0.1:50051").connect_lazy().unwrap_err();
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}

#[tokio::test]
async fn the_debug_text_tells_where_and_nothing_secret() {
    let client = Client::builder("http://127.0.0.1:50051/").connect_lazy().unwrap();
    let text = format!("{client:?}");
    assert!(text.contains("http://127.0.0.1:50051") && text.contains("30s"), "{text}");
    let builder = Client::builder("http://erik:hunter2@127.0.0.1:50051");
    assert!(!format!("{builder:?}").contains("hunter2"));
}

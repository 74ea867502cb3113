//! The proxy that the other tests trust does what it says.

use registry_client::{Client, Error, RetryPolicy};
use registry_tests::proxy::Proxy;
use registry_tests::{conformance, wait};
use std::time::Duration;

async fn through(proxy: &Proxy) -> Client {
    registry_tests::keys::admin(proxy.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection")
}

conformance! {
    /// The request is delivered, the answer is not, and the caller cannot know.
    async fn a_dropped_answer_is_of_a_call_that_happened(registry: &Harness) {
        let proxy = Proxy::start([registry.address()], 1).await;
        proxy.drop_answers(1_000_000);
        let error: Error = through(&proxy).await.create_model("m", "/m").send().await.unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
        assert_eq!((proxy.dropped(), proxy.passed()), (1, 0));
        registry.client.get_model("m").send().await.expect("the model");
    }

    /// Without faults everything passes.
    async fn a_proxy_without_faults_is_not_noticed(registry: &Harness) {
        let proxy = Proxy::start([registry.address()], 1).await;
        let client = through(&proxy).await;
        for number in 0..20 {
            client.create_model(format!("m{number}"), "/m").send().await.unwrap();
        }
        assert_eq!((proxy.dropped(), proxy.passed()), (0, 20));
    }

    /// What is cut is noticed at once, and a new connection works.
    async fn what_is_cut_comes_back(registry: &Harness) {
        let proxy = Proxy::start([registry.address()], 1).await;
        let client = through(&proxy).await;
        client.create_model("m", "/m").send().await.unwrap();
        proxy.cut();
        wait::until("a new connection", Duration::from_secs(10), || async { client.get_model("m").send().await.ok() }).await;
    }
}

//! How many calls one caller makes in a second.

use super::{PATIENCE, caller, is_limited, limited, until_refused, until_served};
use registry_client::pb::{GetServerInfoRequest, Role};
use registry_client::{Client, RetryPolicy};
use registry_server::domain::Limit;
use registry_tests::{Harness, keys, on_every_database};
use std::time::Duration;

const RATE: Limit = Limit::CallsPerSecond;

on_every_database! {
    /// Who calls too often is told when to come again, and his neighbour is none the wiser. Another connection, or another
    /// secret of the same key, does not make it another caller.
    async fn a_caller_has_a_rate_of_his_own(database: Database) {
        let registry = limited(database, |calls| calls.calls_per_second = 5).await;
        let (key, secret) = keys::make(&registry, "busy", Role::Viewer).await;
        let (_, other) = keys::make(&registry, "calm", Role::Viewer).await;
        let (busy, calm) = (keys::client(registry.endpoint(), &secret).await, keys::client(registry.endpoint(), &other).await);
        let wait = until_refused(&busy, RATE).await;
        assert!(wait <= Duration::from_millis(200), "five in a second are one every 200 ms, and not {wait:?}");
        calm.get_model("m").send().await.unwrap();
        let again = keys::client(registry.endpoint(), &secret).await;
        until_refused(&again, RATE).await;
        calm.get_model("m").send().await.unwrap();
        until_served(&busy, RATE).await;
        assert!(registry.refused(RATE) >= 2 && !key.id.is_empty());
        registry.stop().await;
    }

    /// After a pause a caller may make as many calls at once as in a second, and a client that does as it is told gets through.
    async fn who_waits_as_told_is_served(database: Database) {
        let registry = limited(database, |calls| calls.calls_per_second = 10).await;
        let (secret, _) = caller(&registry, "patient").await;
        let patient = Client::builder(registry.endpoint()).api_key(secret).retry(RetryPolicy::default()).connect().await.unwrap();
        for _ in 0..25 {
            patient.get_model("m").send().await.unwrap();
        }
        assert!(registry.refused(RATE) >= 1, "the limit was never met");
        registry.stop().await;
    }

    /// Without a key, an address has the rate of one caller, and takes nothing of theirs.
    async fn who_has_no_key_counts_by_address(database: Database) {
        let registry = limited(database, |calls| calls.calls_per_second = 3).await;
        let anonymous = Client::builder(registry.endpoint()).retry(RetryPolicy::none()).connect().await.unwrap();
        let ask = || async { is_limited(anonymous.call(GetServerInfoRequest {}).send().await, RATE) };
        registry_tests::wait::until("a call that is refused", PATIENCE, ask).await;
        until_served(&registry.client, RATE).await;
        registry.stop().await;
    }

    /// Where nobody is asked who he is, an address is a caller, and it may take everything that there is.
    async fn without_authentication_an_address_is_a_caller(database: Database) {
        let registry = Harness::with(database, |settings| {
            (settings.first_key, settings.calls.calls_per_second) = (None, 5);
        })
        .await;
        registry_tests::wait::until("a model", PATIENCE, || async { registry.client.create_model("m", "/m").send().await.ok() }).await;
        until_refused(&registry.client, RATE).await;
        until_served(&registry.client, RATE).await;
        registry.stop().await;
    }

    /// Zero is no limit.
    async fn a_rate_can_be_off(database: Database) {
        let registry = limited(database, |calls| calls.calls_per_second = 0).await;
        let calls = (0..300).map(|_| registry.client.get_model("m").send());
        assert!(futures::future::join_all(calls).await.iter().all(Result::is_ok));
        assert_eq!(registry.refused(RATE), 0);
        registry.stop().await;
    }
}

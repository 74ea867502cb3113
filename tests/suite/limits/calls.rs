//! How many calls are in hand.

use super::{GET, INFO, caller, get_m, hold, is_limited, limited, told_to_wait, until_refused, until_served};
use registry_client::{Client, Code};
use registry_server::domain::Limit;
use registry_tests::keys::ADMIN;
use registry_tests::unfinished::Unfinished;
use registry_tests::watching::{after, watch};
use registry_tests::{Harness, on_every_database};
use std::time::Duration;

const FULL: Limit = Limit::CallsInFlight;

/// Two calls of a caller, who may not make a third.
async fn hold_two(registry: &Harness, key: &str, client: &Client) -> Vec<Unfinished> {
    let begin = async || Unfinished::begin(registry.address(), GET, Some(key), get_m().slice(..3)).await;
    hold(2, begin, async || is_limited(client.get_model("m").send().await, FULL).is_some()).await
}

on_every_database! {
    /// One caller has half of the places; the other half is for others, and when both are taken everybody is told to wait.
    /// A call that ends gives its place back.
    async fn there_are_only_so_many_places(database: Database) {
        let registry = limited(database, |calls| calls.calls_in_flight = 4).await;
        let (secret, neighbour) = caller(&registry, "neighbour").await;
        let (_, third) = caller(&registry, "third").await;
        let mut held = hold_two(&registry, ADMIN, &registry.client).await;
        neighbour.get_model("m").send().await.unwrap();
        held.extend(hold_two(&registry, &secret, &neighbour).await);
        until_refused(&third, FULL).await;
        let last = held.pop();
        for call in held {
            let status = call.finish(get_m().slice(3..)).await;
            assert_eq!(status.code(), Code::Ok, "{status:?}");
        }
        for client in [&registry.client, &neighbour, &third] {
            until_served(client, FULL).await;
        }
        assert!(registry.refused(FULL) >= 3);
        drop(last);
        registry.stop().await;
    }

    /// A caller that goes away gives its place back.
    async fn who_goes_away_leaves_his_place(database: Database) {
        let registry = limited(database, |calls| calls.calls_in_flight = 4).await;
        for _ in 0..3 {
            drop(hold_two(&registry, ADMIN, &registry.client).await);
            until_served(&registry.client, FULL).await;
        }
        registry.stop().await;
    }

    /// All who have no key have half of the places together, so that they cannot keep out those who have one; and a call that
    /// is not let in has none at all.
    async fn who_has_no_key_takes_no_place_of_others(database: Database) {
        let registry = limited(database, |calls| calls.calls_in_flight = 2).await;
        let mut refused = Vec::new();
        for _ in 0..4 {
            refused.push(Unfinished::begin(registry.address(), GET, None, get_m().slice(..3)).await);
        }
        registry.client.get_model("m").send().await.unwrap();
        let begin = async || Unfinished::begin(registry.address(), INFO, None, get_m().slice(..3)).await;
        let anonymous = hold(1, begin, async || {
            let asked = Unfinished::begin(registry.address(), INFO, None, bytes::Bytes::from_static(&[0; 5])).await;
            let status = asked.finish(bytes::Bytes::new()).await;
            status.code() != Code::Ok && told_to_wait(&status, FULL) > Duration::ZERO
        })
        .await;
        registry.client.get_model("m").send().await.unwrap();
        for held in refused {
            assert_eq!(held.refused().await.code(), Code::Unauthenticated);
        }
        drop(anonymous);
        registry.stop().await;
    }

    /// A stream counts until it has begun: three of them are open where one call may be in hand.
    async fn a_stream_has_no_place_among_calls(database: Database) {
        let registry = limited(database, |calls| calls.calls_in_flight = 2).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(watch(&registry.client, after(0)).await);
            registry.client.get_model("m").send().await.unwrap();
        }
        assert_eq!(registry.refused(FULL), 0);
        drop(open);
        registry.stop().await;
    }

    /// Health is asked when a server is full: it answers.
    async fn health_needs_no_place(database: Database) {
        let registry = limited(database, |calls| (calls.calls_in_flight, calls.calls_per_second) = (1, 1)).await;
        let held = Unfinished::begin(registry.address(), GET, Some(ADMIN), get_m().slice(..3)).await;
        let mut health = tonic_health::pb::health_client::HealthClient::new(registry.client.raw_channel());
        for _ in 0..20 {
            let asked = tonic_health::pb::HealthCheckRequest { service: String::new() };
            assert_eq!(health.check(asked).await.unwrap().into_inner().status, 1);
        }
        let asked = tonic_health::pb::HealthCheckRequest { service: "x".repeat(2000) };
        assert_eq!(health.check(asked).await.unwrap_err().code(), Code::ResourceExhausted);
        drop(held);
        registry.stop().await;
    }
}

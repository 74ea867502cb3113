//! How fast a key dies that is taken away, also for those who hold a stream.

use registry_client::pb::{ApiKey, ApiKeyState, Role, RotateApiKeyRequest, UpdateApiKeyRequest};
use registry_client::{Code, ErrorReason};
#[cfg(feature = "postgres")]
use registry_tests::Database;
use registry_tests::shut::Shut;
use registry_tests::watching::{facts, from_now, open, watch};
use registry_tests::{Harness, conformance, given, keys, on_every_database, wait};
use std::time::Duration;

/// How long a server may not know what another one has done, and a stream may outlive its key.
const PROMISED: Duration = Duration::from_secs(5);

conformance! {
    /// An open stream ends when its key can no longer be used, whatever the reason.
    async fn a_stream_ends_with_its_key(registry: &Harness) {
        for (number, how) in ["revoked", "disabled", "rotated", "expired"].into_iter().enumerate() {
            let hours = i64::try_from(number).unwrap() + 1;
            let expire_time = Some(given::time(hours * 3_600_000_000));
            let (key, secret) = keys::make_as(registry, ApiKey { name: how.into(), expire_time, ..Default::default() }).await;
            let stream = watch(&keys::client(registry.endpoint(), &secret).await, from_now()).await;
            match how {
                "revoked" => drop(keys::transition(registry, &key, ApiKeyState::Revoked).await),
                "disabled" => drop(keys::transition(registry, &key, ApiKeyState::Disabled).await),
                "rotated" => {
                    registry.client.call(RotateApiKeyRequest { api_key_id: key.id, grace_period: None }).send().await.unwrap();
                }
                _ => {
                    registry.advance(Duration::from_secs(3600 * 4));
                }
            }
            let ended = tokio::time::timeout(PROMISED, stream.end()).await.unwrap_or_else(|_| panic!("{how}: the stream goes on"));
            assert!(facts(&ended, Code::Unauthenticated, ErrorReason::Unauthenticated).is_empty(), "{how}");
        }
    }

    /// A stream goes on when other keys die, and when its own is described anew; when it may see less, it is to be opened again.
    async fn a_stream_ends_only_with_its_own_key(registry: &Harness) {
        let (key, secret) = keys::make(registry, "mine", Role::Viewer).await;
        let (other, _) = keys::make(registry, "other", Role::Viewer).await;
        let mut stream = watch(&keys::client(registry.endpoint(), &secret).await, from_now()).await;
        keys::transition(registry, &other, ApiKeyState::Revoked).await;
        let update = |api_key| UpdateApiKeyRequest { api_key_id: key.id.clone(), api_key: Some(api_key), ..Default::default() };
        let described = update(ApiKey { description: Some("new".into()), ..Default::default() });
        registry.client.call(described).send().await.unwrap();
        given::model(registry, "iris").await;
        assert_eq!(stream.event().await.resource_name, "iris");
        let limited = update(ApiKey { model_name_prefixes: vec!["team-a/".into()], ..Default::default() });
        registry.client.call(limited).send().await.unwrap();
        let ended = tokio::time::timeout(PROMISED, stream.end()).await.expect("an end");
        let _ = facts(&ended, Code::Unavailable, ErrorReason::BackendUnavailable);
    }
}

on_every_database! {
    /// A client that takes nothing cannot keep the place of its stream for longer than its key lives.
    async fn a_stream_that_is_never_read_gives_its_place_back(database: Database) {
        let registry = Harness::with(database, |settings| settings.calls.watches = 1).await;
        let (key, secret) = keys::make(&registry, "bot", Role::Viewer).await;
        let shut = Shut::open(registry.address(), &secret).await;
        let refused = open(&registry.client, from_now()).await.map(drop).expect_err("the one place is taken");
        let _ = facts(&refused, Code::ResourceExhausted, ErrorReason::TooManyStreams);
        keys::transition(&registry, &key, ApiKeyState::Revoked).await;
        let free = async || open(&registry.client, from_now()).await.ok();
        wait::until("the place is free", PROMISED, free).await;
        drop(shut);
        registry.stop().await;
    }
}

/// A server that cannot know whether a key was revoked lets nobody in with one, until it can.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_look_lets_nobody_in() {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    let registry = Harness::start(Database::Postgres).await;
    let (key, secret) = keys::make(&registry, "bot", Role::Viewer).await;
    let (replica, database) = registry.replica_over_a_wire().await;
    let client = keys::client(replica.endpoint(), &secret).await;
    // Health needs no database: what is refused is refused because of the key.
    let asked = async || {
        let request = HealthCheckRequest { service: String::new() };
        HealthClient::new(client.connection()).check(request).await.map(drop).map_err(|status| status.code())
    };
    assert_eq!(asked().await, Ok(()));
    database.fall_silent();
    keys::transition(&registry, &key, ApiKeyState::Revoked).await;
    let shut_out = async || asked().await.err();
    let why = wait::until("the key is refused, though nobody knows that it is revoked", PROMISED + PROMISED, shut_out).await;
    assert_eq!(why, Code::Unavailable);
    database.speak();
    let known = async || (asked().await == Err(Code::Unauthenticated)).then_some(());
    wait::until("the server has looked", Duration::from_secs(30), known).await;
    replica.stop().await;
    registry.stop().await;
}

/// Revoked on one server, it is refused by another one, and its stream there ends, within five seconds.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_revoked_on_one_server_dies_on_another() {
    use registry_tests::expect;
    let registry = Harness::start(Database::Postgres).await;
    let replica = registry.replica().await;
    let (key, secret) = keys::make(&registry, "bot", Role::Viewer).await;
    let there = keys::client(replica.endpoint(), &secret).await;
    let let_in = async || there.list_models().send().await.ok();
    wait::until("the other server knows the key", PROMISED, let_in).await;
    let stream = watch(&there, from_now()).await;
    keys::transition(&registry, &key, ApiKeyState::Revoked).await;
    let began = std::time::Instant::now();
    let ended = tokio::time::timeout(PROMISED, stream.end()).await.expect("an end");
    let _ = facts(&ended, Code::Unauthenticated, ErrorReason::Unauthenticated);
    let refused = async || there.list_models().send().await.err();
    let refused = wait::until("the key is refused", PROMISED.saturating_sub(began.elapsed()), refused).await;
    expect::refused(Err::<(), _>(refused), Code::Unauthenticated, ErrorReason::Unauthenticated);
    replica.stop().await;
    registry.stop().await;
}

//! The registry of a test, as a test has it.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use futures::StreamExt as _;
use registry_client::{Client, ErrorReason, RetryPolicy, Role, WatchItem};
use registry_testing::{TestRegistry, digest};

async fn create(client: &Client, model: &str) {
    client.create_model(model, "s3://models/").send().await.expect("a model");
}

#[tokio::test]
async fn one_registry_knows_nothing_of_another() {
    let (first, second) = (TestRegistry::start().await.unwrap(), TestRegistry::start().await.unwrap());
    assert_ne!((first.endpoint(), first.admin_key()), (second.endpoint(), second.admin_key()));
    let (of_first, of_second) = (first.client().await.unwrap(), second.client().await.unwrap());
    create(&of_first, "iris").await;
    assert!(of_second.get_model("iris").send().await.is_err());
    let ids = [of_first, of_second].map(|client| async move { client.server_info().send().await.unwrap().registry_id });
    let [first_id, second_id] = ids;
    assert_ne!(first_id.await, second_id.await);
    let stranger = second.builder().api_key(first.admin_key()).connect().await.unwrap();
    assert_eq!(stranger.list_models().send().await.unwrap_err().reason(), Some(ErrorReason::Unauthenticated));
}

#[tokio::test]
async fn what_it_held_is_there_when_it_is_started_again_and_clients_come_back() {
    let mut registry = TestRegistry::start().await.unwrap();
    let (client, endpoint) = (registry.client().await.unwrap(), registry.endpoint().to_owned());
    create(&client, "iris").await;
    let hasty = client.clone().with_retry(RetryPolicy::none());
    let mut watching = client.watch().stream();
    assert!(matches!(watching.next().await, Some(Ok(WatchItem::Connected { .. }))));
    registry.stop().await;
    assert!(hasty.get_model("iris").send().await.unwrap_err().is_retryable());
    registry.start_again().await.unwrap();
    registry.start_again().await.expect("nothing happens if it runs");
    assert_eq!(registry.endpoint(), endpoint);
    assert_eq!(client.get_model("iris").send().await.unwrap().name, "iris");
    create(&client, "lily").await;
    let event = loop {
        if let WatchItem::Event(event) = watching.next().await.unwrap().unwrap() {
            break event;
        }
    };
    assert_eq!(event.resource_name, "lily");
    registry.restart().await.unwrap();
    assert_eq!(client.get_model("lily").send().await.unwrap().name, "lily");
}

#[tokio::test]
async fn a_client_of_a_role_may_do_what_the_role_may() {
    let registry = TestRegistry::start().await.unwrap();
    let viewer = registry.client_with_role(Role::Viewer).await.unwrap();
    let error = viewer.create_model("iris", "s3://iris/").send().await.unwrap_err();
    assert_eq!(error.reason(), Some(ErrorReason::RoleRequired));
    let operator = registry.client_with_role(Role::Operator).await.unwrap();
    create(&operator, "iris").await;
    operator.create_release("iris", "1.0").digest(digest(1)).send().await.unwrap();
    viewer.get_model("iris").send().await.unwrap();
}

#[tokio::test]
async fn nothing_of_it_is_left_when_it_is_dropped() {
    let registry = TestRegistry::start().await.unwrap();
    let client = registry.client().await.unwrap();
    create(&client, "iris").await;
    let directory = registry.directory().to_owned();
    assert!(directory.join("registry.db").exists());
    assert!(!format!("{registry:?}").contains(registry.admin_key()));
    drop(registry);
    assert!(!directory.exists(), "{}", directory.display());
    assert!(client.with_retry(RetryPolicy::none()).get_model("iris").send().await.is_err());
}

/// It has threads of its own: tests that share one come and go.
#[test]
fn it_outlives_the_runtime_that_it_was_started_on() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let registry = runtime().block_on(TestRegistry::start()).unwrap();
    runtime().block_on(async { create(&registry.client().await.unwrap(), "iris").await });
    runtime().block_on(async { registry.client().await.unwrap().get_model("iris").send().await }).unwrap();
}

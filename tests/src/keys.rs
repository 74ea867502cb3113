//! The API keys of tests. The first one is known before there is a registry; others are made through the door.

use crate::Harness;
use registry_client::pb::{ApiKey, ApiKeyState, CreateApiKeyRequest, Role, TransitionApiKeyRequest};
use registry_client::{Builder, Client, RetryPolicy};
use registry_server::domain::Secret;
use registry_server::first_key::FirstKey;

/// The secret of the first key of every registry of a test: an admin's.
pub const ADMIN: &str = "mrk_01930000000070008000000000000001_a3f1c0de5ca1ab1ea3f1c0de5ca1ab1ea3f1c0de5ca1ab1ea3f1c0de5ca1ab1e";

/// The same, as a server is told.
///
/// # Panics
/// If it is no secret.
#[must_use]
pub fn first() -> FirstKey {
    FirstKey::Given(Secret::parse(ADMIN).expect("a secret"))
}

/// A client to be, with that key.
pub fn admin(endpoint: impl Into<String>) -> Builder {
    Client::builder(endpoint).api_key(ADMIN)
}

/// A client with another key, that retries nothing.
///
/// # Panics
/// If there is no connection.
pub async fn client(endpoint: impl Into<String>, secret: &str) -> Client {
    Client::builder(endpoint).api_key(secret).retry(RetryPolicy::none()).connect().await.expect("a connection")
}

/// Makes a key with a role, by the first key; what it is and its secret.
///
/// # Panics
/// If it is refused.
pub async fn make(registry: &Harness, name: &str, role: Role) -> (ApiKey, String) {
    make_as(registry, ApiKey { name: name.to_owned(), role: role.into(), ..Default::default() }).await
}

/// Asks for a key.
#[must_use]
pub fn asks(key: ApiKey) -> CreateApiKeyRequest {
    CreateApiKeyRequest { api_key: Some(key) }
}

/// The same, with everything that a key can have.
///
/// # Panics
/// If it is refused.
pub async fn make_as(registry: &Harness, key: ApiKey) -> (ApiKey, String) {
    let made = registry.client.call(asks(key)).send().await.expect("a key");
    (made.api_key.expect("a key"), made.secret)
}

/// Moves a key to another state, by the first key.
///
/// # Panics
/// If it is refused.
pub async fn transition(registry: &Harness, key: &ApiKey, target_state: ApiKeyState) -> ApiKey {
    let request = TransitionApiKeyRequest { api_key_id: key.id.clone(), target_state: target_state.into(), ..Default::default() };
    registry.client.call(request).send().await.expect("a step").api_key.expect("a key")
}

//! The API keys of tests. The first one is known before there is a registry; others are made through the door.

use crate::Harness;
use registry_client::{Builder, Client, RetryPolicy, pb};
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

/// Another key of a registry, made through the door: its id and its secret.
///
/// # Panics
/// If it cannot be made.
pub async fn another(registry: &Harness, name: &str, role: pb::Role) -> (String, String) {
    let key = pb::ApiKey { name: name.to_owned(), role: role.into(), ..Default::default() };
    let made = registry.client.call(pb::CreateApiKeyRequest { api_key: Some(key) }).send().await.expect("a key");
    (made.api_key.expect("a key").id, made.secret)
}

/// A client with another key, that retries nothing.
///
/// # Panics
/// If there is no connection.
pub async fn client(endpoint: impl Into<String>, secret: &str) -> Client {
    Client::builder(endpoint).api_key(secret).retry(RetryPolicy::none()).connect().await.expect("a connection")
}

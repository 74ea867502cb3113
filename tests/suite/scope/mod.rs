//! Keys that are limited to the models whose names begin with certain prefixes: outside of them nothing is there.

mod boundaries;
mod events;
mod methods;
mod names;
mod neighbours;
mod oracle;
mod requests;
mod target;
mod tokens;

use registry_client::{Client, pb};
use registry_tests::{Harness, keys};

/// A key of a role with these prefixes, and a client that has it.
async fn key(registry: &Harness, role: pb::Role, prefixes: &[&str]) -> (pb::ApiKey, Client) {
    let api_key = pb::ApiKey {
        name: format!("key-{}", uuid::Uuid::new_v4()),
        role: role.into(),
        model_name_prefixes: prefixes.iter().map(ToString::to_string).collect(),
        ..Default::default()
    };
    let created = registry.client.call(pb::CreateApiKeyRequest { api_key: Some(api_key) }).send().await.expect("a key");
    (created.api_key.expect("a key"), keys::client(registry.endpoint(), &created.secret).await)
}

/// Somebody who may change what is within these prefixes.
async fn operator(registry: &Harness, prefixes: &[&str]) -> Client {
    key(registry, pb::Role::Operator, prefixes).await.1
}

/// Somebody who may read what is within these prefixes.
async fn viewer(registry: &Harness, prefixes: &[&str]) -> Client {
    key(registry, pb::Role::Viewer, prefixes).await.1
}

//! What a scenario begins with.

use crate::Harness;
use registry_client::{Model, Release};

/// A digest that is made of a number.
#[must_use]
pub fn digest(number: u64) -> String {
    format!("sha256:{number:064x}")
}

/// A model of this name.
pub async fn model(registry: &Harness, name: &str) -> Model {
    registry.client.create_model(name, format!("s3://models/{name}/")).send().await.expect("a model")
}

/// An active release of a model.
pub async fn release(registry: &Harness, model: &str, version: &str) -> Release {
    registry.client.create_release(model, version).digest(digest(1)).send().await.expect("a release")
}

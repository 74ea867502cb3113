//! What somebody writes who uses the registry: a library that asks which image to run.

use registry_client::{Client, Error, ErrorReason};

/// The image of the release that is in production, or the newest one if none is.
pub async fn image(client: &Client, model: &str) -> Result<String, Error> {
    let release = match client.resolve_release(model).alias("production").send().await {
        Err(error) if error.reason() == Some(ErrorReason::AliasNotFound) => client.resolve_release(model).latest().send().await?,
        other => other?,
    };
    Ok(format!("registry.example/{}:{}", release.model_name, release.version))
}

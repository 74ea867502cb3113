//! Tests a piece of code against a registry of its own, and tells how long that takes.
//!
//! `cargo run -p registry-testing --example in_process`
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::time::Instant;

use registry_client::{Client, ErrorReason, Role};
use registry_testing::{TestRegistry, digest};

/// What is tested: makes the newest release the one that is in production.
async fn promote(client: &Client, model: &str) -> Result<String, registry_client::Error> {
    let newest = client.resolve_release(model).latest().send().await?;
    client.set_release_alias(&newest, "production").send().await?;
    Ok(newest.version)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for round in 1..=3 {
        let begun = Instant::now();
        let registry = TestRegistry::start().await?;
        let started = begun.elapsed();
        test(&registry).await?;
        let tested = begun.elapsed();
        drop(registry);
        println!("round {round}: a registry after {started:?}, tested after {tested:?}, gone after {:?}", begun.elapsed());
    }
    Ok(())
}

async fn test(registry: &TestRegistry) -> Result<(), Box<dyn Error>> {
    let admin = registry.client().await?;
    admin.create_model("iris", "s3://models/iris/").send().await?;
    admin.create_release("iris", "1.0.0").digest(digest(1)).send().await?;

    let viewer = registry.client_with_role(Role::Viewer).await?;
    let refused = promote(&viewer, "iris").await.map_err(|error| error.reason());
    assert_eq!(refused, Err(Some(ErrorReason::RoleRequired)), "who only reads cannot promote");

    assert_eq!(promote(&admin, "iris").await?, "1.0.0");
    Ok(())
}

//! A service that asks a registry, tested without one: a fake answers what the service asks for, and fails as a registry does.
//!
//! `cargo run --example mock`
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use registry_client::{Client, Error, ErrorReason, Refusal, Registry, Release, async_trait, pb};

/// What is tested. It takes a client, and does not know who answers.
struct Service {
    registry: Client,
}

impl Service {
    /// The image to run, or the one that is always there.
    async fn image(&self, model: &str) -> Result<String, Error> {
        match self.registry.resolve_release(model).alias("production").send().await {
            Ok(release) => Ok(format!("registry.example/{}:{}", release.model_name, release.version)),
            Err(error) if error.reason() == Some(ErrorReason::AliasNotFound) => Ok(format!("registry.example/{model}:stable")),
            Err(error) => Err(error),
        }
    }
}

/// Knows one alias, and is busy when it is asked for the first time.
#[derive(Default)]
struct Fake {
    calls: AtomicUsize,
}

#[async_trait]
impl Registry for Fake {
    async fn resolve_release(&self, request: pb::ResolveReleaseRequest) -> Result<pb::ResolveReleaseResponse, Error> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(Refusal::new(ErrorReason::BackendUnavailable).message("busy").into());
        }
        match request.model_ref.and_then(|model| model.value) {
            Some(pb::model_ref::Value::Name(name)) if name == "iris" => {
                let release = Release { model_name: name, version: "1.2.0".to_owned(), ..Default::default() };
                Ok(pb::ResolveReleaseResponse { release: Some(release), alias: None })
            }
            _ => Err(Refusal::new(ErrorReason::AliasNotFound).into()),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let fake = Arc::new(Fake::default());
    let service = Service { registry: Client::over(Arc::clone(&fake)) };

    assert_eq!(service.image("iris").await?, "registry.example/iris:1.2.0");
    assert_eq!(fake.calls.load(Ordering::Relaxed), 2, "the client has asked again by itself");
    assert_eq!(service.image("lily").await?, "registry.example/lily:stable");

    let nobody = Service { registry: Client::over(Nobody) };
    let error = nobody.image("iris").await.map_err(|error| error.reason());
    assert_eq!(error, Err(Some(ErrorReason::Unauthenticated)));
    println!("the service does what it should");
    Ok(())
}

/// Lets nobody in.
struct Nobody;

#[async_trait]
impl Registry for Nobody {
    async fn resolve_release(&self, _: pb::ResolveReleaseRequest) -> Result<pb::ResolveReleaseResponse, Error> {
        Err(Refusal::new(ErrorReason::Unauthenticated).into())
    }
}

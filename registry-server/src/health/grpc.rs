//! `grpc.health.v1`: for the server, each service, and each component.

use super::{Component, Found, Health};
use registry_proto::method::Method;
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// What a service needs.
fn needs(service: &str) -> &'static [Component] {
    match service {
        "storage" => &[Component::Storage],
        "modelregistry.v1.ArtifactService" => &[Component::Database, Component::Storage],
        _ => &Component::OF_CALLS,
    }
}

/// Reports what is found, for as long as anybody may ask: what was found already when this returns, the rest by the task.
pub async fn tell(
    mut reporter: HealthReporter,
    mut health: Health,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let mut said = health.found();
    for name in names() {
        reporter.set_service_status(name, status(said, name)).await;
    }
    async move {
        loop {
            let now = tokio::select! {
                now = health.changed() => now,
                () = stop.cancelled() => break,
            };
            // Whoever watches would be told again what he knows.
            for name in names().filter(|name| status(said, name) != status(now, name)) {
                reporter.set_service_status(name, status(now, name)).await;
            }
            said = now;
        }
        // The stop may have come before the last word was found.
        for name in names() {
            if status(said, name) != ServingStatus::NotServing {
                reporter.set_service_status(name, ServingStatus::NotServing).await;
            }
        }
        // Whoever watches has been told; an open stream would hold up the stop.
        for name in names() {
            reporter.clear_service_status(name).await;
        }
    }
}

fn status(found: Found, name: &str) -> ServingStatus {
    if found.serves(needs(name)) { ServingStatus::Serving } else { ServingStatus::NotServing }
}

fn names() -> impl Iterator<Item = &'static str> {
    let services: BTreeSet<&str> = Method::ALL.iter().map(|method| method.service()).collect();
    services.into_iter().chain([""]).chain(Component::ALL.map(Component::name))
}

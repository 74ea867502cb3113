//! `grpc.health.v1`: for the server, each service, and the database, asked for real.

use crate::store::Store;
use registry_proto::method::Method;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

const EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(1);

/// What is reported before anybody can ask: the database has just been opened and checked.
pub async fn begin(reporter: &HealthReporter) {
    report(reporter, ServingStatus::Serving).await;
}

/// Keeps the reported health true until `leaving`; from then on says NOT_SERVING, and after `stop` nothing more.
pub async fn watch(mut reporter: HealthReporter, store: Store, leaving: CancellationToken, stop: CancellationToken) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = ServingStatus::Serving;
    loop {
        tokio::select! {
            () = leaving.cancelled() => break,
            _ = tick.tick() => {
                let healthy = matches!(timeout(PATIENCE, store.ping()).await, Ok(Ok(_)));
                let now = if healthy { ServingStatus::Serving } else { ServingStatus::NotServing };
                // Whoever watches would be told again what he knows.
                if now != said {
                    report(&reporter, now).await;
                    said = now;
                }
            }
        }
    }
    report(&reporter, ServingStatus::NotServing).await;
    stop.cancelled().await;
    // Whoever watches has been told; an open stream would hold up the stop.
    for name in names() {
        reporter.clear_service_status(name).await;
    }
}

/// Without its database nothing of the registry works, so everything shares one health.
async fn report(reporter: &HealthReporter, status: ServingStatus) {
    for name in names() {
        reporter.set_service_status(name, status).await;
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    let services: BTreeSet<&str> = Method::ALL.iter().map(|method| method.service()).collect();
    services.into_iter().chain(["", "database"])
}

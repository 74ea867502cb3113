//! Health follows what the server depends on, both ways, within five seconds and without a restart: over gRPC and over HTTP.

mod asked;
mod follows;
mod starts;

use registry_client::Connection;
use registry_tests::http::ask;
use registry_tests::wait;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// How soon health follows.
const SOON: Duration = Duration::from_secs(5);

/// What is expected of the components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expected {
    database: bool,
    storage: bool,
}

const WELL: Expected = Expected { database: true, storage: true };
const WITHOUT_STORAGE: Expected = Expected { database: true, storage: false };

impl Expected {
    /// The document of `GET /health`.
    fn document(self) -> (u16, Value) {
        let word = |healthy| if healthy { "healthy" } else { "unhealthy" };
        let all = self.database && self.storage;
        let components = json!({ "database": word(self.database), "storage": word(self.storage) });
        let document = json!({ "status": word(all), "components": components, "version": env!("CARGO_PKG_VERSION") });
        (if all { 200 } else { 503 }, document)
    }

    /// The answer of `GET /readyz?verbose`: calls need the database.
    fn readiness(self) -> (u16, String) {
        let line = |healthy, name| if healthy { format!("[+]{name} ok\n") } else { format!("[-]{name} failed\n") };
        let (status, end) = if self.database { (200, "ok\n") } else { (503, "not ready\n") };
        (status, line(self.database, "database") + &line(self.storage, "storage") + "[+]serving ok\n" + end)
    }

    /// What the services say.
    fn services(self) -> [(&'static str, ServingStatus); 6] {
        let status = |healthy| if healthy { ServingStatus::Serving } else { ServingStatus::NotServing };
        [
            ("", status(self.database)),
            ("database", status(self.database)),
            ("modelregistry.v1.ModelService", status(self.database)),
            ("modelregistry.v1.ArtifactService", status(self.database && self.storage)),
            ("modelregistry.v1.SystemService", status(self.database)),
            ("storage", status(self.storage)),
        ]
    }
}

async fn document(admin: SocketAddr) -> Option<(u16, Value)> {
    let answer = ask(admin, "GET", "/health", "").await?;
    Some((answer.status, serde_json::from_str(&answer.body).expect("JSON")))
}

async fn services(channel: &Connection) -> Option<[(&'static str, ServingStatus); 6]> {
    let mut services = WELL.services();
    for (service, status) in &mut services {
        let request = HealthCheckRequest { service: (*service).to_owned() };
        *status = HealthClient::new(channel.clone()).check(request).await.ok()?.into_inner().status();
    }
    Some(services)
}

/// Whether calls are to be sent there: what that does not depend on is only told.
async fn readiness(admin: SocketAddr) -> Option<(u16, String)> {
    let answer = ask(admin, "GET", "/readyz?verbose", "").await?;
    Some((answer.status, answer.body))
}

/// Both tell it, soon.
async fn tells(admin: SocketAddr, channel: &Connection, expected: Expected) {
    let told = async || {
        if readiness(admin).await? != expected.readiness() {
            return None;
        }
        let over_http = document(admin).await? == expected.document();
        (over_http && services(channel).await? == expected.services()).then_some(())
    };
    wait::until(format!("health says {expected:?}"), SOON, told).await;
}

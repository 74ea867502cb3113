//! `registryctl health`: whether the registry serves, as balancers ask it (grpc.health.v1).

use clap::Args;
use serde_json::json;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Table;
use crate::session::Session;

/// Asks whether the registry serves: ends with 0 if it does, with 7 if it does not, and with 9 if nothing answers
///
/// Needs no key.
#[derive(Debug, Args)]
pub struct Health {
    /// One service of it, for example modelregistry.v1.ModelService. Without it, the server as a whole
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    service: String,
}

impl Health {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { service } = self;
        let client = session.client().await?;
        let mut health = HealthClient::new(client.connection());
        let asked = health.check(HealthCheckRequest { service: service.clone() });
        let status = match tokio::time::timeout(session.connection.timeout(), asked).await {
            Ok(Ok(answer)) => answer.into_inner().status(),
            Ok(Err(error)) => return unanswered(session, &service, &error),
            Err(_) => return unanswered(session, &service, &Status::deadline_exceeded("no answer in time")),
        };
        print(session, &service, word(status))?;
        Ok(if status == ServingStatus::Serving { Exit::Done } else { Exit::NotNow })
    }
}

fn word(status: ServingStatus) -> &'static str {
    match status {
        ServingStatus::Serving => "SERVING",
        ServingStatus::NotServing => "NOT_SERVING",
        ServingStatus::Unknown => "UNKNOWN",
        ServingStatus::ServiceUnknown => "SERVICE_UNKNOWN",
    }
}

fn unanswered(session: &Session, service: &str, error: &Status) -> Result<Exit, Failure> {
    let status = if error.code() == Code::NotFound { word(ServingStatus::ServiceUnknown) } else { "UNREACHABLE" };
    print(session, service, status)?;
    session.output.say(error.message());
    Ok(error.code().into())
}

fn print(session: &Session, service: &str, status: &str) -> Result<(), Failure> {
    let mut table = Table::new(["SERVICE", "STATUS"]);
    table.row([if service.is_empty() { "all" } else { service }, status]);
    let value = json!({"service": service, "status": status});
    // Whoever does not read it must not take that for good health.
    session.output.value(&value, table, status).map_err(Failure::untold)
}

//! F9: cold starts, from the start of the process until `grpc.health.v1` says SERVING.
//!
//! The client's connection and call are part of it, on both sides. Whoever began first changes from one start to the next.

use crate::bench::Plan;
use crate::bench::data;
use crate::bench::place::{Kind, Place};
use crate::bench::programs;
use crate::bench::report::{Row, Target};
use crate::bench::rounds::Spread;
use crate::bench::server::Server;
use rustix::fs::{Advice, fadvise};
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// How often each side starts.
const STARTS: usize = 20;

/// What a start finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finds {
    /// A registry, in the memory of the system.
    Warm,
    /// A registry on disk: neither it nor the programs are in the memory of the system.
    OnDisk,
    /// Nothing: the database is to be made, and the first key.
    Nothing,
}

impl Finds {
    const fn name(self) -> &'static str {
        match self {
            Self::Warm => "in the memory of the system",
            Self::OnDisk => "not in the memory of the system",
            Self::Nothing => "empty",
        }
    }
}

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in &plan.databases {
        let place = Place::kept(*kind, &plan.kept, &format!("r{}", plan.releases)).await;
        data::filled(&place, plan.releases).await;
        let cases = match kind {
            Kind::Sqlite => vec![(Finds::Warm, 30.0), (Finds::OnDisk, 30.0), (Finds::Nothing, 50.0)],
            Kind::Postgres => vec![(Finds::Warm, 60.0), (Finds::Nothing, 60.0)],
        };
        for (finds, most) in cases {
            let holds = if finds == Finds::Nothing { "nothing".to_owned() } else { format!("{} releases", plan.releases) };
            let work = format!("cold start on {holds}, {}, {}", finds.name(), kind.name());
            rows.push(starts(&place, finds, work, most).await);
        }
    }
    rows
}

/// Both sides start again and again.
async fn starts(filled: &Place, finds: Finds, work: String, most: f64) -> Row {
    let (mut ours, mut lines, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..STARTS {
        for ours_now in [turn % 2 == 0, turn % 2 == 1] {
            let empty = match finds {
                Finds::Nothing => Some(Place::fresh(filled.kind()).await),
                Finds::Warm | Finds::OnDisk => None,
            };
            let place = empty.as_ref().unwrap_or(filled);
            if finds == Finds::OnDisk {
                forget(place);
            }
            let server = if ours_now { Server::registry(place, &[]) } else { bare(place) };
            let took = milliseconds(serving(&server).await);
            if ours_now {
                ours.push(took);
                lines.push(milliseconds(server.took()));
            } else {
                beside.push(took);
            }
            server.stop().await;
            if let Some(empty) = empty {
                empty.remove().await;
            }
        }
    }
    Row {
        beside: Some(("bare server".to_owned(), Spread::of(beside))),
        ..Row::alone("F9", work, "ms", Spread::of(ours), Target::AtMost(most))
    }
    .saw("starts", STARTS.to_string())
    .saw("said that it listens after ms", Spread::of(lines).text())
}

/// The bare server on a database.
pub fn bare(place: &Place) -> Server {
    let url = match place.kind() {
        Kind::Sqlite => format!("{}?mode=rwc", place.url()),
        Kind::Postgres => place.url(),
    };
    Server::bare(&["serve-bare", "--database-url", &url].map(OsString::from), place.directory())
}

/// From the start of its process until it says that it serves.
async fn serving(server: &Server) -> std::time::Duration {
    let channel = Endpoint::new(server.endpoint()).expect("a URL").connect().await.expect("a connection");
    let mut client = HealthClient::new(channel);
    let answer = client.check(HealthCheckRequest { service: String::new() }).await.expect("an answer").into_inner();
    let took = server.since_start();
    assert_eq!(answer.status(), ServingStatus::Serving, "it listens and does not serve");
    took
}

/// Whatever is read of the database and of the programs comes from the disk the next time.
fn forget(place: &Place) {
    let database = place.directory().join("registry.db");
    let bench = std::env::current_exe().expect("this program");
    for path in [&*database, programs::server(), &*bench] {
        drop_cached(path);
    }
}

/// What some process has mapped stays, as this program has itself.
fn drop_cached(path: &Path) {
    let file = File::open(path).expect("a file that is there");
    fadvise(&file, 0, None, Advice::DontNeed).expect("advice that is taken");
}

fn milliseconds(took: std::time::Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

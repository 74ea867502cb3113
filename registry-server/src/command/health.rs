//! `registry-server health`: asks a server whether it can do its work, for the health check of a container that has no other program.
//!
//! May not: look at anything but the answer.

use super::say;
use crate::config::{Admin, Place};
use bytes::Bytes;
use clap::Args;
use http::{Response, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

/// What is asked for.
const PATH: &str = "/readyz";
/// How much of an answer is read.
const MOST: usize = 4096;

/// Asks a server whether it can do its work
///
/// Exits with 0 if so, with 1 if not, and says why in a line. Beside a server with the same environment or file, nothing needs to be said.
#[derive(Args)]
#[command(after_help = "Examples:\n  registry-server health\n  registry-server health --url http://10.0.0.7:50052/readyz\n\n\
                        In a Dockerfile:\n  HEALTHCHECK CMD [\"registry-server\", \"health\"]")]
pub struct Ask {
    /// Ask there instead
    #[arg(long, value_name = "URL")]
    url: Option<Uri>,

    /// How many seconds the answer may take
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,

    #[command(flatten)]
    admin: Admin,

    #[command(flatten)]
    place: Place,
}

impl Ask {
    /// Asks, and says what was answered.
    ///
    /// # Errors
    /// A sentence, if the server cannot do its work or does not say.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let Self { url, timeout: seconds, admin, place: _ } = self;
        let url = match url {
            Some(url) => url,
            None => of(admin.admin_listen.0)?,
        };
        let asked = timeout(Duration::from_secs(seconds), ask(url.clone())).await;
        let answer = asked.unwrap_or_else(|_| Err(format!("no answer within {seconds} s")));
        let answer = answer.map_err(|why| format!("unhealthy: {url}: {why}"))?;
        let (status, told) = (answer.status(), answer.body());
        if !status.is_success() {
            return Err(format!("unhealthy: {url} answers {status}: {told}"));
        }
        say(&format!("healthy: {url} answers {status}"));
        Ok(ExitCode::SUCCESS)
    }
}

/// Where a server that listens there is asked from this machine.
fn of(admin_listen: Option<SocketAddr>) -> Result<Uri, String> {
    let Some(mut address) = admin_listen else {
        return Err("--admin-listen is off: there is nobody to ask. Let the server have an admin address, or ask for its health over gRPC \
                    (grpc.health.v1.Health)"
            .to_owned());
    };
    if address.port() == 0 {
        return Err("--admin-listen has port 0, any free one: say with --url which one it was".to_owned());
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}{PATH}").parse().map_err(|error| format!("--admin-listen {address}: {error}"))
}

/// The answer, in one line.
async fn ask(url: Uri) -> Result<Response<String>, String> {
    if url.scheme_str() != Some("http") {
        return Err("expected http://HOST:PORT/PATH: it has no TLS".to_owned());
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let (head, body) = client.get(url).await.map_err(|error| crate::chain::of(&error))?.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(|_| "the answer cannot be read".to_owned())?.to_bytes();
    let text = String::from_utf8_lossy(&body);
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    Ok(Response::from_parts(head, line))
}

//! Connects to a registry over TLS whose authority is known by its file, and shows a certificate of its own if there is one.
//!
//! `cargo run --example tls -- https://registry.internal:50051 ca.pem [client.pem client.key]`, with an API key in the environment
//! variable REGISTRY_API_KEY or in the file that REGISTRY_API_KEY_FILE names; a certificate can do without.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a terminal")]

use std::error::Error;
use std::process::ExitCode;

use registry_client::{Builder, Client, Tls};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (endpoint, authority, identity) = match arguments[..] {
        [endpoint, authority] => (endpoint, authority, None),
        [endpoint, authority, certificate, key] => (endpoint, authority, Some((certificate, key))),
        _ => {
            eprintln!("usage: tls ENDPOINT CA-FILE [CERTIFICATE KEY]");
            return ExitCode::from(2);
        }
    };
    match run(endpoint, authority, identity).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(endpoint: &str, authority: &str, identity: Option<(&str, &str)>) -> Result<(), Box<dyn Error>> {
    // Trusted is only who is named here; `Tls::native_roots` trusts whom the machine trusts.
    let mut tls = Tls::new().ca_certificate(std::fs::read(authority)?);
    if let Some((certificate, key)) = identity {
        tls = tls.identity(std::fs::read(certificate)?, std::fs::read(key)?);
    }
    // With REGISTRY_CA_FILE and the like, `Client::from_env` does all of this.
    let client: Client = Builder::from_env()?.endpoint(endpoint).tls(tls).connect().await?;
    let info = client.server_info().send().await?;
    println!("connected to registry {} at revision {}", info.registry_id, info.current_revision);
    let models = client.list_models().page_size(1).include_total_size().send().await?;
    println!("it has {} models", models.total_size.unwrap_or_default());
    Ok(())
}

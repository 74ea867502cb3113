//! Where the server listens, and what connections may take.
//!
//! May not: listen.

use super::words::at_least_one;
use crate::listener::Limits;
use clap::Args;
use clap::builder::BoolishValueParser;
use std::net::SocketAddr;

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Network")]
pub struct Network {
    /// Where to listen. Anything but a loopback address needs TLS, or --insecure-plaintext
    #[arg(long, env = "REGISTRY_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,

    /// Where health is told
    #[command(flatten)]
    pub admin: Admin,

    /// Serve /metrics, /livez, /readyz and /health, without TLS and without asking anybody who he is, on an address other than loopback
    #[arg(long, env = "REGISTRY_INSECURE_ADMIN", value_parser = BoolishValueParser::new())]
    pub insecure_admin: bool,

    /// Serve addresses other than loopback without TLS, for example behind a proxy that has it: keys and data can be read on the way
    #[arg(long, env = "REGISTRY_INSECURE_PLAINTEXT", value_parser = BoolishValueParser::new())]
    pub insecure_plaintext: bool,

    /// How many connections are open at once; one more is closed before anything is read from it
    #[arg(long, env = "REGISTRY_MAX_CONNECTIONS", value_name = "COUNT", default_value = "1000", value_parser = at_least_one)]
    pub max_connections: usize,

    /// How many of them come from one address (of IPv6, from one /64): higher if all callers come through one proxy
    #[arg(long, env = "REGISTRY_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", default_value = "100", value_parser = at_least_one)]
    pub max_connections_per_address: usize,
}

/// Where health is told. Apart from the rest, because who asks for it needs only that.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Network")]
pub struct Admin {
    /// Where /health, /livez, /readyz and /metrics are answered over HTTP, or `off`. Anything but a loopback address needs --insecure-admin
    #[arg(long, env = "REGISTRY_ADMIN_LISTEN", value_name = "ADDRESS:PORT|off", default_value = "127.0.0.1:50052")]
    pub admin_listen: AdminListen,
}

/// Where HTTP is served, if anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminListen(pub Option<SocketAddr>);

impl std::str::FromStr for AdminListen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "off" => Ok(Self(None)),
            address => address.parse().map(|address| Self(Some(address))).map_err(|_| "expected ADDRESS:PORT or `off`"),
        }
    }
}

impl Network {
    /// What connections may take.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            connections_per_address: self.max_connections_per_address,
            ..Limits::default()
        }
    }

    /// What may not be read on the way does not go there, and whoever is not asked who he is must be on this machine.
    pub(super) fn check(&self, has_tls: bool, asks_nobody: bool) -> Result<(), String> {
        let admin = self.admin.admin_listen.0;
        if let Some(address) = admin.filter(|address| !address.ip().is_loopback() && !self.insecure_admin) {
            return Err(format!(
                "--admin-listen {address}: it has no TLS and asks nobody who he is: name a loopback address, or say --insecure-admin"
            ));
        }
        if self.listen.ip().is_loopback() {
            return Ok(());
        }
        if asks_nobody {
            return Err(format!("--insecure-no-auth: only with a loopback address, and --listen is {}", self.listen));
        }
        if self.insecure_plaintext || has_tls {
            return Ok(());
        }
        Err(format!(
            "--listen {}: other machines could read keys and data on the way: give --tls-certificate and --tls-key, or say --insecure-plaintext",
            self.listen
        ))
    }
}

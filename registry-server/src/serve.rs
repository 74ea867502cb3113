//! The composition root: opens the store, builds the services, stacks the layers, listens, and drains at the
//! end. Tests call the same functions.

use crate::api::Api;
use crate::config::Config;
use crate::domain::Clock;
use crate::service::Registry;
use crate::store::{Store, Target, WriterTask};
use crate::{health, layer, listener};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

/// Why the server did not start: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
    health: JoinHandle<()>,
    writer: WriterTask,
}

impl Server {
    /// Opens, migrates and checks the database, then listens.
    ///
    /// # Errors
    /// [`StartError`]: nothing is served then.
    pub async fn start(target: &Target, listen: SocketAddr, clock: Clock, grace: Duration) -> Result<Self, StartError> {
        if let Target::Sqlite(path) = target {
            make_directory(path)?;
        }
        let (store, writer) = Store::open(target).await.map_err(|error| StartError(error.to_string()))?;
        let listener =
            TcpListener::bind(listen).await.map_err(|error| StartError(format!("cannot listen on {listen}: {error}")))?;
        let address = listener.local_addr().map_err(|error| StartError(error.to_string()))?;
        let stop = CancellationToken::new();
        let (reporter, health_service) = tonic_health::server::health_reporter();
        let routes = Api::new(Registry::new(store.clone(), clock)).routes(reflection(Routes::new(health_service))?);
        let routes = layer::around(routes.into_axum_router(), &store);
        let health = tokio::spawn(health::watch(reporter, store, stop.clone()));
        let accepting = tokio::spawn(listener::serve(listener, routes, stop.clone(), grace));
        Ok(Self { address, stop, accepting, health, writer })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: not healthy, no new calls, those that have begun get the grace period, and every acknowledged
    /// write is on disk already.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in [self.health, self.accepting] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the server ended abnormally");
            }
        }
        self.writer.finished().await;
    }
}

fn make_directory(database: &Path) -> Result<(), StartError> {
    match database.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        None => Ok(()),
        Some(directory) => std::fs::create_dir_all(directory)
            .map_err(|error| StartError(format!("cannot create {}: {error}", directory.display()))),
    }
}

/// Reflection in both versions, with comments, options and the messages of error details.
fn reflection(routes: Routes) -> Result<Routes, StartError> {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(registry_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let broken = |error: tonic_reflection::server::Error| StartError(error.to_string());
    Ok(routes.add_service(builder().build_v1().map_err(broken)?).add_service(builder().build_v1alpha().map_err(broken)?))
}

/// Runs a server until SIGINT or SIGTERM.
///
/// # Errors
/// [`StartError`].
pub async fn run(config: &Config) -> Result<(), StartError> {
    config.check().map_err(StartError)?;
    let target = config.target();
    let server = Server::start(&target, config.listen, Clock::System, config.shutdown_grace).await?;
    announce(&server, &target);
    let signal = stop_signal().await.map_err(|error| StartError(format!("cannot wait for signals: {error}")))?;
    tracing::info!(signal, "stopping");
    tokio::select! {
        () = server.stop() => tracing::info!("stopped"),
        _ = stop_signal() => tracing::warn!("a second signal: stopping at once"),
    }
    Ok(())
}

/// One line on standard output for people and scripts; the log goes to standard error.
#[expect(clippy::print_stdout, reason = "the one line that is for standard output")]
fn announce(server: &Server, target: &Target) {
    tracing::info!(address = %server.address(), database = %target, "serving");
    println!("registry-server {} listening on {} ({target})", env!("CARGO_PKG_VERSION"), server.address());
}

async fn stop_signal() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    })
}

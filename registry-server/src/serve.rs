//! The composition root: opens the store, builds the services, stacks the layers, listens, and drains at the
//! end. Tests call the same functions.

use crate::api::{self, AllLimits, Api};
use crate::audit::{self, AuditLog};
use crate::cache::Cache;
use crate::config::Config;
use crate::domain::{Clock, Quota, Retention};
use crate::first_key::{self, FirstKey};
use crate::health::{Health, Watch};
use crate::layer::{Access, Admission, CallLimits, CertificateRole, Failures, Gate, Layers, Reflection, Rpc};
use crate::listener::{Door, Limits};
use crate::metrics::{Metrics, Scrape, Sources};
use crate::refusals::Refusals;
use crate::service::Registry;
use crate::storage::{Storage, StorageError, StorageTarget};
use crate::store::{Migrating, Store, Target, WriterTask};
use crate::telemetry::{Dropped, Traces};
use crate::tls::{Acceptor, TlsFiles, Unusable};
use crate::{chain, health, housekeeping, listener, systemd};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::service::Routes;

/// How long a write may take that was begun for a caller who is gone. It was not acknowledged.
const LAST_WRITE: Duration = Duration::from_millis(500);

/// How long a server that has stopped may still take to deliver its traces.
const LAST_TRACES: Duration = Duration::from_secs(2);

/// How long it takes at the most after `--shutdown-delay` and `--shutdown-grace`: the last write, the last traces, and ending.
pub const AFTER_GRACE: Duration = Duration::from_secs(3);

/// Why the server did not start: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub(crate) String);

/// What a server is told, apart from its database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 is any free one.
    pub listen: SocketAddr,
    /// Where HTTP tells of health and metrics, if anywhere; port 0 is any free one.
    pub admin_listen: Option<SocketAddr>,
    /// What is done about migrations that the database has not had.
    pub migrating: Migrating,
    /// Where the bytes of artifacts are.
    pub storage: StorageTarget,
    /// What time it is.
    pub clock: Clock,
    /// How long things are kept.
    pub retention: Retention,
    /// How often the registry looks for what is due to be removed.
    pub housekeeping: Duration,
    /// How long calls that have begun may take when the server stops.
    pub grace: Duration,
    /// Whether callers are asked who they are, and where the first key comes from if so.
    pub first_key: Option<FirstKey>,
    /// What callers with a client certificate may do.
    pub certificate_roles: Vec<CertificateRole>,
    /// Who may ask what the services look like.
    pub reflection: Reflection,
    /// What connections may take.
    pub limits: Limits,
    /// What calls may take.
    pub calls: CallLimits,
    /// How many bytes of artifacts there may be.
    pub quota: Quota,
    /// How many bytes of answers are kept in memory; 0 is none.
    pub cache_size: u64,
    /// What connections are made secure with; without it they are not.
    pub tls: Option<TlsFiles>,
    /// Spans that were not sent, for the metrics.
    pub dropped: Dropped,
    /// Which safety is off, for the tests to find.
    #[cfg(feature = "sabotage")]
    pub sabotage: crate::sabotage::Sabotage,
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// Cancelled when callers are told to go elsewhere, and at the latest with `stop`.
    leaving: CancellationToken,
    stop: CancellationToken,
    tls: Option<Acceptor>,
    refusals: Refusals,
    accepting: JoinHandle<()>,
    admin: Option<SocketAddr>,
    watch: Watch,
    health: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
    audit: JoinHandle<()>,
    /// Cancelled when the last call has ended.
    ended: CancellationToken,
    writer: WriterTask,
    scrape: Scrape,
    /// These end with the server, with nothing to wait for.
    _telling: Vec<AbortOnDropHandle<()>>,
}

impl Server {
    /// Opens, migrates and checks the database, then listens.
    ///
    /// # Errors
    /// [`StartError`]: nothing is served then.
    pub async fn start(target: &Target, settings: Settings) -> Result<Self, StartError> {
        let Settings {
            listen,
            admin_listen,
            migrating,
            storage,
            clock,
            retention,
            housekeeping,
            grace,
            first_key,
            certificate_roles,
            reflection,
            limits,
            calls,
            quota,
            cache_size,
            tls,
            dropped,
            ..
        } = settings;
        let tls = tls.map(Acceptor::open).transpose().map_err(|error| StartError(error.to_string()))?;
        make_directory_of(target)?;
        let metrics = Metrics::new(Rpc::all().map(Rpc::labels));
        let opened = Store::open_migrating(target, api::picture, migrating, metrics.work.clone()).await;
        let (store, writer) = opened.map_err(|error| StartError(error.to_string()))?;
        let storage = open_storage(&storage).await?;
        let (listener, address) = bind("--listen", listen).await?;
        let admin = bind_admin(admin_listen).await?;
        let (stop, leaving) = (CancellationToken::new(), CancellationToken::new());
        let (reporter, health_service) = tonic_health::server::health_reporter();
        let registry = Registry::new(store.clone(), storage.clone(), clock.clone(), retention, quota);
        let cache = Cache::new(cache_size, store.fresh().clone(), metrics.cache.clone());
        #[cfg(feature = "sabotage")]
        let (registry, cache) = sabotaged(registry, cache, settings.sabotage);
        let admission = admission(&registry, first_key.as_ref(), certificate_roles).await?;
        let routes = Routes::new(health_service);
        let routes = if reflection == Reflection::Off { routes } else { api::reflection::add(routes) };
        let refusals = Refusals::default();
        let told_apart = first_key.is_some();
        let all = AllLimits { connections: limits, calls, quota, grace, told_apart };
        let watch = Health::watch(store.clone(), storage, leaving.clone()).await;
        let api = Api::new(registry.clone(), watch.health(), stop.clone(), all, &refusals, &metrics);
        let scrape = scrape(&registry, &metrics, &watch, &refusals, tls.as_ref(), &api, dropped);
        let routes = api.routes(routes);
        let (log, ended) = (AuditLog::new(clock), CancellationToken::new());
        let gate = Gate::new(&calls, told_apart, &refusals);
        let access =
            Access { admission, reflection, failures: Failures::new(&calls, &refusals), metrics: metrics.access.clone() };
        let (routes, calls) = (routes.into_axum_router(), metrics.calls.clone());
        let behind = Layers::around(routes, store.clone(), (access, gate), cache, log.clone(), calls);
        let mut telling = vec![AbortOnDropHandle::new(tokio::spawn(refusals.clone().tell()))];
        let health = tokio::spawn(health::tell_grpc(reporter, watch.health(), stop.clone()).await);
        let admin = admin.map(|(listener, address)| {
            telling.push(AbortOnDropHandle::new(tokio::spawn(health::serve_http(listener, watch.health(), scrape.clone()))));
            address
        });
        let audit = tokio::spawn(keep_audit(registry.clone(), log, metrics.clone(), ended.clone()));
        let housekeeping = tokio::spawn(housekeeping::keep(registry, housekeeping, metrics.chores.clone(), stop.clone()));
        let door =
            Door { behind, tls: tls.clone(), limits, refusals: refusals.clone(), traffic: metrics.traffic, stop: stop.clone() };
        let accepting = tokio::spawn(listener::serve(listener, door, grace));
        Ok(Self {
            address,
            leaving,
            stop,
            tls,
            refusals,
            accepting,
            admin,
            watch,
            health,
            housekeeping,
            audit,
            ended,
            writer,
            scrape,
            _telling: telling,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells of its health over HTTP, if it does.
    #[must_use]
    pub const fn admin_address(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Whether it can do its work.
    #[must_use]
    pub fn health(&self) -> Health {
        self.watch.health()
    }

    /// How often what was refused because of which limit.
    #[must_use]
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Reads the files of TLS again, for the connections to come. If they cannot be used, the log says why, those that were read
    /// before stay in use, and the caller is told as well.
    pub fn reload(&self) -> Option<Unusable> {
        match self.tls.as_ref().map(Acceptor::reload) {
            Some(Ok(())) => tracing::info!("the files of TLS were read again: new connections use them"),
            Some(Err(error)) => {
                tracing::error!(%error, "the files of TLS cannot be used: the ones read before stay in use");
                return Some(error);
            }
            None => tracing::info!("there is nothing to read again: the server runs without TLS"),
        }
        None
    }

    /// Says NOT_SERVING and goes on serving, for as long as balancers may need to notice.
    pub async fn leave(&self, notice: Duration) {
        self.leaving.cancel();
        sleep(notice).await;
    }

    /// Stops: not healthy, no new calls, those that have begun get the grace period, and every acknowledged
    /// write is on disk already.
    pub async fn stop(self) {
        self.leaving.cancel();
        self.stop.cancel();
        for task in [self.health, self.housekeeping, self.accepting] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the server ended abnormally");
            }
        }
        self.ended.cancel();
        self.scrape.end();
        let written = async {
            if let Err(error) = self.audit.await {
                tracing::error!(%error, "the task of the audit log ended abnormally");
            }
            self.writer.finished().await;
        };
        if timeout(LAST_WRITE, written).await.is_err() {
            tracing::warn!(
                "the database is still busy: what was not written by now (of the audit log, calls that failed) is lost"
            );
        }
    }
}

/// The same, with a safety off.
#[cfg(feature = "sabotage")]
fn sabotaged(registry: Registry, cache: Option<Cache>, sabotage: crate::sabotage::Sabotage) -> (Registry, Option<Cache>) {
    let cache = cache.map(|cache| cache.sabotaged(&sabotage));
    (registry.sabotaged(sabotage), cache)
}

/// How callers are recognised; makes the first key, if they are and there is none.
async fn admission(
    registry: &Registry,
    first_key: Option<&FirstKey>,
    certificate_roles: Vec<CertificateRole>,
) -> Result<Admission, StartError> {
    let Some(first) = first_key else { return Ok(Admission::Everybody) };
    if let FirstKey::File(path) = first {
        make_directory(path)?;
    }
    first_key::make(registry, first).await?;
    Ok(Admission::Recognised(registry.keyring().clone(), Arc::new(certificate_roles.into_iter().collect())))
}

/// The directory of a database that is a file.
pub(crate) fn make_directory_of(target: &Target) -> Result<(), StartError> {
    match target {
        Target::Sqlite(path) => make_directory(path),
        Target::Postgres(_) => Ok(()),
    }
}

/// The directory of a file, for nobody but its owner, whatever the umask; what is there is left as it is.
pub(crate) fn make_directory(file: &Path) -> Result<(), StartError> {
    let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir()) else {
        return Ok(());
    };
    let made = match directory.parent() {
        Some(above) => fs::create_dir_all(above),
        None => Ok(()),
    };
    made.and_then(|()| fs::DirBuilder::new().mode(0o700).create(directory))
        .and_then(|()| fs::set_permissions(directory, fs::Permissions::from_mode(0o700)))
        .map_err(|error| StartError(format!("cannot create {}: {error}", directory.display())))
}

/// Listens there; a sentence with the flag if somebody else does.
async fn bind(flag: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|error: std::io::Error| StartError(format!("{flag}: cannot listen on {address}: {error}")))
}

/// The same for HTTP, if it is to be anywhere.
async fn bind_admin(address: Option<SocketAddr>) -> Result<Option<(TcpListener, SocketAddr)>, StartError> {
    match address {
        Some(address) => bind("--admin-listen", address).await.map(Some),
        None => Ok(None),
    }
}

/// What answers scrapes.
fn scrape(
    registry: &Registry,
    metrics: &Metrics,
    watch: &Watch,
    refusals: &Refusals,
    tls: Option<&Acceptor>,
    api: &Api,
    dropped: Dropped,
) -> Scrape {
    let sources = Sources {
        metrics: metrics.clone(),
        health: watch.health(),
        refusals: refusals.clone(),
        tls: tls.cloned(),
        running: api.running(),
        dropped,
    };
    Scrape::of(registry.clone(), sources)
}

/// Writes the audit log until the last call has ended, and then what else would be forgotten.
async fn keep_audit(registry: Registry, log: AuditLog, metrics: Metrics, ended: CancellationToken) {
    audit::keep(registry.clone(), log, metrics, ended).await;
    registry.last_words().await;
}

/// The storage, or why nothing can be kept there.
async fn open_storage(target: &StorageTarget) -> Result<Storage, StartError> {
    let why = |error: StorageError| StartError(format!("--storage-url: cannot use the {target}: {}", chain::of(&error)));
    Storage::open(target).await.map_err(why)
}

/// Runs a server until SIGINT or SIGTERM. SIGHUP makes it read the files of TLS again.
///
/// # Errors
/// [`StartError`].
pub async fn run(config: &Config, traces: Option<&Traces>) -> Result<(), StartError> {
    config.check().map_err(StartError)?;
    let target = config.place.target().map_err(StartError)?;
    let mut settings = config.settings().map_err(StartError)?;
    settings.dropped = traces.map(Traces::dropped).unwrap_or_default();
    let storage = settings.storage.clone();
    if let (Target::Postgres(_), StorageTarget::Directory(path)) = (&target, &storage) {
        let path = path.display();
        tracing::warn!(%path, "artifacts are in a directory of this machine: other servers with this database must share it");
    }
    let mut signals = Signals::listen().map_err(no_signals)?;
    // From here on it does not end the process any more, not even while it stops.
    let mut hangups = signal(SignalKind::hangup()).map_err(no_signals)?;
    let server = tokio::select! {
        started = Server::start(&target, settings) => started?,
        signal = signals.next() => return Err(StartError(format!("{signal} before the server was ready"))),
    };
    announce(&server, &target, &storage);
    let serving = format!("serving on {} ({target})", server.address());
    systemd::serves(&serving);
    let signal = loop {
        tokio::select! {
            signal = signals.next() => break signal,
            _ = hangups.recv() => {
                systemd::reloads();
                match server.reload() {
                    None => systemd::serves(&serving),
                    Some(why) => systemd::serves(&format!("{serving}; the files of TLS could not be read again: {why}")),
                }
            }
        }
    };
    tracing::info!(signal, "stopping");
    systemd::leaves("stopping: calls that have begun are answered");
    let stopped = async {
        server.leave(config.process.shutdown_delay).await;
        server.stop().await;
        if let Some(traces) = traces {
            traces.end(LAST_TRACES).await;
        }
    };
    tokio::select! {
        () = stopped => tracing::info!("stopped"),
        _ = signals.next() => tracing::warn!("a second signal: stopping at once"),
    }
    Ok(())
}

fn no_signals(error: std::io::Error) -> StartError {
    StartError(format!("cannot wait for signals: {error}"))
}

/// One line on standard output for people and scripts; the log goes to standard error.
#[expect(clippy::print_stdout, reason = "the one line that is for standard output")]
fn announce(server: &Server, target: &Target, storage: &StorageTarget) {
    let (address, admin) = (server.address(), server.admin_address().map(tracing::field::display));
    tracing::info!(%address, admin, database = %target, %storage, "serving");
    println!("registry-server {} listening on {} ({target})", env!("CARGO_PKG_VERSION"), server.address());
}

/// The signals that stop a server. Heard from before it is announced, so that none is missed.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

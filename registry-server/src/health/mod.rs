//! Whether the server can do its work: what it depends on, asked for real, again and again; told by `grpc.health.v1` and over HTTP.
//!
//! May not: let one component wait for another; know who asks.

mod grpc;
mod http;

pub use grpc::tell as tell_grpc;
pub use http::serve as serve_http;

use crate::storage::Storage;
use crate::store::Store;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How often each component is asked, and how long its answer may take: together, less than the five seconds within which health
/// follows.
const EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that the server depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// Where everything is but the bytes of artifacts.
    Database,
    /// Where those are.
    Storage,
}

impl Component {
    /// What every call needs: whoever is without it is not to be sent any. Without the storage only artifacts are not served, and no
    /// other server of the registry would serve them either.
    pub const OF_CALLS: [Self; 1] = [Self::Database];

    /// All of them.
    pub const ALL: [Self; 2] = [Self::Database, Self::Storage];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Storage => "storage",
        }
    }
}

/// What was found last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    database: bool,
    storage: bool,
    leaving: bool,
}

impl Found {
    /// Whether a component did what it is for.
    #[must_use]
    pub const fn is_healthy(&self, component: Component) -> bool {
        match component {
            Component::Database => self.database,
            Component::Storage => self.storage,
        }
    }

    /// Whether whatever needs these can be served, here and for some time.
    #[must_use]
    pub fn serves(&self, needed: &[Component]) -> bool {
        !self.leaving && needed.iter().all(|component| self.is_healthy(*component))
    }

    /// Whether calls can be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.serves(&Component::OF_CALLS)
    }

    /// Whether the server is about to stop.
    #[must_use]
    pub const fn is_leaving(&self) -> bool {
        self.leaving
    }

    fn set(&mut self, component: Component, healthy: bool) -> bool {
        let was = match component {
            Component::Database => &mut self.database,
            Component::Storage => &mut self.storage,
        };
        std::mem::replace(was, healthy) != healthy
    }
}

/// The health of the server, known at any time. A clone is the same.
#[derive(Debug, Clone)]
pub struct Health(watch::Receiver<Found>);

/// Keeps it true, as long as it is there.
#[derive(Debug)]
pub struct Watch {
    health: Health,
    _asking: AbortOnDropHandle<()>,
}

impl Health {
    /// Asks the storage once (the database has just been opened and checked), and everything from then on, until `leaving`.
    pub async fn watch(store: Store, storage: Storage, leaving: CancellationToken) -> Watch {
        let found = watch::Sender::new(Found { database: true, storage: true, leaving: false });
        note(&found, Component::Storage, ask_storage(&storage).await);
        let health = Self(found.subscribe());
        let asking = AbortOnDropHandle::new(tokio::spawn(async move {
            let mut components = JoinSet::new();
            let of_storage = found.clone();
            components.spawn(again(found.clone(), Component::Database, move || ask_database(store.clone())));
            components.spawn(again(of_storage, Component::Storage, move || {
                let storage = storage.clone();
                async move { ask_storage(&storage).await }
            }));
            leaving.cancelled().await;
            components.shutdown().await;
            found.send_modify(|found| found.leaving = true);
        }));
        Watch { health, _asking: asking }
    }

    /// What was found last.
    #[must_use]
    pub fn found(&self) -> Found {
        *self.0.borrow()
    }

    /// Waits until something else was found. Never ends once nobody looks any more.
    async fn changed(&mut self) -> Found {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }
}

impl Watch {
    /// The health that is kept true.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.clone()
    }
}

/// Why a component is not healthy, for the operator.
type Answer = Result<(), String>;

async fn again<F: Future<Output = Answer>>(found: watch::Sender<Found>, component: Component, ask: impl Fn() -> F) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // One answer is there already.
    tick.tick().await;
    loop {
        tick.tick().await;
        note(&found, component, ask().await);
    }
}

async fn ask_database(store: Store) -> Answer {
    within(async { store.ping().await.map(drop).map_err(|error| crate::chain::of(&error)) }).await
}

async fn ask_storage(storage: &Storage) -> Answer {
    within(async { storage.probe().await.map_err(|error| crate::chain::of(&error)) }).await
}

async fn within(answer: impl Future<Output = Answer>) -> Answer {
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
}

/// Tells of a change, once: whoever watches would otherwise be told what he knows, and so would the operator.
fn note(found: &watch::Sender<Found>, component: Component, answer: Answer) {
    if !found.send_if_modified(|found| found.set(component, answer.is_ok())) {
        return;
    }
    let component = component.name();
    match answer {
        Ok(()) => tracing::info!(component, "the {component} is healthy again"),
        Err(error) => tracing::warn!(component, %error, "the {component} is not healthy"),
    }
}

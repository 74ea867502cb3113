//! The newest revision this process knows to be committed, and waiting for the next one.
//!
//! Notification is only the wake-up: who is woken reads from the database, and the head is read from it too. (What is
//! told on a channel may be of a copy of this registry in another schema, or of a primary whose last commits are lost.)
//! Changes made by this process are known at once; those of other servers are told by PostgreSQL (LISTEN), and looked
//! for when it is silent.

use super::Backend;
use super::entity::state::Model;
use super::state;
use super::target::Target;
use crate::domain::{Error, Revision};
use sea_orm::DatabaseConnection;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

/// How long other servers may be silent before their writes are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait before listening again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// The newest known revision, and that of the last known change of an API key.
#[derive(Debug)]
pub(super) struct Head {
    revision: watch::Sender<Revision>,
    keys: watch::Sender<Revision>,
    /// When other servers' writes were last looked for; `None` if there are no other servers.
    looked: Option<Mutex<Instant>>,
}

impl Head {
    pub(super) fn new(backend: Backend, state: &Model) -> Self {
        Self {
            revision: watch::Sender::new(state.revision),
            keys: watch::Sender::new(state.api_keys_revision),
            looked: (backend == Backend::Postgres).then(|| Mutex::new(Instant::now())),
        }
    }

    /// It is at least this.
    pub(super) fn seen(&self, revision: Revision) {
        raise(&self.revision, revision);
    }

    /// An API key was changed, or was seen to have been by a transaction that nobody can overtake.
    pub(super) fn keys_changed(&self, revision: Revision) {
        // What was looked for before this does not know of it.
        self.looked_at(Instant::now(), || raise(&self.keys, revision));
    }

    /// The state of the registry, read at a moment not before `began`.
    pub(super) fn looked(&self, state: &Model, began: Instant) {
        self.seen(state.revision);
        // It can be an older one than before: that of a database that has lost its last commits.
        self.looked_at(began, || {
            let keys = state.api_keys_revision;
            self.keys.send_if_modified(|known| std::mem::replace(known, keys) != keys);
        });
    }

    /// Learns something that was true at a moment, unless something newer is known.
    fn looked_at(&self, moment: Instant, learn: impl FnOnce()) {
        let Some(looked) = &self.looked else { return learn() };
        let mut last = looked.lock().unwrap_or_else(PoisonError::into_inner);
        if moment >= *last {
            *last = moment;
            learn();
        }
    }

    /// How long other servers may have written without this one knowing.
    pub(super) fn blind_for(&self) -> Duration {
        self.looked.as_ref().map_or(Duration::ZERO, |looked| looked.lock().unwrap_or_else(PoisonError::into_inner).elapsed())
    }

    pub(super) fn revision(&self) -> Revision {
        *self.revision.borrow()
    }

    pub(super) fn keys(&self) -> Revision {
        *self.keys.borrow()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Revision> {
        self.revision.subscribe()
    }

    pub(super) fn subscribe_to_keys(&self) -> watch::Receiver<Revision> {
        self.keys.subscribe()
    }
}

fn raise(known: &watch::Sender<Revision>, revision: Revision) {
    known.send_if_modified(|known| {
        let newer = revision > *known;
        *known = revision.max(*known);
        newer
    });
}

/// Where the servers of a registry tell one another of new revisions.
pub(super) fn channel(registry: crate::domain::RegistryId) -> String {
    format!("registry_{}", registry.uuid().simple())
}

/// Keeps `head` at what other servers write, for as long as the handle lives. There are none on SQLite.
pub(super) fn follow(target: &Target, db: DatabaseConnection, channel: String, head: Arc<Head>) -> Option<AbortOnDropHandle<()>> {
    match target.backend() {
        Backend::Sqlite => None,
        Backend::Postgres => Some(AbortOnDropHandle::new(tokio::spawn(follow_others(target.clone(), db, channel, head)))),
    }
}

/// Looks for what other servers have written. A database that does not answer is not waited for: whoever has to know how
/// things are would wait with it.
pub(super) async fn look(db: &DatabaseConnection, head: &Head) -> Result<(), Error> {
    let began = Instant::now();
    let state = timeout(PATIENCE, state::load(db)).await.map_err(|late| Error::Unavailable(late.into()))??;
    head.looked(&state, began);
    Ok(())
}

async fn follow_others(target: Target, db: DatabaseConnection, channel: String, head: Arc<Head>) {
    let heard = Notify::new();
    let look = async {
        loop {
            let _ = timeout(LOOK, heard.notified()).await;
            // What fails here fails louder where somebody waits for it.
            let _ = self::look(&db, &head).await;
        }
    };
    let listen = async {
        loop {
            let began = Instant::now();
            if let Err(error) = Backend::listen(&target, &channel, || heard.notify_one()).await {
                tracing::debug!(%error, "cannot hear of the writes of other servers: looking for them every second");
            }
            sleep_until(began + LISTEN_AGAIN).await;
        }
    };
    futures::join!(look, listen);
}

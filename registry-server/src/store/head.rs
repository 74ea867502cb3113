//! The newest revision this process knows to be committed, and waiting for the next one.
//!
//! Notification is only the wake-up: who is woken reads from the database, and the head is read from it too. (What is
//! told on a channel may be of a copy of this registry in another schema, or of a primary whose last commits are lost.)
//! Changes made by this process are known at once; those of other servers are told by PostgreSQL (LISTEN), and looked
//! for when it is silent.

use super::Backend;
use super::state;
use super::target::Target;
use crate::domain::Revision;
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

/// How long other servers may be silent before their writes are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait before listening again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// The newest known revision.
#[derive(Debug)]
pub(super) struct Head(watch::Sender<Revision>);

impl Head {
    pub(super) fn new(revision: Revision) -> Self {
        Self(watch::Sender::new(revision))
    }

    /// It is at least this.
    pub(super) fn seen(&self, revision: Revision) {
        self.0.send_if_modified(|head| {
            let newer = revision > *head;
            *head = revision.max(*head);
            newer
        });
    }

    pub(super) fn revision(&self) -> Revision {
        *self.0.borrow()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Revision> {
        self.0.subscribe()
    }
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

async fn follow_others(target: Target, db: DatabaseConnection, channel: String, head: Arc<Head>) {
    let heard = Notify::new();
    let look = async {
        loop {
            let _ = timeout(LOOK, heard.notified()).await;
            // What fails here fails louder where somebody waits for it.
            if let Ok(state) = state::load(&db).await {
                head.seen(state.revision);
            }
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

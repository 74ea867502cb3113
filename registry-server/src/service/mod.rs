//! The use cases: one method each, one write each. The only place that decides.
//!
//! May not: hold SQL, messages or status codes.

mod changes;
mod models;
mod releases;
mod resolve;
mod system;

pub use system::Info;

use crate::domain::context::RequestId;
use crate::domain::name::Actor;
use crate::domain::{Clock, Context, Error, Etag, Kind, Revision, Timestamp};
use crate::store::Store;

/// The registry: what it can do, on a database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry {
    store: Store,
    clock: Clock,
}

impl Registry {
    /// On an open database.
    #[must_use]
    pub const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// A call that begins now.
    #[must_use]
    pub fn context(&self, actor: Actor, request_id: RequestId) -> Context {
        Context::new(self.clock.now(), actor, request_id)
    }

    /// The database it is on.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }
}

/// What every resource has that a change must respect and renew.
struct Lifecycle<'a> {
    kind: Kind,
    name: String,
    revision: Revision,
    delete_time: Option<Timestamp>,
    etag: Option<&'a Etag>,
}

impl Lifecycle<'_> {
    /// The resource is live and, if the caller said which state of it is meant, still in that state.
    fn may_change(self) -> Result<(), Error> {
        let Self { kind, name, revision, delete_time, etag } = self;
        if delete_time.is_some() {
            return Err(Error::Deleted { kind, name });
        }
        match etag {
            Some(etag) if !etag.is_current(revision) => Err(Error::EtagMismatch { kind, name, etag: revision.etag(), revision }),
            _ => Ok(()),
        }
    }
}

/// Times never run backwards within a resource, whatever the clocks of the servers do.
fn later(now: Timestamp, before: Timestamp) -> Timestamp {
    now.max(before)
}

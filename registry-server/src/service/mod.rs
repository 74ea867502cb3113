//! The use cases. The only place that decides.
//!
//! A read is a method of [`Registry`]. A write is a function of the right to write and a command, run by
//! [`Registry::write`]: one write each, whoever asks for it.
//!
//! May not: hold SQL, messages or status codes.

pub mod aliases;
pub mod api_keys;
pub mod artifacts;
pub mod audit;
mod changes;
pub mod deployments;
pub mod downloads;
pub mod exports;
pub mod families;
pub mod history;
pub mod housekeeping;
pub mod imports;
pub mod keyring;
pub mod models;
mod orphans;
pub mod releases;
mod resolve;
pub mod sums;
mod system;
pub mod uploads;

pub use resolve::Resolved;
pub use system::Info;

use crate::domain::context::RequestId;
use crate::domain::error::Blockers;
use crate::domain::page::Resume;
use crate::domain::{Caller, Clock, Context, Error, Etag, Kind, Quota, Retention, Revision, Timestamp};
use crate::storage::Storage;
use crate::store::releases::Release;
use crate::store::{Answer, Source, Store, Unkeyed, UseCase, Written};
use keyring::Keyring;
use std::sync::Arc;
use tokio::sync::Notify;

/// The registry: what it can do, on a database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry {
    store: Store,
    clock: Clock,
    retention: Retention,
    storage: Storage,
    quota: Quota,
    keyring: Keyring,
    /// There is something to tidy before the next round.
    untidy: Arc<Notify>,
    #[cfg(feature = "sabotage")]
    sabotage: crate::sabotage::Sabotage,
}

impl Registry {
    /// On an open database and storage.
    #[must_use]
    pub fn new(store: Store, storage: Storage, clock: Clock, retention: Retention, quota: Quota) -> Self {
        Self {
            keyring: Keyring::new(store.clone(), clock.clone()),
            store,
            clock,
            retention,
            storage,
            quota,
            untidy: Arc::default(),
            #[cfg(feature = "sabotage")]
            sabotage: crate::sabotage::Sabotage::default(),
        }
    }

    /// The same, with a safety off.
    #[cfg(feature = "sabotage")]
    #[must_use]
    pub fn sabotaged(mut self, sabotage: crate::sabotage::Sabotage) -> Self {
        self.sabotage = sabotage;
        self
    }

    /// Which safety is off.
    #[cfg(feature = "sabotage")]
    pub(crate) const fn sabotage(&self) -> &crate::sabotage::Sabotage {
        &self.sabotage
    }

    /// A call that begins now.
    #[must_use]
    pub fn context(&self, caller: Arc<Caller>, request_id: RequestId) -> Context {
        Context::new(self.clock.clone(), caller, request_id, self.retention)
    }

    /// What time it is for it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long things are kept.
    #[must_use]
    pub const fn retention(&self) -> Retention {
        self.retention
    }

    /// Runs a use case that writes, and makes an answer of its result: see [`Store::write`].
    ///
    /// # Errors
    /// Those of the use case, of its key and of the database.
    pub async fn write<C, T, R>(
        &self,
        ctx: &Context,
        command: C,
        use_case: impl UseCase<C, T>,
        answer: impl Fn(T, &Context) -> R + Send + Sync + 'static,
    ) -> Result<Written<R>, Error>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        R: Answer,
    {
        #[cfg(feature = "sabotage")]
        let use_case = self.sabotage.of_use_case(use_case);
        self.store.write(ctx, command, use_case, answer).await
    }

    /// The same for a call without a key: the result is the answer.
    ///
    /// # Errors
    /// Those of the use case and of the database.
    pub async fn run<C, T>(&self, ctx: &Context, command: C, use_case: impl UseCase<C, T>) -> Result<T, Error>
    where
        C: Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let Written { answer: Unkeyed(result), .. } =
            self.store.write(ctx, command, use_case, |result, _| Unkeyed(result)).await?;
        Ok(result)
    }

    /// The revision of a list: that of its first page.
    async fn revision_of(&self, source: &impl Source, resume: Option<&Resume>) -> Result<Revision, Error> {
        match resume {
            Some(resume) => Ok(resume.revision),
            None => self.store.current_revision(source).await,
        }
    }

    /// Which credentials are good.
    #[must_use]
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// How many bytes of artifacts it takes.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.quota
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
        match self.delete_time {
            Some(_) => Err(Error::Deleted { kind: self.kind, name: self.name }),
            None => self.still_is(),
        }
    }

    /// The resource is soft-deleted, and still what the caller meant.
    fn may_be_purged(self) -> Result<(), Error> {
        match self.delete_time {
            Some(_) => self.still_is(),
            None => Err(Error::InvalidTransition {
                kind: self.kind,
                from: "LIVE",
                to: "PURGED",
                why: "only what is soft-deleted can be purged",
            }),
        }
    }

    /// The resource is still in the state that the caller meant, if the caller said which.
    fn still_is(self) -> Result<(), Error> {
        let Self { kind, name, revision, delete_time: _, etag } = self;
        match etag {
            Some(etag) if !etag.is_current(revision) => Err(Error::EtagMismatch { kind, name, etag: revision.etag(), revision }),
            _ => Ok(()),
        }
    }
}

/// The refusal because of releases that are in the way, if there are any.
fn in_use(kind: Kind, name: String, why: &'static str, first: &[Release], count: u64) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let names = first.iter().map(|release| release.key().to_string()).collect();
    Err(Error::InUse { kind, name, why, blockers: Blockers { kind: Kind::Release, names, count } })
}

/// Whether a purge was done. What is in the way may be gone the next time; until then the operator should know.
fn done(purged: Result<Revision, Error>) -> Result<bool, Error> {
    match purged {
        Err(blocked @ Error::InUse { .. }) => {
            tracing::warn!("not purged although it is due: {blocked}");
            Ok(false)
        }
        purged => purged.map(|_| true),
    }
}

/// Times never run backwards within a resource, whatever the clocks of the servers do.
fn later(now: Timestamp, before: Timestamp) -> Timestamp {
    now.max(before)
}

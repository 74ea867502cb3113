//! What a use case knows about the call it serves: who, when, and under which request id.

use super::caller::Caller;
use super::name::Actor;
use super::retention::Retention;
use super::scope::Scope;
use super::time::{Clock, Timestamp};
use std::sync::Arc;
use uuid::Uuid;

/// The id under which a call can be found in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A fresh one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(new_id().to_string())
    }

    /// What a caller chose, if it can stand in a log line: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    #[must_use]
    pub fn chosen(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        ((1..=64).contains(&text.len()) && text.chars().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a caller names one logical change by, so that asking again does not change again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeKey {
    /// The caller's own id of the change.
    pub id: Uuid,
    /// What was called.
    pub method: &'static str,
    /// SHA-256 of everything else in the request.
    pub payload: [u8; 32],
}

/// One call. Time and ids come from here, so that one call has one time and tests can move it.
#[derive(Debug, Clone)]
pub struct Context {
    clock: Clock,
    now: Timestamp,
    caller: Arc<Caller>,
    audited: Option<&'static str>,
    request_id: RequestId,
    retention: Retention,
    dry_run: bool,
    key: Option<ChangeKey>,
}

impl Context {
    /// A call by `caller` that begins now.
    #[must_use]
    pub fn new(clock: Clock, caller: Arc<Caller>, request_id: RequestId, retention: Retention) -> Self {
        Self { now: clock.now(), clock, caller, audited: None, request_id, retention, dry_run: false, key: None }
    }

    /// The same call, when its turn to write has come: what it writes has the time of that, and not of its arrival.
    #[must_use]
    pub fn begun(mut self) -> Self {
        self.now = self.clock.now();
        self
    }

    /// The same call, to be validated in full and then forgotten (`validate_only`).
    #[must_use]
    pub const fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// The same call, as one of those that ask for the change with this key.
    #[must_use]
    pub fn keyed(mut self, key: Option<ChangeKey>) -> Self {
        self.key = key;
        self
    }

    /// The same call, as one of a method whose calls are all written to the audit log.
    #[must_use]
    pub const fn audited(mut self, method: Option<&'static str>) -> Self {
        self.audited = method;
        self
    }

    /// Whether what the call does is to be undone.
    #[must_use]
    pub const fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Which change it asks for, if the caller gave it a key. A call that is only validated asks for none.
    #[must_use]
    pub fn key(&self) -> Option<&ChangeKey> {
        self.key.as_ref().filter(|_| !self.dry_run)
    }

    /// The time of the call.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// When something that is deleted now will be purged.
    #[must_use]
    pub fn purge_time(&self) -> Timestamp {
        self.now.after(self.retention.deleted)
    }

    /// When bytes that belong to nothing from now on will be removed.
    #[must_use]
    pub fn orphan_time(&self) -> Timestamp {
        self.now.after(self.retention.orphans)
    }

    /// Who calls.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.caller.actor
    }

    /// Who calls, from where, and what he may do.
    #[must_use]
    pub const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// Which models there are for the caller.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.caller.scope
    }

    /// The method to be written to the audit log, with what comes of the call.
    #[must_use]
    pub const fn audited_method(&self) -> Option<&'static str> {
        self.audited
    }

    /// The id of the call in the log.
    #[must_use]
    pub const fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// The id of the call in history: the caller's own for the change, or else the one in the log.
    #[must_use]
    pub fn change_id(&self) -> String {
        self.key().map_or_else(|| self.request_id.as_str().to_owned(), |key| key.id.to_string())
    }

    /// A fresh UUIDv7; ids of one process grow.
    #[must_use]
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        new_id().into()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}

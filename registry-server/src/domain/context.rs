//! What a use case knows about the call it serves: who, when, and under which request id.

use super::name::Actor;
use super::time::Timestamp;
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

/// One call. Time and ids come from here, so that one call has one time and tests can move it.
#[derive(Debug, Clone)]
pub struct Context {
    now: Timestamp,
    actor: Actor,
    request_id: RequestId,
    dry_run: bool,
}

impl Context {
    /// A call by `actor` at `now`.
    #[must_use]
    pub const fn new(now: Timestamp, actor: Actor, request_id: RequestId) -> Self {
        Self { now, actor, request_id, dry_run: false }
    }

    /// The same call, to be validated in full and then forgotten (`validate_only`).
    #[must_use]
    pub const fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Whether what the call does is to be undone.
    #[must_use]
    pub const fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The time of the call.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Who calls.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The id of the call.
    #[must_use]
    pub const fn request_id(&self) -> &RequestId {
        &self.request_id
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

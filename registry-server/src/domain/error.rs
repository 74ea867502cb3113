//! What can go wrong, in the registry's own words.
//!
//! `Display` is for the caller; `source()` is for the log. Which status code each becomes is decided in
//! `api/status.rs` and nowhere else.

use super::id::{ImportId, ReleaseId};
use super::limit::Limit;
use super::revision::{Etag, Revision};
use super::role::Role;
use super::violation::{Violation, Violations};
use std::time::Duration;

/// The kind of a resource in an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A model.
    Model,
    /// A release.
    Release,
    /// An alias of a model.
    Alias,
    /// A file of a release or of a model.
    Artifact,
    /// A deployment of a release.
    Deployment,
    /// An API key.
    ApiKey,
}

impl Kind {
    /// As people call it.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Release => "release",
            Self::Alias => "alias",
            Self::Artifact => "artifact",
            Self::Deployment => "deployment",
            Self::ApiKey => "API key",
        }
    }
}

/// What is in the way: the first of them, by name, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blockers {
    /// Their kind.
    pub kind: Kind,
    /// At most [`Blockers::NAMED`].
    pub names: Vec<String>,
    /// All of them.
    pub count: u64,
}

impl Blockers {
    /// How many are named.
    pub const NAMED: u64 = 10;
}

/// The cause of an error: for the log, never for the caller.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Everything a use case can answer with instead of a result.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum Error {
    #[error("{0}")]
    Invalid(Violations),
    #[error("update_mask: `{path}` {why}")]
    InvalidUpdateMask { path: String, why: &'static str },
    #[error("{path} cannot be changed")]
    Immutable { path: &'static str },
    #[error("the page token is broken or was not issued by this registry")]
    InvalidPageToken,
    #[error("the page token was issued for a list with other arguments, or to another caller: begin again without it")]
    PageTokenMismatch,
    #[error("{} `{name}` does not exist{}", .kind.noun(), because(.hint))]
    NotFound { kind: Kind, name: String, hint: Option<&'static str> },
    #[error("{} `{name}` exists already{}", .kind.noun(), if *.deleted { " (soft-deleted: undelete or purge it first)" } else { "" })]
    Exists { kind: Kind, name: String, id: String, deleted: bool },
    #[error("{what} `{name}` cannot be imported: another one has its {field}")]
    Taken { what: &'static str, name: String, field: &'static str },
    #[error("the import {id} was begun with other options: go on with those, or begin another one with an id of its own")]
    ImportChanged { id: ImportId },
    #[error("the etag is not the current one: read {} `{name}` again, then retry", .kind.noun())]
    EtagMismatch { kind: Kind, name: String, etag: Etag, revision: Revision },
    #[error("{} `{name}` is soft-deleted: {}", .kind.noun(), way_back(*.kind))]
    Deleted { kind: Kind, name: String },
    #[error("a {} cannot go from {from} to {to}: {why}", .kind.noun())]
    InvalidTransition { kind: Kind, from: &'static str, to: &'static str, why: &'static str },
    #[error("{} `{name}` {why}: {}", .kind.noun(), named(.blockers))]
    InUse { kind: Kind, name: String, why: &'static str, blockers: Blockers },
    #[error("alias `{alias}` {}, not where it was expected: read it again", whereabouts(.current))]
    AliasMoved { alias: String, current: Option<ReleaseId>, revision: Revision },
    #[error("{subject}: {actual} are more than {limit}")]
    LimitExceeded { subject: String, limit: u64, actual: u64 },
    #[error("{limit} ({most}), try again later or elsewhere")]
    TooManyStreams { limit: Limit, most: usize },
    #[error("{limit}, try again later")]
    RateLimited { limit: Limit, retry: Duration },
    #[error("the request is larger than {limit} bytes")]
    RequestTooLarge { limit: usize },
    #[error("the request broke off")]
    RequestBroken,
    #[error("the request_id {id} was used before, for another request or method ({method}): every change needs an id of its own")]
    RequestIdReused { id: uuid::Uuid, method: String },
    #[error("the history up to revision {compacted} is gone, and revision {after} is older: list again, then go on from there")]
    Compacted { after: Revision, compacted: Revision, current: Revision },
    #[error("revision {after} has not happened: the registry is at {current}, so it was restored or is another one")]
    InFuture { after: Revision, current: Revision },
    #[error("revision {wanted} has not arrived here: the registry is at {current}")]
    Behind { wanted: Revision, current: Revision },
    #[error("`{reference}` stands for {count} releases: say quantization and platform, or use an id")]
    Ambiguous { reference: String, candidates: Vec<ReleaseId>, count: usize },
    #[error("the answer would be {bytes} bytes and the limit is {limit}: ask for fewer items or a smaller view")]
    ResponseTooLarge { bytes: usize, limit: usize },
    #[error("the database saw a conflict with another write, several times: try again")]
    Conflict(#[source] Cause),
    #[error("the database cannot be reached, try again")]
    Unavailable(#[source] Cause),
    #[error("no usable API key with the role ADMIN would be left: create another one first")]
    LastAdminKey,
    #[error("the call has no valid credentials")]
    Unauthenticated,
    #[error("what the API key may do was changed: open the stream again")]
    KeyChanged,
    #[error("{method} needs the role {required}")]
    RoleRequired { required: Role, method: &'static str },
    #[error("the name `{name}` is not within the prefixes of the API key")]
    OutsidePrefixes { name: String },
    #[error("the registry is shutting down, try again elsewhere")]
    ShuttingDown,
    #[error("the answer of the database to a commit was lost: the write may or may not have happened")]
    OutcomeUnknown(#[source] Cause),
    #[error("there is no space left")]
    StorageFull(#[source] Cause),
    #[error("the registry would hold more bytes of artifacts than the {limit} it may")]
    QuotaExceeded { limit: u64 },
    #[error("the store of the bytes of artifacts cannot be reached, try again")]
    StorageUnavailable(#[source] Cause),
    #[error("the registry does not hold the bytes of artifact `{name}`: they are where its file_path says")]
    NotStored { name: String },
    #[error("the bytes of artifact `{name}` are gone, or not what they were")]
    Damaged {
        name: String,
        #[source]
        cause: Cause,
    },
    #[error("nothing was sent or taken for {seconds} s")]
    Idle { seconds: u64 },
    #[error("the upload took longer than its bytes are kept, try again")]
    UploadForgotten,
    #[error("the database is read-only")]
    ReadOnly(#[source] Cause),
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl Error {
    /// The resource is not there.
    pub fn not_found(kind: Kind, name: impl ToString) -> Self {
        Self::NotFound { kind, name: name.to_string(), hint: None }
    }

    /// One field breaks one rule.
    #[must_use]
    pub fn invalid(violation: Violation) -> Self {
        Self::Invalid(vec![violation].into())
    }

    /// A bug: something that the code takes to be impossible.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::Internal(what.into().into())
    }
}

fn named(Blockers { kind, names, count }: &Blockers) -> String {
    let more = count.saturating_sub(u64::try_from(names.len()).unwrap_or(u64::MAX));
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{} {}{more}", kind.noun(), names.join(", "))
}

/// What to do about something that is soft-deleted. Artifacts are not undeleted, and the last three never deleted softly.
const fn way_back(kind: Kind) -> &'static str {
    match kind {
        Kind::Model | Kind::Release => "undelete it first",
        Kind::Artifact | Kind::Alias | Kind::Deployment | Kind::ApiKey => {
            "register it again, or undelete what it was deleted with"
        }
    }
}

fn whereabouts(current: &Option<ReleaseId>) -> String {
    current.map_or_else(|| "is not there".to_owned(), |id| format!("points to {id}"))
}

fn because(hint: &Option<&'static str>) -> String {
    hint.map(|text| format!(": {text}")).unwrap_or_default()
}

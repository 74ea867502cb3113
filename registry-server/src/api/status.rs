//! From what went wrong to what the caller is told: the only place that chooses a status code.
//!
//! Every status carries `ErrorInfo` with a reason of the contract. What the operator needs (the chain of
//! causes) goes to the log, once; both have the request id.

use crate::domain::{Error, Kind, RequestId, Revision, Violation};
use registry_proto::v1::ErrorReason;
use std::collections::HashMap;
use std::error::Error as _;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The domain of every reason.
const DOMAIN: &str = "modelregistry";
/// C-core clients lose a status whose trailers are larger than 8 KiB in all.
const MAX_DETAILS: usize = 4096;
const MAX_MESSAGE: usize = 512;
const MAX_VIOLATIONS: usize = 24;
/// Ten of them, and what is said of each, have room in the details.
const MAX_BLOCKER: usize = 250;
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The status of an error.
#[must_use]
pub fn of(error: &Error, request_id: &RequestId) -> Status {
    told(error, request_id, metadata(error))
}

/// The status that ends a stream of events of which everything through a revision has been sent. If another stream can go
/// on from there, the status says so.
#[must_use]
pub fn ending(error: &Error, through: Revision, request_id: &RequestId) -> Status {
    let mut metadata = metadata(error);
    if matches!(error, Error::ShuttingDown | Error::KeyChanged | Error::Unavailable(_)) {
        metadata.insert("resumeRevision".to_owned(), through.to_string());
    }
    told(error, request_id, metadata)
}

fn told(error: &Error, request_id: &RequestId, metadata: HashMap<String, String>) -> Status {
    log(error, request_id);
    let (code, reason) = code(error);
    let mut details = ErrorDetails::with_error_info(reason.as_str_name(), DOMAIN, metadata);
    describe(error, request_id, &mut details);
    let message = shortened(error.to_string());
    match error {
        Error::Invalid(violations) => with_violations(code, message, details, &violations.list),
        _ => Status::with_error_details(code, message, details),
    }
}

/// A refusal that no use case makes: by the layers, before or around one.
#[must_use]
pub fn refused(code: Code, reason: ErrorReason, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason.as_str_name(), DOMAIN, HashMap::new());
    Status::with_error_details(code, shortened(message.to_owned()), details)
}

/// The status of a call whose deadline has passed.
pub fn late(message: &str) -> Status {
    refused(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded, message)
}

/// Code and reason of every error.
const fn code(error: &Error) -> (Code, ErrorReason) {
    match error {
        Error::Invalid(_) => (Code::InvalidArgument, ErrorReason::InvalidField),
        Error::InvalidUpdateMask { .. } => (Code::InvalidArgument, ErrorReason::InvalidUpdateMask),
        Error::Immutable { .. } => (Code::InvalidArgument, ErrorReason::ImmutableField),
        Error::InvalidPageToken => (Code::InvalidArgument, ErrorReason::InvalidPageToken),
        Error::PageTokenMismatch => (Code::InvalidArgument, ErrorReason::PageTokenMismatch),
        Error::LimitExceeded { .. } => (Code::InvalidArgument, ErrorReason::LimitExceeded),
        Error::NotFound { kind: Kind::Model, .. } => (Code::NotFound, ErrorReason::ModelNotFound),
        Error::NotFound { kind: Kind::Release, .. } => (Code::NotFound, ErrorReason::ReleaseNotFound),
        Error::NotFound { kind: Kind::Alias, .. } => (Code::NotFound, ErrorReason::AliasNotFound),
        Error::NotFound { kind: Kind::Artifact, .. } => (Code::NotFound, ErrorReason::ArtifactNotFound),
        Error::NotFound { kind: Kind::Deployment, .. } => (Code::NotFound, ErrorReason::DeploymentNotFound),
        Error::NotFound { kind: Kind::ApiKey, .. } => (Code::NotFound, ErrorReason::ApiKeyNotFound),
        Error::Exists { kind: Kind::Model, .. } => (Code::AlreadyExists, ErrorReason::ModelAlreadyExists),
        // An alias is put where it is told to be, and a deployment has no name that could be taken.
        Error::Exists { kind: Kind::Release | Kind::Alias | Kind::Deployment, .. } => {
            (Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists)
        }
        Error::Exists { kind: Kind::Artifact, .. } => (Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists),
        Error::Exists { kind: Kind::ApiKey, .. } => (Code::AlreadyExists, ErrorReason::ApiKeyAlreadyExists),
        Error::Taken { .. } => (Code::AlreadyExists, ErrorReason::ConflictingItem),
        Error::ImportChanged { .. } => (Code::FailedPrecondition, ErrorReason::ImportChanged),
        Error::LastAdminKey => (Code::FailedPrecondition, ErrorReason::LastAdminKey),
        Error::Unauthenticated => (Code::Unauthenticated, ErrorReason::Unauthenticated),
        Error::RoleRequired { .. } => (Code::PermissionDenied, ErrorReason::RoleRequired),
        Error::OutsidePrefixes { .. } => (Code::PermissionDenied, ErrorReason::OutsidePrefixes),
        Error::EtagMismatch { .. } => (Code::Aborted, ErrorReason::EtagMismatch),
        Error::AliasMoved { .. } => (Code::Aborted, ErrorReason::AliasMoved),
        Error::Conflict(_) => (Code::Aborted, ErrorReason::TransactionConflict),
        Error::InUse { .. } => (Code::FailedPrecondition, ErrorReason::ResourceInUse),
        Error::RequestIdReused { .. } => (Code::FailedPrecondition, ErrorReason::RequestIdReused),
        Error::Compacted { .. } => (Code::OutOfRange, ErrorReason::RevisionCompacted),
        Error::InFuture { .. } => (Code::OutOfRange, ErrorReason::RevisionInFuture),
        Error::Deleted { .. } => (Code::FailedPrecondition, ErrorReason::ResourceDeleted),
        Error::InvalidTransition { .. } => (Code::FailedPrecondition, ErrorReason::InvalidStateTransition),
        Error::Ambiguous { .. } => (Code::FailedPrecondition, ErrorReason::AmbiguousReference),
        Error::ReadOnly(_) => (Code::FailedPrecondition, ErrorReason::ReadOnly),
        Error::RequestBroken => (Code::InvalidArgument, ErrorReason::MalformedMessage),
        Error::RequestTooLarge { .. } | Error::ResponseTooLarge { .. } => (Code::ResourceExhausted, ErrorReason::MessageTooLarge),
        Error::RateLimited { .. } => (Code::ResourceExhausted, ErrorReason::RateLimited),
        Error::TooManyStreams { .. } => (Code::ResourceExhausted, ErrorReason::TooManyStreams),
        Error::StorageFull(_) | Error::QuotaExceeded { .. } => (Code::ResourceExhausted, ErrorReason::StorageFull),
        Error::NotStored { .. } => (Code::FailedPrecondition, ErrorReason::ArtifactNotStored),
        Error::Damaged { .. } => (Code::DataLoss, ErrorReason::ArtifactDamaged),
        Error::Idle { .. } => (Code::DeadlineExceeded, ErrorReason::DeadlineExceeded),
        Error::Unavailable(_)
        | Error::StorageUnavailable(_)
        | Error::UploadForgotten
        | Error::ShuttingDown
        | Error::OutcomeUnknown(_)
        | Error::Behind { .. }
        | Error::KeyChanged => (Code::Unavailable, ErrorReason::BackendUnavailable),
        Error::Internal(_) => (Code::Internal, ErrorReason::Internal),
    }
}

/// What a program needs to act on a reason.
fn metadata(error: &Error) -> HashMap<String, String> {
    let pairs: Vec<(&str, String)> = match error {
        Error::InvalidUpdateMask { path, .. } => vec![("path", path.clone())],
        Error::Immutable { path } => vec![("path", (*path).to_owned())],
        Error::Exists { kind: Kind::ApiKey, .. } => Vec::new(),
        Error::Exists { id, deleted, .. } => vec![("id", id.clone()), ("deleted", deleted.to_string())],
        Error::Taken { field, .. } => vec![("field", (*field).to_owned())],
        Error::EtagMismatch { etag, revision, .. } => {
            vec![("currentEtag", etag.to_string()), ("currentRevision", revision.to_string())]
        }
        Error::AliasMoved { current, revision, .. } => {
            let id = current.map(|id| id.to_string()).unwrap_or_default();
            vec![("currentReleaseId", id), ("currentRevision", revision.to_string())]
        }
        Error::LimitExceeded { subject, limit, actual } => {
            vec![("limit", limit.to_string()), ("actual", actual.to_string()), ("subject", cut(subject.clone(), MAX_BLOCKER))]
        }
        Error::Compacted { compacted, current, .. } => {
            vec![("compactedRevision", compacted.to_string()), ("currentRevision", current.to_string())]
        }
        Error::InFuture { current, .. } | Error::Behind { current, .. } => vec![("currentRevision", current.to_string())],
        Error::InvalidTransition { from, to, .. } => {
            vec![("currentState", (*from).to_owned()), ("targetState", (*to).to_owned())]
        }
        Error::Ambiguous { candidates, count, .. } => {
            let ids: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            vec![("candidates", ids.join(",")), ("matchCount", count.to_string())]
        }
        Error::QuotaExceeded { limit } => vec![("limit", limit.to_string())],
        Error::ResponseTooLarge { bytes, limit } => vec![("actual", bytes.to_string()), ("limit", limit.to_string())],
        Error::RoleRequired { required, method } => {
            vec![("requiredRole", format!("ROLE_{required}")), ("method", (*method).to_owned())]
        }
        Error::OutcomeUnknown(_) => vec![("outcome", "unknown".to_owned())],
        Error::Invalid(_)
        | Error::InvalidPageToken
        | Error::PageTokenMismatch
        | Error::NotFound { .. }
        | Error::Deleted { .. }
        | Error::InUse { .. }
        | Error::TooManyStreams { .. }
        | Error::RateLimited { .. }
        | Error::RequestTooLarge { .. }
        | Error::RequestBroken
        | Error::RequestIdReused { .. }
        | Error::ImportChanged { .. }
        | Error::LastAdminKey
        | Error::Unauthenticated
        | Error::KeyChanged
        | Error::OutsidePrefixes { .. }
        | Error::Conflict(_)
        | Error::Unavailable(_)
        | Error::ShuttingDown
        | Error::StorageFull(_)
        | Error::StorageUnavailable(_)
        | Error::UploadForgotten
        | Error::NotStored { .. }
        | Error::Damaged { .. }
        | Error::Idle { .. }
        | Error::ReadOnly(_)
        | Error::Internal(_) => Vec::new(),
    };
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The standard details that fit.
fn describe(error: &Error, request_id: &RequestId, details: &mut ErrorDetails) {
    match error {
        Error::NotFound { kind, name, .. }
        | Error::Exists { kind, name, .. }
        | Error::EtagMismatch { kind, name, .. }
        | Error::Deleted { kind, name } => {
            details.set_resource_info(kind.noun(), shortened(name.clone()), "", "");
        }
        Error::Taken { what, name, .. } => {
            details.set_resource_info(*what, shortened(name.clone()), "", "");
        }
        Error::NotStored { name } | Error::Damaged { name, .. } => {
            details.set_resource_info(Kind::Artifact.noun(), shortened(name.clone()), "", "");
        }
        Error::InUse { why, blockers, .. } => {
            for name in &blockers.names {
                details.add_precondition_failure_violation(
                    blockers.kind.noun().to_uppercase(),
                    cut(name.clone(), MAX_BLOCKER),
                    *why,
                );
            }
        }
        Error::InvalidTransition { from, to, why, .. } => {
            details.add_precondition_failure_violation("STATE", format!("{from} -> {to}"), *why);
        }
        Error::Conflict(_)
        | Error::Unavailable(_)
        | Error::StorageUnavailable(_)
        | Error::UploadForgotten
        | Error::ShuttingDown
        | Error::KeyChanged
        | Error::Behind { .. } => {
            details.set_retry_info(Some(RETRY_AFTER));
        }
        Error::TooManyStreams { limit, most: _ } => {
            details.set_retry_info(Some(RETRY_AFTER)).add_quota_failure_violation(limit.subject(), limit.to_string());
        }
        Error::RateLimited { limit, retry } => {
            details.set_retry_info(Some(*retry)).add_quota_failure_violation(limit.subject(), limit.to_string());
        }
        Error::Internal(_) => {
            details.set_request_info(request_id.as_str(), "");
        }
        Error::Invalid(_)
        | Error::InvalidUpdateMask { .. }
        | Error::Immutable { .. }
        | Error::InvalidPageToken
        | Error::PageTokenMismatch
        | Error::Ambiguous { .. }
        | Error::AliasMoved { .. }
        | Error::LimitExceeded { .. }
        | Error::RequestIdReused { .. }
        | Error::ImportChanged { .. }
        | Error::LastAdminKey
        | Error::Unauthenticated
        | Error::RoleRequired { .. }
        | Error::OutsidePrefixes { .. }
        | Error::Compacted { .. }
        | Error::InFuture { .. }
        | Error::RequestTooLarge { .. }
        | Error::RequestBroken
        | Error::ResponseTooLarge { .. }
        | Error::OutcomeUnknown(_)
        | Error::Idle { .. }
        | Error::QuotaExceeded { .. }
        | Error::StorageFull(_)
        | Error::ReadOnly(_) => {}
    }
}

/// As many violations as a status has room for; the message says that there are more.
fn with_violations(code: Code, message: String, mut details: ErrorDetails, violations: &[Violation]) -> Status {
    let mut listed = violations.len().min(MAX_VIOLATIONS);
    loop {
        let fields: Vec<FieldViolation> = violations.iter().take(listed).map(field_violation).collect();
        details.set_bad_request(fields);
        let status = Status::with_error_details(code, message.clone(), details.clone());
        if status.details().len() <= MAX_DETAILS || listed <= 1 {
            return status;
        }
        listed /= 2;
    }
}

fn field_violation(violation: &Violation) -> FieldViolation {
    let Violation { field, reason, description } = violation;
    let mut listed = FieldViolation::new(shortened(field.clone()), shortened(description.clone()));
    listed.reason = reason.clone();
    listed
}

/// Cut to what a status has room for.
fn shortened(text: String) -> String {
    cut(text, MAX_MESSAGE)
}

/// Cut to that many bytes, at a character.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most - 3).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What is the operator's business: the chain of causes.
fn log(error: &Error, request_id: &RequestId) {
    let mut chain = String::new();
    let mut cause = error.source();
    while let Some(source) = cause {
        chain = if chain.is_empty() { source.to_string() } else { format!("{chain}: {source}") };
        cause = source.source();
    }
    match error {
        Error::Internal(_) => tracing::error!(request_id = request_id.as_str(), error = %chain, "a call hit a bug"),
        Error::Unavailable(_) | Error::OutcomeUnknown(_) | Error::StorageFull(_) | Error::ReadOnly(_) | Error::Conflict(_) => {
            tracing::warn!(request_id = request_id.as_str(), error = %chain, "the database failed a call: {error}");
        }
        Error::StorageUnavailable(_) | Error::Damaged { .. } => {
            tracing::warn!(request_id = request_id.as_str(), error = %chain, "the storage failed a call: {error}");
        }
        Error::Invalid(_)
        | Error::InvalidUpdateMask { .. }
        | Error::Immutable { .. }
        | Error::InvalidPageToken
        | Error::PageTokenMismatch
        | Error::NotFound { .. }
        | Error::Exists { .. }
        | Error::Taken { .. }
        | Error::ImportChanged { .. }
        | Error::EtagMismatch { .. }
        | Error::Deleted { .. }
        | Error::InvalidTransition { .. }
        | Error::Ambiguous { .. }
        | Error::AliasMoved { .. }
        | Error::LimitExceeded { .. }
        | Error::TooManyStreams { .. }
        | Error::RateLimited { .. }
        | Error::RequestTooLarge { .. }
        | Error::RequestBroken
        | Error::InUse { .. }
        | Error::RequestIdReused { .. }
        | Error::LastAdminKey
        | Error::Unauthenticated
        | Error::RoleRequired { .. }
        | Error::OutsidePrefixes { .. }
        | Error::KeyChanged
        | Error::Compacted { .. }
        | Error::InFuture { .. }
        | Error::Behind { .. }
        | Error::ResponseTooLarge { .. }
        | Error::QuotaExceeded { .. }
        | Error::NotStored { .. }
        | Error::Idle { .. }
        | Error::UploadForgotten
        | Error::ShuttingDown => {}
    }
}

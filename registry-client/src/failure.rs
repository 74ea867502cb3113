//! What is known about a failed call, and how it is read from a status with its google.rpc details. Says nothing about what to do.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use registry_proto::method::Method;
use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The `domain` of the reasons that are the registry's own.
pub(crate) const DOMAIN: &str = "modelregistry";
/// How many violations the text of an error names.
const SHOWN_VIOLATIONS: usize = 3;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldViolation {
    /// The path of the field, relative to the request message: "model.tags\[3\]".
    pub field: String,
    /// The rule it breaks, in upper case: "STRING_MAX_LEN".
    pub reason: String,
    /// What is wrong, as a sentence.
    pub description: String,
}

/// Which resource a failure is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceInfo {
    /// What kind of thing it is.
    pub resource_type: String,
    /// Its name or id.
    pub resource_name: String,
    /// What is the matter with it. Can be empty.
    pub description: String,
}

/// What is known about a failed call. Its contents are asked of the [`Error`](crate::Error) that holds it.
pub struct Failure(pub(crate) Box<Facts>);

/// See the accessors of [`Error`](crate::Error).
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) method: Option<Method>,
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) violations: Vec<FieldViolation>,
    pub(crate) blockers: Vec<String>,
    pub(crate) resource: Option<ResourceInfo>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_delay: Option<Duration>,
    pub(crate) never_sent: bool,
    pub(crate) validate_only: bool,
    pub(crate) in_doubt: bool,
    pub(crate) status: Option<Status>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(method: Option<Method>, code: Code, message: String) -> Self {
        Self(Box::new(Facts {
            method,
            code,
            message,
            reason: None,
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            blockers: Vec::new(),
            resource: None,
            request_id: None,
            retry_delay: None,
            never_sent: false,
            validate_only: false,
            in_doubt: false,
            status: None,
            cause: None,
        }))
    }

    pub(crate) fn refused(method: Method, field: &str, why: &str) -> Self {
        let mut failure = Self::new(Some(method), Code::InvalidArgument, "the request was not sent".to_owned());
        failure.0.never_sent = true;
        failure.0.violations =
            vec![FieldViolation { field: field.to_owned(), reason: "CLIENT".to_owned(), description: why.to_owned() }];
        failure
    }

    pub(crate) fn connect(error: tonic::transport::Error) -> Self {
        let mut failure = Self::new(None, Code::Unavailable, chain(&error));
        failure.0.never_sent = true;
        failure.0.cause = Some(Box::new(error));
        failure
    }

    pub(crate) fn file(method: Method, path: Option<&Path>, error: std::io::Error) -> Self {
        let message = match path {
            Some(path) => format!("{}: {error}", path.display()),
            None => format!("what is to be uploaded cannot be read: {error}"),
        };
        let mut failure = Self::new(Some(method), Code::Unknown, message);
        failure.0.cause = Some(Box::new(error));
        failure
    }

    pub(crate) fn from_status(method: Option<Method>, status: Status) -> Self {
        let mut failure = Self::new(method, status.code(), status.message().to_owned());
        let facts = &mut *failure.0;
        if let Some(source) = status.source() {
            // tonic made this status, and its codes for such things are beside the point.
            facts.code = if sources(source).any(|error| error.is::<TimeoutExpired>()) {
                Code::DeadlineExceeded
            } else {
                Code::Unavailable
            };
            facts.never_sent = sources(source).any(never_processed);
            facts.message = chain(source);
        }
        facts.request_id = crate::call::request_id(status.metadata());
        facts.read(status.get_error_details());
        facts.status = Some(status);
        failure
    }
}

impl Facts {
    fn read(&mut self, details: ErrorDetails) {
        if let Some(info) = details.error_info().filter(|info| info.domain == DOMAIN) {
            self.reason = Some(info.reason.clone());
            self.metadata = info.metadata.clone().into_iter().collect();
        }
        if let Some(request) = details.bad_request() {
            let violation = |violation: &tonic_types::FieldViolation| FieldViolation {
                field: violation.field.clone(),
                reason: violation.reason.clone(),
                description: violation.description.clone(),
            };
            self.violations = request.field_violations.iter().map(violation).collect();
        }
        if let Some(failure) = details.precondition_failure() {
            self.blockers = failure.violations.iter().map(|violation| violation.subject.clone()).collect();
        }
        self.resource = details.resource_info().map(|info| ResourceInfo {
            resource_type: info.resource_type.clone(),
            resource_name: info.resource_name.clone(),
            description: info.description.clone(),
        });
        self.retry_delay = details.retry_info().and_then(|info| info.retry_delay);
        if let Some(info) = details.request_info() {
            self.request_id = Some(info.request_id.clone());
        }
    }
}

/// Whether the server has certainly not begun with the call: there was no connection, the call was still waiting for its turn on one
/// that was closed, or the server has refused the stream or named it as one it has not looked at (as when it stops).
fn never_processed(error: &(dyn StdError + 'static)) -> bool {
    let canceled = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
    let refused = error.downcast_ref::<h2::Error>().is_some_and(|error| {
        let reason = error.reason();
        error.is_remote()
            && (error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM)
                || error.is_go_away() && reason == Some(h2::Reason::NO_ERROR))
    });
    error.is::<ConnectError>() || canceled || refused
}

fn sources<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// What each error of the chain adds to the one before.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    for error in sources(error) {
        let part = error.to_string();
        if text.is_empty() {
            text = part;
        } else if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
    }
    text
}

impl fmt::Display for Failure {
    /// One line, whatever the server put into its texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &*self.0;
        let mut text = String::new();
        if let Some(method) = facts.method {
            text += &format!("{method:?}: ");
        }
        text += &format!("{:?}", facts.code);
        if let Some(reason) = &facts.reason {
            text += &format!(" ({})", reason.trim_start_matches("ERROR_REASON_"));
        }
        if !facts.message.is_empty() {
            text += &format!(": {}", facts.message);
        }
        for FieldViolation { field, description, .. } in facts.violations.iter().take(SHOWN_VIOLATIONS) {
            let violation = format!("{field}: {description}");
            if !facts.message.starts_with(&violation) {
                text += &format!("; {violation}");
            }
        }
        if let Some(more @ 1..) = facts.violations.len().checked_sub(SHOWN_VIOLATIONS) {
            text += &format!("; and {more} more");
        }
        if let Some(id) = &facts.request_id {
            text += &format!(" [request {id}]");
        }
        f.write_str(&text.replace(char::is_control, " "))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match (&self.0.cause, &self.0.status) {
            (Some(cause), _) => Some(cause.as_ref()),
            (None, Some(status)) => status.source(),
            (None, None) => None,
        }
    }
}

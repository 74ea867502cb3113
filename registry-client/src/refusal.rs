//! What a registry says when it refuses, for those who put something else in its place. May not: refuse anything of the client's.

use std::collections::HashMap;
use std::time::Duration;

use registry_proto::reason::REASONS;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::failure::DOMAIN;
use crate::{Error, ErrorReason};

/// A failure as a registry tells it: its reason, with the code that the contract gives it, and the details. For fakes, see
/// [`Registry`](crate::Registry).
///
/// ```
/// use registry_client::{Code, Error, ErrorReason, Refusal};
///
/// let refusal = Refusal::new(ErrorReason::InvalidField)
///     .message("the model cannot be created")
///     .violation("model.name", "STRING_PATTERN", "must begin with a letter");
/// let error = Error::from(refusal);
/// assert_eq!((error.code(), error.reason()), (Code::InvalidArgument, Some(ErrorReason::InvalidField)));
/// assert_eq!(error.violations()[0].field, "model.name");
/// ```
#[derive(Clone, Debug)]
#[must_use = "it is nothing until it is made an `Error`"]
pub struct Refusal {
    reason: ErrorReason,
    message: String,
    metadata: HashMap<String, String>,
    details: ErrorDetails,
}

impl Refusal {
    /// For this reason, with the code that the contract gives it.
    pub fn new(reason: ErrorReason) -> Self {
        Self { reason, message: String::new(), metadata: HashMap::new(), details: ErrorDetails::new() }
    }

    /// What it says to people. Default: the name of the reason.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// A particular of the reason, see [`Error::metadata`].
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Something that is wrong with a field, see [`Error::violations`]. Once more for another one.
    pub fn violation(mut self, field: impl Into<String>, reason: impl Into<String>, description: impl Into<String>) -> Self {
        let mut violations = self.details.bad_request().map(|request| request.field_violations.clone()).unwrap_or_default();
        let mut violation = tonic_types::FieldViolation::new(field, description);
        violation.reason = reason.into();
        violations.push(violation);
        self.details.set_bad_request(violations);
        self
    }

    /// What the failure is about, see [`Error::resource`].
    pub fn resource(mut self, resource_type: impl Into<String>, resource_name: impl Into<String>) -> Self {
        self.details.set_resource_info(resource_type, resource_name, "", "");
        self
    }

    /// Something that stands in the way, see [`Error::blockers`]. Once more for another one.
    pub fn blocker(mut self, subject: impl Into<String>) -> Self {
        self.details.add_precondition_failure_violation(self.reason.as_str_name(), subject, "");
        self
    }

    /// How long to wait before the call is made again, see [`Error::retry_delay`].
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self
    }

    fn code(&self) -> Code {
        let known = REASONS.iter().find(|known| known.value == self.reason);
        known.map_or(Code::Unknown, |known| code(known.code))
    }
}

/// The code with this name in the contract.
fn code(name: &str) -> Code {
    let upper = |code: &Code| format!("{code:?}").to_ascii_uppercase() == name.replace('_', "");
    (0..=16).map(Code::from_i32).find(upper).unwrap_or(Code::Unknown)
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let (code, name) = (refusal.code(), refusal.reason.as_str_name());
        let Refusal { reason: _, message, metadata, mut details } = refusal;
        details.set_error_info(name, DOMAIN, metadata);
        Self::with_error_details(code, if message.is_empty() { name.to_owned() } else { message }, details)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Status::from(refusal).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_the_code_of_the_contract() {
        for reason in REASONS {
            let code = Error::from(Refusal::new(reason.value)).code();
            assert!(code != Code::Unknown && code != Code::Ok, "{}", reason.name);
        }
        assert_eq!(Error::from(Refusal::new(ErrorReason::ModelNotFound)).code(), Code::NotFound);
    }
}

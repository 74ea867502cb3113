//! What a scenario expects of a call that fails: the code, the reason, the fields, and what every failure has.

use registry_client::{Code, Error, ErrorReason};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// The most bytes that the details of a status may have, so that every client can read it.
const MOST_DETAILS: usize = 4096;
/// The most bytes of its message.
const MOST_MESSAGE: usize = 512;
/// The most violations it lists.
const MOST_VIOLATIONS: usize = 24;

/// The error of a call that fails with this code and this reason, and that is a status as every status must be.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn refused<T: Debug>(answer: Result<T, Error>, code: Code, reason: ErrorReason) -> Error {
    let error = match answer {
        Ok(answer) => panic!("{reason:?} was expected, and the answer is {answer:?}"),
        Err(error) => error,
    };
    assert_eq!((error.code(), error.reason()), (code, Some(reason)), "{error}");
    if let Some(status) = error.status() {
        assert!(status.details().len() <= MOST_DETAILS, "{} bytes of details: {error}", status.details().len());
    }
    assert!(!error.message().is_empty() && error.message().len() <= MOST_MESSAGE, "{error}");
    assert!(error.violations().len() <= MOST_VIOLATIONS, "{error}");
    error
}

/// The error of a call that fails because of exactly these fields, each with the rule it breaks.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn invalid<T: Debug>(answer: Result<T, Error>, violations: &[(&str, &str)]) -> Error {
    let error = refused(answer, Code::InvalidArgument, ErrorReason::InvalidField);
    let found: BTreeSet<(&str, &str)> =
        error.violations().iter().map(|found| (found.field.as_str(), found.reason.as_str())).collect();
    assert_eq!(found, violations.iter().copied().collect(), "{error}");
    error
}

/// The value of a key in the metadata of the reason.
///
/// # Panics
/// If there is none.
#[track_caller]
#[must_use]
pub fn fact<'a>(error: &'a Error, key: &str) -> &'a str {
    error.metadata().get(key).unwrap_or_else(|| panic!("no {key} in {:?} of {error}", error.metadata()))
}

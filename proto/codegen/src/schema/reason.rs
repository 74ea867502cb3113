//! The error reasons. Their comments are data: each begins with the gRPC code that it comes with.

use prost_reflect::EnumValueDescriptor;

use super::options;
use crate::contract::Contract;
use crate::error::Error;

const REASONS: &str = "modelregistry.v1.ErrorReason";
const PREFIX: &str = "ERROR_REASON_";

const CODES: &[&str] = &[
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A value of `ErrorReason` that a status can carry.
pub(crate) struct Reason {
    pub(crate) name: String,
    /// Without the prefix that every value has.
    pub(crate) short_name: String,
    pub(crate) code: String,
    pub(crate) doc: String,
}

pub(super) fn read_all(contract: &Contract) -> Result<Vec<Reason>, Error> {
    let Some(reasons) = contract.pool().get_enum_by_name(REASONS) else {
        return Ok(Vec::new());
    };
    reasons.values().filter(|value| value.number() != 0).map(|value| read(&value)).collect()
}

fn read(value: &EnumValueDescriptor) -> Result<Reason, Error> {
    let doc = options::comment(value);
    let rest = doc.strip_prefix("Code ").unwrap_or_default();
    let code = rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap_or_default().to_owned();
    if !CODES.contains(&code.as_str()) {
        return Err(Error::at(value.full_name(), "its comment must begin with the gRPC code, as in `Code NOT_FOUND.`"));
    }
    let name = value.name().to_owned();
    Ok(Reason { short_name: name.trim_start_matches(PREFIX).to_owned(), name, code, doc })
}

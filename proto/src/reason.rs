//! The error reasons of the contract with their gRPC codes, as a table. Chooses no reason for anything.

use crate::v1::ErrorReason;

#[rustfmt::skip]
#[path = "generated/reason.rs"]
mod generated;

pub use generated::REASONS;

/// What the contract says of an error reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The reason.
    pub value: ErrorReason,
    /// Its name on the wire: "ERROR_REASON_MODEL_NOT_FOUND".
    pub name: &'static str,
    /// The name of the gRPC code of a status with this reason: "NOT_FOUND".
    pub code: &'static str,
    /// The comment in the contract, on one line: code, details, meaning, metadata keys.
    pub doc: &'static str,
}

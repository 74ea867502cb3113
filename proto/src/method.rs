//! Every method of the contract with its policy, as a table. Enforces nothing.

use crate::v1::Role;

#[rustfmt::skip]
#[path = "generated/method.rs"]
#[expect(clippy::too_many_lines, reason = "generated: tables of every method")]
mod generated;

pub use generated::Method;

/// Who may call a method, and whether calls are audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The least role that may call it. `Role::Unspecified` for public methods, and for no others.
    pub min_role: Role,
    /// Whether it can be called without credentials.
    pub public: bool,
    /// Whether every call is written to the audit log.
    pub audited: bool,
}

/// What a method does when it is called once more with the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// It only reads.
    NoSideEffects,
    /// It changes nothing beyond what the first call did.
    Idempotent,
    /// The contract makes no promise: repeat it only if it was never sent.
    Unknown,
}

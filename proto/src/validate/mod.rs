//! Whether a message keeps to the formats and sizes that the contract states. Knows nothing of what is stored: uniqueness, states
//! and references are for the server to check.

mod collector;
mod document;
pub(crate) mod number;
pub(crate) mod text;
pub(crate) mod time;

#[rustfmt::skip]
#[path = "../generated/validate.rs"]
#[expect(clippy::collapsible_if, clippy::too_many_lines, reason = "generated: a message is checked in one place, presence first")]
mod generated;

pub(crate) use collector::Conditions;
pub use collector::{Collector, Violation, Violations};
pub use document::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH};
pub(crate) use text::Pattern;

/// A message with rules.
pub trait Validate {
    /// Reports every violation, with paths relative to this message.
    fn validate(&self, at: &mut Collector);
}

/// Checks a message against its rules.
///
/// # Errors
///
/// If it breaks any.
pub fn check<M: Validate>(message: &M) -> Result<(), Violations> {
    let mut at = Collector::default();
    message.validate(&mut at);
    at.finish()
}

//! Which fields of a resource an update writes. Applies nothing to a resource, and knows nothing of what is stored.

#[cfg(feature = "server")]
use std::fmt;

#[cfg(feature = "server")]
use prost_types::FieldMask;

#[rustfmt::skip]
#[path = "generated/mask.rs"]
mod generated;

pub use generated::*;

/// Why a mask is refused. Displays as a sentence for the caller.
#[cfg(feature = "server")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskError {
    /// The path that is to blame, cut off after 64 characters.
    pub path: String,
    /// What is wrong with it.
    pub why: MaskErrorKind,
}

/// What can be wrong with a path in a mask.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaskErrorKind {
    /// There is no such field.
    Unknown,
    /// Only the server writes it.
    OutputOnly,
    /// It keeps the value it was created with.
    Immutable,
    /// It is the etag, which is a condition on the update.
    Precondition,
    /// It is "*".
    Wildcard,
    /// It leads into a field.
    SubPath,
}

#[cfg(feature = "server")]
impl fmt::Display for MaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, why } = self;
        match why {
            MaskErrorKind::Unknown => write!(f, "update_mask names {path:?}, and there is no such field"),
            MaskErrorKind::OutputOnly => write!(f, "update_mask names {path:?}, which only the server writes"),
            MaskErrorKind::Immutable => write!(f, "update_mask names {path:?}, which cannot be changed"),
            MaskErrorKind::Precondition => write!(f, "update_mask names {path:?}, which is a precondition, not a field to write"),
            MaskErrorKind::Wildcard => write!(f, "update_mask has a wildcard: name the fields to write"),
            MaskErrorKind::SubPath => {
                write!(f, "update_mask names {path:?}: only whole fields can be written, not parts of them")
            }
        }
    }
}

#[cfg(feature = "server")]
impl std::error::Error for MaskError {}

/// The paths of a mask that says something; one without paths says as much as none.
#[cfg(feature = "server")]
fn paths(mask: Option<&FieldMask>) -> Option<&[String]> {
    mask.map(|mask| mask.paths.as_slice()).filter(|paths| !paths.is_empty())
}

#[cfg(feature = "server")]
fn bits(
    mask: Option<&FieldMask>,
    set: impl FnOnce() -> u64,
    bit: impl Fn(&str) -> Result<u64, MaskErrorKind>,
) -> Result<u64, MaskError> {
    let Some(paths) = paths(mask) else { return Ok(set()) };
    paths.iter().try_fold(0, |bits, path| match field(path).and_then(&bit) {
        Ok(bit) => Ok(bits | bit),
        Err(why) => Err(MaskError { path: path.chars().take(64).collect(), why }),
    })
}

#[cfg(feature = "server")]
fn known_bits(mask: Option<&FieldMask>, set: impl FnOnce() -> u64, bit: impl Fn(&str) -> Result<u64, MaskErrorKind>) -> u64 {
    match paths(mask) {
        Some(paths) => paths.iter().filter_map(|path| bit(path).ok()).fold(0, |bits, bit| bits | bit),
        None => set(),
    }
}

/// The path, if it has the form of a field.
#[cfg(feature = "server")]
fn field(path: &str) -> Result<&str, MaskErrorKind> {
    match path {
        "*" => Err(MaskErrorKind::Wildcard),
        path if path.contains('.') => Err(MaskErrorKind::SubPath),
        path => Ok(path),
    }
}

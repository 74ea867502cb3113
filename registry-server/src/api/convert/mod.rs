//! Between messages and the domain, both ways. Messages and rows are taken apart completely (no `..`), so that
//! a new field or column does not compile until somebody decides.
//!
//! Formats have been checked against the contract before anything gets here. May not: decide.

pub(super) mod alias;
pub(super) mod api_key;
pub(super) mod artifact;
pub(super) mod audit;
pub(super) mod deployment;
pub(super) mod document;
pub(super) mod event;
pub(super) mod filter;
pub(super) mod item;
pub(super) mod model;
pub(super) mod refs;
pub(super) mod release;
pub(super) mod resolve;
pub(super) mod stored;
pub(super) mod time;
pub(super) mod training;
pub(super) mod upload;

use crate::domain::{Error, Etag, Patch, Refused};
use registry_proto::mask::{MaskError, MaskErrorKind};

/// What an update does to a field that the mask names, or does not name.
fn patched<T>(named: bool, value: Option<T>) -> Patch<T> {
    match (named, value) {
        (false, _) => Patch::Keep,
        (true, Some(value)) => Patch::Set(value),
        (true, None) => Patch::Clear,
    }
}

/// An etag, if there is one.
fn etag(text: &str) -> Option<Result<Etag, Refused>> {
    (!text.is_empty()).then(|| text.parse())
}

/// A text that is empty when absent.
fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn mask_error(error: MaskError) -> Error {
    let MaskError { path, why } = error;
    let why = match why {
        MaskErrorKind::Unknown => "is not a field of the resource",
        MaskErrorKind::OutputOnly => "is written by the server only",
        MaskErrorKind::Immutable => "cannot be changed",
        MaskErrorKind::Precondition => "is a precondition, not a field to write",
        MaskErrorKind::Wildcard => "is refused, because an older client would clear the fields it does not know: name the fields",
        MaskErrorKind::SubPath => "leads into a field: only whole fields can be written",
    };
    Error::InvalidUpdateMask { path, why }
}

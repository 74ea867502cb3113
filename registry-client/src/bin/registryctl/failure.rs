//! Why a command could not do what it is for. How it is told is in `report`, what the shell is told in `exit`.

use std::io;
use std::path::{Path, PathBuf};

use registry_client::Error;

use crate::file::FileError;

/// Why not. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The registry, or the way to it.
    #[error("{0}")]
    Registry(#[from] Error),
    /// There is nobody to ask.
    #[error("nothing answers at {endpoint}: {}", .error.message())]
    Unreachable {
        /// Where.
        endpoint: String,
        /// What the network says.
        error: Error,
    },
    /// A file.
    #[error("{}: {error}", .path.display())]
    File {
        /// Its name, as it was given.
        path: PathBuf,
        /// What is wrong with it.
        error: FileError,
    },
    /// There is no such thing, as far as can be seen from here.
    #[error("{0}")]
    Missing(String),
    /// Bytes are not what they should be.
    #[error("{0}")]
    Damaged(String),
    /// It is not what is meant.
    #[error("{0}")]
    Refused(String),
    /// The arguments do not say what is to be done, or the configuration cannot be used.
    #[error("{0}")]
    Usage(String),
    /// Somebody was asked, or there was nobody to ask.
    #[error("{0}")]
    Declined(String),
    /// Standard output does not take it.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// The same, after something was done that is told there.
    #[error("standard output: {0}: what was to be done is done, and what was to be printed of it is lost")]
    Untold(io::Error),
    /// Somebody has had enough.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// For `map_err`.
    pub fn file<E: Into<FileError>>(path: &Path) -> impl Fn(E) -> Self {
        move |error| Self::File { path: path.to_owned(), error: error.into() }
    }

    /// For `map_err`: what cannot be printed is about a change.
    pub fn untold(self) -> Self {
        match self {
            Self::Output(error) => Self::Untold(error),
            other => other,
        }
    }

    /// For `map_err`: what was given for an argument cannot be used.
    pub fn argument<E: std::fmt::Display>(name: &str) -> impl Fn(E) -> Self {
        move |error| Self::Usage(format!("{name}: {error}"))
    }
}

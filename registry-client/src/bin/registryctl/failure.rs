//! Why a command could not do what it is for, and what the shell is told.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use registry_client::Error;

use crate::file::FileError;

/// Why not. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The registry, or the way to it.
    #[error("{0}")]
    Registry(#[from] Error),
    /// A file.
    #[error("{}: {error}", .path.display())]
    File {
        /// Its name, as it was given.
        path: PathBuf,
        /// What is wrong with it.
        error: FileError,
    },
    /// It is not what is meant.
    #[error("{0}")]
    Refused(String),
    /// Somebody has had enough.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// For `map_err`.
    pub fn file<E: Into<FileError>>(path: &Path) -> impl Fn(E) -> Self {
        move |error| Self::File { path: path.to_owned(), error: error.into() }
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All is done: 0.
    Done,
    /// It could not be done, or not to its end: 1.
    Failed,
    /// It came to its end, and some of it failed: 3. (2 is what clap says of arguments that it does not understand.)
    Partly,
    /// Somebody pressed Ctrl-C: 130, as shells say it.
    Interrupted,
}

impl From<&Failure> for Ending {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Registry(_) | Failure::File { .. } | Failure::Refused(_) => Self::Failed,
            Failure::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::Failed => Self::FAILURE,
            Ending::Partly => Self::from(3),
            Ending::Interrupted => Self::from(130),
        }
    }
}

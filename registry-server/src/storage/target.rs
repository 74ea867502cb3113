//! Where the storage is: parsed once, checked whole, and never shown with a secret.
//!
//! May not: connect.

use std::path::PathBuf;
use std::str::FromStr;

/// Where the bytes of artifacts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageTarget {
    /// A directory of this machine.
    Directory(PathBuf),
}

impl std::fmt::Display for StorageTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "directory {}", path.display()),
        }
    }
}

/// Why a URL names no storage. Repeats nothing of it: there may be a secret in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadStorageUrl(&'static str);

const EXPECTED: BadStorageUrl = BadStorageUrl("expected a path or file:PATH");

impl FromStr for StorageTarget {
    type Err = BadStorageUrl;

    fn from_str(url: &str) -> Result<Self, BadStorageUrl> {
        let path = url.strip_prefix("file://").or_else(|| url.strip_prefix("file:")).unwrap_or(url);
        if path.is_empty() || path.contains("://") || path.contains('\0') {
            return Err(EXPECTED);
        }
        Ok(Self::Directory(PathBuf::from(path)))
    }
}

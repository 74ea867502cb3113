//! What a bucket answers, as the storage says it.
//!
//! May not: show more of an answer than its code.

use crate::storage::StorageError;
use object_store::Error;

/// The longest that is told of a failure.
const WORDS: usize = 600;

/// The codes of a bucket in which there is no room. In the text, because `object_store` keeps them nowhere else.
const FULL: [&str; 3] = ["QuotaExceeded", "XMinioStorageFull", "507 Insufficient Storage"];

pub(super) fn failed(error: Error) -> StorageError {
    let words: String = error.to_string().chars().take(WORDS).collect();
    if FULL.iter().any(|code| words.contains(code)) {
        return StorageError::Full;
    }
    match error {
        // A bucket that is not there is no word about what was in it.
        Error::NotFound { .. } if !words.contains("NoSuchBucket") => StorageError::Missing,
        _ => StorageError::unavailable(words),
    }
}

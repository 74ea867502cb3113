//! The bytes that the registry holds.

use super::id::UploadId;
use super::name::ContentHash;

super::closed_set! {
    /// What has become of bytes that the registry holds.
    ContentState {
        /// They are there, whole.
        Stored = "STORED",
        /// They were there, and are damaged or gone.
        Lost = "LOST",
        /// They are about to be removed: nothing may refer to them any more.
        Condemned = "CONDEMNED",
    }
}

/// Bytes that are in the storage, and that the database does not know yet.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// What brought them. It becomes their id.
    pub upload: UploadId,
    /// Their SHA-256.
    pub sha256: ContentHash,
    /// How many there are.
    pub size_bytes: i64,
    /// The digests of their chunks, one after the other.
    pub chunk_digests: Vec<u8>,
}

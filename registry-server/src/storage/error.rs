//! What goes wrong with bytes that are kept.
//!
//! May not: choose codes; show a secret.

use std::error::Error;

/// Why the storage did not do it. `Display` is for anybody; what the operator needs is the source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Nothing is at the key.
    #[error("the content is not in the storage")]
    Missing,
    /// What is at the key is not what was put there. The words are for the operator.
    #[error("the content in the storage is damaged: {0}")]
    Damaged(String),
    /// There is no room for more.
    #[error("the storage is full")]
    Full,
    /// More than the storage takes in one piece.
    #[error("the content is too large for the storage")]
    TooLarge,
    /// It cannot be reached, does not answer, or refuses. A change may have happened or not.
    #[error("the storage is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl StorageError {
    /// Not available, for a reason in words.
    pub(super) fn unavailable(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(why.into())
    }

    /// The same about something that is written: what is in its way is no damage to a content.
    pub(super) fn while_writing(self) -> Self {
        match self {
            Self::Missing => Self::unavailable("what was being written is gone"),
            Self::Damaged(why) => Self::unavailable(why),
            Self::Full | Self::TooLarge | Self::Unavailable(_) => self,
        }
    }
}

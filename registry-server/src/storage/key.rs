//! Where a content is: what it is, and which of the lives of these bytes.
//!
//! May not: be made of anything that a caller says.

use uuid::Uuid;

/// The key of a content.
///
/// It ends with the id of the upload that made it, so that no key is used twice: a removal that comes late can never hit bytes
/// that were uploaded again meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentKey {
    sha256: [u8; 32],
    id: Uuid,
}

impl ContentKey {
    /// Of these bytes, made by this upload.
    #[must_use]
    pub const fn new(sha256: [u8; 32], id: Uuid) -> Self {
        Self { sha256, id }
    }

    /// The digest of the bytes.
    #[must_use]
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// The upload that made it.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// The directory it is in: the first byte of the digest, so that none gets too full.
    pub(super) fn shelf(&self) -> String {
        let [first, ..] = self.sha256;
        hex::encode([first])
    }

    /// Its name in there.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", hex::encode(self.sha256), self.id)
    }
}

impl std::fmt::Display for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha256/{}/{}", self.shelf(), self.name())
    }
}

//! Revisions, and the etags made of them.

use super::violation::Refused;

/// The number of a committed write: gap-free, in commit order, the same on every replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
pub struct Revision(i64);

impl Revision {
    /// Before the first write.
    pub const ZERO: Self = Self(0);

    /// The revision with this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The one before it.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The etag of a resource that was last changed at this revision.
    #[must_use]
    pub fn etag(self) -> Etag {
        Etag(format!("r{:x}", self.0))
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Changes whenever its resource does. Derived from the revision, so that the two cannot disagree; callers
/// treat it as opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(String);

impl Etag {
    /// Whether a resource at `revision` still has this etag.
    #[must_use]
    pub fn is_current(&self, revision: Revision) -> bool {
        *self == revision.etag()
    }
}

impl std::fmt::Display for Etag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Etag {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        Ok(Self(text.to_owned()))
    }
}

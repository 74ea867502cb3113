//! Aliases: names that point to one release of a model and can be moved.

use super::id::ReleaseId;
use super::model::ModelRef;
use super::name::AliasName;
use super::release::ReleaseRef;

/// What an alias must be before it is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Anything.
    Anything,
    /// Not there.
    Absent,
    /// At this release.
    Release(ReleaseId),
}

impl Expected {
    /// Whether an alias that points there, or is not there, is what was expected.
    #[must_use]
    pub fn holds(self, current: Option<ReleaseId>) -> bool {
        match self {
            Self::Anything => true,
            Self::Absent => current.is_none(),
            Self::Release(release) => current == Some(release),
        }
    }
}

/// To create an alias, or to move it.
#[derive(Debug, Clone)]
pub struct SetAlias {
    /// Where to; the alias belongs to its model.
    pub release: ReleaseRef,
    /// Which.
    pub alias: AliasName,
    /// Only if it is this now.
    pub expected: Expected,
    /// Why, in the caller's words.
    pub reason: Option<String>,
}

/// To delete an alias.
#[derive(Debug, Clone)]
pub struct DeleteAlias {
    /// Of which model.
    pub model: ModelRef,
    /// Which.
    pub alias: AliasName,
    /// Only if it points there now.
    pub expected: Option<ReleaseId>,
    /// A missing one is no error.
    pub allow_missing: bool,
}

/// Which aliases to list.
#[derive(Debug, Clone)]
pub struct AliasFilter {
    /// Only those of this model.
    pub model: Option<ModelRef>,
    /// Only those that point to this release.
    pub release: Option<ReleaseRef>,
}

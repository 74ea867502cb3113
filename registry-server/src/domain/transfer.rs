//! Moving what a registry knows to another one: what is exported, and how what comes is taken over.

use super::event::ResourceKind;
use super::id::ImportId;
use super::revision::Revision;
use uuid::Uuid;

/// The methods that move things: that they were called is no part of what is moved.
pub const MOVERS: [&str; 2] = ["modelregistry.v1.TransferService/Import", "modelregistry.v1.TransferService/Export"];

/// What an export is made of, in the order in which it comes: parents before children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Models.
    Models,
    /// Releases that were not made from others.
    Releases,
    /// Releases that were made from others, after those.
    DerivedReleases,
    /// Aliases.
    Aliases,
    /// Their history.
    AliasMoves,
    /// What is known of stored bytes.
    Contents,
    /// Artifacts.
    Artifacts,
    /// Deployments.
    Deployments,
    /// The audit log.
    AuditEntries,
}

impl Section {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Models,
        Self::Releases,
        Self::DerivedReleases,
        Self::Aliases,
        Self::AliasMoves,
        Self::Contents,
        Self::Artifacts,
        Self::Deployments,
        Self::AuditEntries,
    ];

    /// The one behind it.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|section| *section > self)
    }

    /// The kind that it comes with; the audit log comes with everything or not at all.
    #[must_use]
    pub const fn kind(self) -> Option<ResourceKind> {
        match self {
            Self::Models => Some(ResourceKind::Model),
            Self::Releases | Self::DerivedReleases => Some(ResourceKind::Release),
            Self::Aliases | Self::AliasMoves => Some(ResourceKind::ReleaseAlias),
            Self::Contents | Self::Artifacts => Some(ResourceKind::Artifact),
            Self::Deployments => Some(ResourceKind::Deployment),
            Self::AuditEntries => None,
        }
    }

    /// What it is called in a cursor.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Releases => "releases",
            Self::DerivedReleases => "derived",
            Self::Aliases => "aliases",
            Self::AliasMoves => "moves",
            Self::Contents => "contents",
            Self::Artifacts => "artifacts",
            Self::Deployments => "deployments",
            Self::AuditEntries => "audit",
        }
    }
}

/// What to export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Only these kinds; none are all, and the audit log.
    pub kinds: Vec<ResourceKind>,
    /// Also what is soft-deleted.
    pub deleted: bool,
}

impl Wanted {
    /// Whether a section is part of it.
    #[must_use]
    pub fn has(&self, section: Section) -> bool {
        self.kinds.is_empty() || section.kind().is_some_and(|kind| self.kinds.contains(&kind))
    }
}

/// Behind an item of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In which section.
    pub section: Section,
    /// The item, or what it belongs to; `None` at the beginning of the section.
    pub after: Option<Key>,
}

/// What the items of a section are sorted by. What a section has no use for is nil, empty or 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// How many releases a release was made from, one from the other.
    pub depth: i64,
    /// An id: its own, or that of its model.
    pub id: Uuid,
    /// An alias.
    pub alias: String,
    /// A revision.
    pub revision: Revision,
}

impl Key {
    /// Of something that has an id of its own.
    #[must_use]
    pub const fn of(id: Uuid) -> Self {
        Self { depth: 0, id, alias: String::new(), revision: Revision::ZERO }
    }
}

/// What to do with an item whose id or key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// It fails.
    Fail,
    /// It is skipped.
    Skip,
    /// It is written over what has the same id.
    Replace,
}

/// How to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// Names the import.
    pub id: ImportId,
    /// What to do about conflicts.
    pub on_conflict: OnConflict,
    /// Whether ids, times, authors and numbers are taken from the items.
    pub preserve_identity: bool,
    /// Whether the first item that fails ends it.
    pub fail_fast: bool,
    /// Whether nothing is written.
    pub validate_only: bool,
    /// The greatest revision of what comes, if it has any.
    pub source_revision: Option<Revision>,
    /// SHA-256 of what it was asked for with: it goes on with the same.
    pub hash: Vec<u8>,
}

/// Why an item was not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// It is there, or something is in its place.
    Exists,
    /// It is history of an alias, which has another one here.
    OtherHistory,
    /// Only an import that preserves identity takes it.
    IdentityNotPreserved,
}

/// The id of what came under the id `text` with an import that assigns ids: always the same.
#[must_use]
pub fn derived_id(import: ImportId, text: &str) -> Uuid {
    Uuid::new_v5(&import.uuid(), text.as_bytes())
}

//! Releases: how one is referred to, registered, changed, moved through its life, and found.

use super::document::Document;
use super::error::{Error, Kind};
use super::id::ReleaseId;
use super::model::{Labels, ModelRef};
use super::name::{AliasName, Digest, Environment, ImageTag, ModelName, Platform, Quantization, Version};
use super::patch::Patch;
use super::revision::Etag;
use super::time::Timestamp;
use super::training::Training;

super::closed_set! {
    /// Where a release is in its life.
    ReleaseState {
        /// Registered, not promoted.
        Candidate = "CANDIDATE",
        /// Promoted, for general use.
        Active = "ACTIVE",
        /// Not to be used for anything new.
        Deprecated = "DEPRECATED",
        /// Kept for the record.
        Archived = "ARCHIVED",
        /// Withdrawn as harmful; final.
        Yanked = "YANKED",
    }
}

impl ReleaseState {
    /// Whether the life of a release has a step from here to `target`: along one of the drawn edges, or to
    /// where it is already.
    #[must_use]
    pub const fn may_become(self, target: Self) -> bool {
        use ReleaseState::{Active, Archived, Candidate, Deprecated, Yanked};
        match (self, target) {
            (Candidate, Candidate | Active | Archived | Yanked)
            | (Active, Active | Deprecated | Yanked)
            | (Deprecated, Deprecated | Active | Archived | Yanked)
            | (Archived, Archived | Deprecated | Yanked)
            | (Yanked, Yanked) => true,
            (Candidate | Archived, _) | (Active, _) | (Deprecated, _) | (Yanked, _) => false,
        }
    }

    /// The step to `target`, or the error that says why there is none. Every state but CANDIDATE needs to
    /// know what was built.
    ///
    /// # Errors
    /// [`Error::InvalidTransition`] if there is no such step or the digest is missing.
    pub fn step_to(self, target: Self, digest: Option<&Digest>) -> Result<(), Error> {
        if !self.may_become(target) {
            return Err(Error::InvalidTransition {
                kind: Kind::Release,
                from: self.as_str(),
                to: target.as_str(),
                why: "the lifecycle has no such step",
            });
        }
        if target != Self::Candidate && digest.is_none() {
            return Err(Error::InvalidTransition {
                kind: Kind::Release,
                from: self.as_str(),
                to: target.as_str(),
                why: "the release has no digest yet",
            });
        }
        Ok(())
    }
}

/// The natural key of a release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReleaseKey {
    /// The name of its model.
    pub model: ModelName,
    /// Its version.
    pub version: Version,
    /// Its quantization; empty means none.
    pub quantization: Quantization,
    /// Its platform.
    pub platform: Platform,
}

impl std::fmt::Display for ReleaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.model, self.version)?;
        if !self.quantization.as_str().is_empty() {
            write!(f, "-{}", self.quantization)?;
        }
        write!(f, " ({})", self.platform)
    }
}

/// Refers to one release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReleaseRef {
    /// By its id.
    Id(ReleaseId),
    /// By its natural key.
    Key(ReleaseKey),
}

impl std::fmt::Display for ReleaseRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Key(key) => key.fmt(f),
        }
    }
}

/// The order of a list of releases. The id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ReleaseOrder {
    CreateTimeDesc,
    CreateTimeAsc,
    VersionAsc,
}

/// A release to register.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Release")]
pub struct NewRelease {
    pub model: ModelRef,
    pub version: Version,
    pub tag: ImageTag,
    pub digest: Option<Digest>,
    pub quantization: Quantization,
    pub platform: Platform,
    pub size_bytes: Option<i64>,
    pub state: ReleaseState,
    pub release_notes: Option<String>,
    pub metadata: Document,
    pub storage_path: Option<String>,
    pub mlflow_url: Option<String>,
    pub training: Option<Training>,
    pub labels: Labels,
    pub base_release_id: Option<ReleaseId>,
}

/// What an update says of the fields that never change: compared, not written. A digest is the exception:
/// it may be set once.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Release")]
pub struct ReleaseIdentity {
    pub version: Option<Version>,
    pub digest: Option<Digest>,
    pub quantization: Option<Quantization>,
    pub platform: Option<Platform>,
    pub base_release_id: Option<ReleaseId>,
}

/// What to change of a release.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Release")]
pub struct ReleasePatch {
    pub etag: Option<Etag>,
    pub identity: ReleaseIdentity,
    pub digest: Patch<Digest>,
    pub tag: Patch<ImageTag>,
    pub size_bytes: Patch<i64>,
    pub release_notes: Patch<String>,
    pub metadata: Patch<Document>,
    pub storage_path: Patch<String>,
    pub mlflow_url: Patch<String>,
    pub training: Patch<Training>,
    pub labels: Patch<Labels>,
}

/// To soft-delete a release.
#[derive(Debug, Clone)]
pub struct DeleteRelease {
    /// Which release.
    pub release: ReleaseRef,
    /// With the aliases that point to it.
    pub force: bool,
    /// One that is missing or deleted already is no error.
    pub allow_missing: bool,
    /// What the release must still be.
    pub etag: Option<Etag>,
}

/// A release that is soft-deleted, to be brought back or purged.
#[derive(Debug, Clone)]
pub struct DeletedRelease {
    /// Which release.
    pub release: ReleaseRef,
    /// What the release must still be.
    pub etag: Option<Etag>,
}

/// A step in the life of a release.
#[derive(Debug, Clone)]
pub struct Transition {
    /// Which release.
    pub release: ReleaseRef,
    /// Where to.
    pub target: ReleaseState,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// What the release must still be.
    pub etag: Option<Etag>,
}

/// What stands for a release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// What this alias points to, now or at some time.
    Alias(AliasName, Option<Timestamp>),
    /// This version.
    Version(Version),
    /// This image tag.
    Tag(ImageTag),
    /// This digest.
    Digest(Digest),
    /// The newest active release.
    Latest,
    /// This number.
    Number(i64),
    /// The highest active version that meets this requirement.
    Requirement(semver::VersionReq),
}

/// A reference to resolve.
#[derive(Debug, Clone)]
pub struct Resolve {
    /// Of which model.
    pub model: ModelRef,
    /// What stands for the release.
    pub selector: Selector,
    /// Only with this quantization; empty means only without one.
    pub quantization: Option<Quantization>,
    /// Only for this platform.
    pub platform: Option<Platform>,
    /// Only if it runs in this environment.
    pub environment: Option<Environment>,
}

impl std::fmt::Display for Resolve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let model = &self.model;
        match &self.selector {
            Selector::Alias(alias, _) => write!(f, "{model}@{alias}"),
            Selector::Version(version) => write!(f, "{model}:{version}"),
            Selector::Tag(tag) => write!(f, "{model} with tag {tag}"),
            Selector::Digest(digest) => write!(f, "{model}@{digest}"),
            Selector::Latest => write!(f, "latest of {model}"),
            Selector::Number(number) => write!(f, "{model}#{number}"),
            Selector::Requirement(requirement) => write!(f, "{model}:{requirement}"),
        }?;
        self.environment.as_ref().map_or(Ok(()), |environment| write!(f, " in {environment}"))
    }
}

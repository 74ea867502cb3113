//! Artifacts: what one belongs to, how one is registered, changed and found.

use super::document::Document;
use super::id::{ArtifactId, ModelId, ReleaseId};
use super::model::ModelRef;
use super::name::{ArtifactName, ArtifactType, Checksum, FilePath, ModelName};
use super::patch::Patch;
use super::release::{ReleaseKey, ReleaseRef};
use super::revision::Etag;

super::closed_set! {
    /// Where the bytes of an artifact are.
    ArtifactContentState {
        /// Elsewhere.
        External = "EXTERNAL",
        /// Here, whole.
        Stored = "STORED",
        /// They were here, and are damaged or gone.
        Lost = "LOST",
    }
}

/// What an artifact is to belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParentRef {
    /// A release.
    Release(ReleaseRef),
    /// A model as a whole.
    Model(ModelRef),
}

/// What an artifact belongs to, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// A release.
    Release(ReleaseKey),
    /// A model as a whole.
    Model(ModelName),
}

impl Parent {
    /// The name of the model.
    #[must_use]
    pub const fn model(&self) -> &ModelName {
        match self {
            Self::Release(key) => &key.model,
            Self::Model(name) => name,
        }
    }
}

impl std::fmt::Display for Parent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Release(key) => key.fmt(f),
            Self::Model(name) => name.fmt(f),
        }
    }
}

/// An artifact to register.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Artifact")]
pub struct NewArtifact {
    pub parent: ParentRef,
    pub name: ArtifactName,
    pub artifact_type: ArtifactType,
    pub file_path: FilePath,
    pub size_bytes: i64,
    pub checksum: Checksum,
    pub platform: Option<String>,
    pub python_version: Option<String>,
    pub metadata: Document,
    pub uploaded_by: Option<String>,
}

/// What to change of an artifact. `name` and `checksum` are not changed but compared: they are immutable.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Artifact")]
pub struct ArtifactPatch {
    pub etag: Option<Etag>,
    pub name: Option<ArtifactName>,
    pub checksum: Option<Checksum>,
    /// `None` keeps what is stored: an artifact is never without one.
    pub artifact_type: Option<ArtifactType>,
    /// The same.
    pub file_path: Option<FilePath>,
    /// The same.
    pub size_bytes: Option<i64>,
    pub platform: Patch<String>,
    pub python_version: Patch<String>,
    pub metadata: Patch<Document>,
    pub uploaded_by: Patch<String>,
}

/// To soft-delete an artifact.
#[derive(Debug, Clone)]
pub struct DeleteArtifact {
    /// Which artifact.
    pub id: ArtifactId,
    /// One that is missing or deleted already is no error.
    pub allow_missing: bool,
    /// What the artifact must still be.
    pub etag: Option<Etag>,
}

/// Of which model and of which release to list artifacts.
#[derive(Debug, Clone, Default)]
pub struct Whose {
    /// Of this model, directly or through its releases.
    pub model: Option<ModelRef>,
    /// Of this release.
    pub release: Option<ReleaseRef>,
}

/// What artifacts go with, and come back with.
#[derive(Debug, Clone, Copy)]
pub enum Below {
    /// Those of a model and of its releases.
    Model(ModelId),
    /// Those of a release.
    Release(ReleaseId),
}

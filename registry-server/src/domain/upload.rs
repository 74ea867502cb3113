//! Uploads: what is said of an artifact before its bytes come.

use super::artifact::{NewArtifact, ParentRef};
use super::document::Document;
use super::id::ArtifactId;
use super::name::{ArtifactName, ArtifactType, Checksum, FilePath};

/// An artifact whose bytes are to come.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Artifact")]
pub struct NewUpload {
    pub parent: ParentRef,
    pub name: ArtifactName,
    pub artifact_type: ArtifactType,
    pub file_path: Option<FilePath>,
    pub platform: Option<String>,
    pub python_version: Option<String>,
    pub metadata: Document,
    pub uploaded_by: Option<String>,
}

/// What the caller says of the bytes.
#[derive(Debug, Clone, Default)]
pub struct Announced {
    /// How many they are.
    pub size: Option<u64>,
    /// What their checksum is.
    pub checksum: Option<Checksum>,
}

impl NewUpload {
    /// The artifact to register, now that its bytes are known.
    #[must_use]
    pub fn received(self, id: ArtifactId, size_bytes: i64, checksum: Checksum) -> NewArtifact {
        let Self { parent, name, artifact_type, file_path, platform, python_version, metadata, uploaded_by } = self;
        let file_path = file_path.unwrap_or_else(|| FilePath::of_upload(id));
        NewArtifact {
            parent,
            name,
            artifact_type,
            file_path,
            size_bytes,
            checksum,
            platform,
            python_version,
            metadata,
            uploaded_by,
        }
    }
}

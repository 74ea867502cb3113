//! A row of `artifacts`.

use crate::domain::artifact::ArtifactContentState;
use crate::domain::document::Document;
use crate::domain::name::{Actor, ArtifactName, ArtifactType, Checksum, FilePath};
use crate::domain::{ArtifactId, ContentId, ModelId, ReleaseId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// An artifact, without what it shows of its model and release.
///
/// That names and paths are unique among live artifacts is said by indexes over a part of the table, which entities cannot
/// spell: see the migration.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "artifacts")]
#[expect(missing_docs, reason = "the contract documents every field of Artifact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ArtifactId,
    pub model_id: ModelId,
    pub release_id: Option<ReleaseId>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: ArtifactName,
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub artifact_type: ArtifactType,
    #[sea_orm(column_type = "String(StringLen::N(1000))")]
    pub file_path: FilePath,
    /// The SHA-256 of `file_path`.
    #[sea_orm(column_type = "Blob")]
    pub file_path_hash: Vec<u8>,
    pub size_bytes: i64,
    #[sea_orm(column_type = "String(StringLen::N(135))")]
    pub checksum: Checksum,
    #[sea_orm(column_type = "String(StringLen::N(100))", nullable)]
    pub platform: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(50))", nullable)]
    pub python_version: Option<String>,
    #[sea_orm(column_type = "Text", default_value = "{}")]
    pub metadata: Document,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub uploaded_by: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub content_state: ArtifactContentState,
    /// The bytes, if the registry holds them.
    pub content_id: Option<ContentId>,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
    pub delete_time: Option<Timestamp>,
    pub purge_time: Option<Timestamp>,
    pub revision: Revision,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub created_by: Actor,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

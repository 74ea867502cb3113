//! A row of `releases`.

use crate::domain::document::Document;
use crate::domain::name::{Actor, Digest, ImageTag, Platform, Quantization, Version};
use crate::domain::release::ReleaseState;
use crate::domain::training::Training;
use crate::domain::{ModelId, ReleaseId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// A release, without its labels and without what it shows of its model.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "releases")]
#[expect(missing_docs, reason = "the contract documents every field of Release")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReleaseId,
    #[sea_orm(unique_key = "releases_model_id_version_quantization_platform")]
    pub model_id: ModelId,
    /// Unique within the model: see `tables` beside this, because a column can be part of one `unique_key` only.
    pub number: i64,
    #[sea_orm(column_type = "String(StringLen::N(500))", unique_key = "releases_model_id_version_quantization_platform")]
    pub version: Version,
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub tag: ImageTag,
    #[sea_orm(column_type = "String(StringLen::N(135))", nullable)]
    pub digest: Option<Digest>,
    #[sea_orm(
        column_type = "String(StringLen::N(50))",
        default_value = "",
        unique_key = "releases_model_id_version_quantization_platform"
    )]
    pub quantization: Quantization,
    #[sea_orm(
        column_type = "String(StringLen::N(50))",
        default_value = "linux/amd64",
        unique_key = "releases_model_id_version_quantization_platform"
    )]
    pub platform: Platform,
    pub size_bytes: Option<i64>,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub state: ReleaseState,
    pub promote_time: Option<Timestamp>,
    #[sea_orm(column_type = "String(StringLen::N(1024))", nullable)]
    pub state_reason: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(65536))", nullable)]
    pub release_notes: Option<String>,
    #[sea_orm(column_type = "Text", default_value = "{}")]
    pub metadata: Document,
    #[sea_orm(column_type = "String(StringLen::N(1000))", nullable)]
    pub storage_path: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(1000))", nullable)]
    pub mlflow_url: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub training: Option<Training>,
    pub base_release_id: Option<ReleaseId>,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
    pub delete_time: Option<Timestamp>,
    pub purge_time: Option<Timestamp>,
    pub revision: Revision,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub created_by: Actor,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub updated_by: Actor,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A row of `models`.

use crate::domain::document::Document;
use crate::domain::model::ModelSource;
use crate::domain::name::{Actor, ModelName, StoragePath};
use crate::domain::training::Training;
use crate::domain::{ModelId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// A model, without its tags and labels.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "models")]
#[expect(missing_docs, reason = "the contract documents every field of Model")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ModelId,
    #[sea_orm(column_type = "String(StringLen::N(255))", unique)]
    pub name: ModelName,
    #[sea_orm(column_type = "String(StringLen::N(1000))")]
    pub storage_path: StoragePath,
    #[sea_orm(column_type = "String(StringLen::N(500))", nullable)]
    pub repository: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub company: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(100))", nullable)]
    pub base_model: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(50))", nullable)]
    pub parameter_count: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(16384))", nullable)]
    pub description: Option<String>,
    #[sea_orm(column_type = "Text", default_value = "{}")]
    pub metadata: Document,
    pub requires_gpu: Option<bool>,
    #[sea_orm(column_type = "String(StringLen::N(50))", nullable)]
    pub server_type: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(16))", default_value = "MANUAL")]
    pub source: ModelSource,
    #[sea_orm(default_value = false)]
    pub is_custom_base_model: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub training: Option<Training>,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub display_name: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(100))", nullable)]
    pub task: Option<String>,
    /// Numbers are never reused: the counter lives here and outlives the releases.
    #[sea_orm(default_value = 0)]
    pub last_release_number: i64,
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

//! A row of `release_aliases`.

use crate::domain::name::{Actor, AliasName};
use crate::domain::{ModelId, ReleaseId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// An alias of a model, and the release it points to.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_aliases")]
#[expect(missing_docs, reason = "the contract documents every field of ReleaseAlias")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_id: ModelId,
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(128))")]
    pub alias: AliasName,
    pub release_id: ReleaseId,
    pub previous_release_id: Option<ReleaseId>,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub updated_by: Actor,
    pub revision: Revision,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

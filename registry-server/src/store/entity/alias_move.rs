//! A row of `release_alias_moves`.

use crate::domain::name::{Actor, AliasName};
use crate::domain::{ModelId, ReleaseId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// One move of one alias. Two moves of an alias never share a time, so that every state it had can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_alias_moves")]
#[expect(missing_docs, reason = "the contract documents every field of ReleaseAliasMove")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_id: ModelId,
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(128))")]
    pub alias: AliasName,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: Revision,
    pub move_time: Timestamp,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub moved_by: Actor,
    pub from_release_id: Option<ReleaseId>,
    pub to_release_id: Option<ReleaseId>,
    #[sea_orm(column_type = "String(StringLen::N(1024))", nullable)]
    pub reason: Option<String>,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

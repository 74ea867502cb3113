//! A row of `release_labels`.

use crate::domain::ReleaseId;
use sea_orm::entity::prelude::*;

/// One label of one release. `value_hash` stands for `value` in the index.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_labels")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub release_id: ReleaseId,
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(250))")]
    pub key: String,
    #[sea_orm(column_type = "String(StringLen::N(5000))")]
    pub value: String,
    pub value_hash: i64,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

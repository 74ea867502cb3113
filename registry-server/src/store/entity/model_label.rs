//! A row of `model_labels`.

use crate::domain::ModelId;
use sea_orm::entity::prelude::*;

/// One label of one model. `value_hash` stands for `value` in the index.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "model_labels")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_id: ModelId,
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

//! A row of `answers`.

use crate::domain::Timestamp;
use crate::domain::name::Actor;
use sea_orm::entity::prelude::*;

/// What a caller was answered to a request id, kept so that a retry is answered the same.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "answers")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(255))")]
    pub caller: Actor,
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: Uuid,
    #[sea_orm(column_type = "String(StringLen::N(200))")]
    pub method: String,
    /// SHA-256 of the request without its request id.
    #[sea_orm(column_type = "Blob")]
    pub payload_hash: Vec<u8>,
    /// The encoded response.
    #[sea_orm(column_type = "Blob")]
    pub response: Vec<u8>,
    pub create_time: Timestamp,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

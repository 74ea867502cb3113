//! A row of `audit_entries`.

use crate::domain::event::ResourceKind;
use crate::domain::name::{Actor, ApiKeyName};
use crate::domain::{ApiKeyId, AuditEntryId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// One audited call.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
#[expect(missing_docs, reason = "the contract documents every field of AuditEntry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    pub create_time: Timestamp,
    #[sea_orm(column_type = "String(StringLen::N(200))")]
    pub method: String,
    pub code: i32,
    #[sea_orm(column_type = "String(StringLen::N(100))", nullable)]
    pub error_reason: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub actor: Actor,
    pub api_key_id: Option<ApiKeyId>,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub api_key_name: Option<ApiKeyName>,
    #[sea_orm(column_type = "String(StringLen::N(16))", nullable)]
    pub resource_kind: Option<ResourceKind>,
    #[sea_orm(column_type = "String(StringLen::N(200))", nullable)]
    pub resource_id: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(1000))", nullable)]
    pub resource_name: Option<String>,
    pub revision: Option<Revision>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub request_id: String,
    #[sea_orm(column_type = "String(StringLen::N(64))", nullable)]
    pub client_address: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(256))", nullable)]
    pub user_agent: Option<String>,
    /// Their names, with commas.
    #[sea_orm(column_type = "String(StringLen::N(1000))", default_value = "")]
    pub changed_fields: String,
    #[sea_orm(default_value = 1)]
    pub call_count: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub imported_details: Option<String>,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

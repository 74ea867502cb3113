//! A row of `events`.

use crate::domain::event::{EventType, ResourceKind};
use crate::domain::name::Actor;
use crate::domain::{ModelId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// One change, in the order of commit: (revision, position).
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
#[expect(missing_docs, reason = "the contract documents every field of Event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: Revision,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub last_in_revision: bool,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub event_type: EventType,
    pub event_time: Timestamp,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub resource_kind: ResourceKind,
    #[sea_orm(column_type = "String(StringLen::N(200))")]
    pub resource_id: String,
    #[sea_orm(column_type = "String(StringLen::N(1000))")]
    pub resource_name: String,
    pub model_id: Option<ModelId>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub actor: Actor,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub request_id: String,
    /// Comma-separated names.
    #[sea_orm(column_type = "String(StringLen::N(1000))", default_value = "")]
    pub changed_fields: String,
    /// The resource after the change, encoded as it is sent. NULL if it was purged, and for events older than this column.
    #[sea_orm(column_type = "Blob", nullable)]
    pub resource: Option<Vec<u8>>,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

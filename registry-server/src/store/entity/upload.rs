//! A row of `uploads`.

use crate::domain::name::ContentHash;
use crate::domain::{Timestamp, UploadId};
use sea_orm::entity::prelude::*;

/// What may be left over in the byte store if nobody clears it away: written before the first byte.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
    /// The SHA-256 of the bytes, once it is known.
    #[sea_orm(column_type = "String(StringLen::N(64))", nullable)]
    pub sha256: Option<ContentHash>,
    /// What the byte store needs to know to abort it.
    #[sea_orm(column_type = "String(StringLen::N(1024))", nullable)]
    pub ticket: Option<String>,
    /// How much of the quota it has taken.
    #[sea_orm(default_value = 0)]
    pub reserved_bytes: i64,
    /// When it may be taken for dead.
    pub lease_time: Timestamp,
    /// Whether somebody is clearing it away: it must not be finished any more.
    #[sea_orm(default_value = false)]
    pub condemned: bool,
    /// When it began.
    pub create_time: Timestamp,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

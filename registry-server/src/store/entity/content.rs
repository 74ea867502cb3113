//! A row of `contents`.

use crate::domain::content::ContentState;
use crate::domain::name::ContentHash;
use crate::domain::{ContentId, Timestamp};
use sea_orm::entity::prelude::*;

/// Bytes that the registry holds, for as many artifacts as have them.
///
/// That equal bytes are stored once is said by an index over the rows in state STORED, which entities cannot spell: see the
/// migration.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contents")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContentId,
    /// The SHA-256 of all of them.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub sha256: ContentHash,
    /// How many there are.
    pub size_bytes: i64,
    /// The BLAKE3 digest of each MiB of them, one after the other.
    #[sea_orm(column_type = "Blob")]
    pub chunk_digests: Vec<u8>,
    /// What has become of them.
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub state: ContentState,
    /// When they were stored.
    pub create_time: Timestamp,
    /// When the last artifact that had them went, or until when an import may bring the first one. Unset while there is one.
    pub orphan_time: Option<Timestamp>,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A row of `imports`.

use crate::domain::{ImportId, Timestamp};
use sea_orm::entity::prelude::*;

/// An import that was begun, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    /// Its id, which whoever imports has chosen.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportId,
    /// SHA-256 of its options: it goes on with the same.
    #[sea_orm(column_type = "Blob")]
    pub options_hash: Vec<u8>,
    /// Every item up to this one is done.
    #[sea_orm(default_value = 0)]
    pub acknowledged_sequence: i64,
    /// How many of them have failed.
    #[sea_orm(default_value = 0)]
    pub failed_count: i64,
    /// Whether what it brings keeps the revision that it had.
    pub keeps_revisions: bool,
    /// When it began.
    pub create_time: Timestamp,
    /// When it last went on.
    pub update_time: Timestamp,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

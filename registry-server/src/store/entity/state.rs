//! The one row of `registry_state`.

use crate::domain::{RegistryId, Revision};
use sea_orm::entity::prelude::*;

/// Which registry this is, and how far it has come.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_state")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub registry_id: RegistryId,
    #[sea_orm(default_value = 0)]
    pub revision: Revision,
    #[sea_orm(default_value = 0)]
    pub compacted_revision: Revision,
    #[sea_orm(column_type = "Blob")]
    pub page_token_key: Vec<u8>,
    /// The revision of the last change of an API key.
    #[sea_orm(default_value = 0)]
    pub api_keys_revision: Revision,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("registry_id", &self.registry_id).field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

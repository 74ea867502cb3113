//! A row of `api_keys`.

use crate::domain::api_key::StoredState;
use crate::domain::name::ApiKeyName;
use crate::domain::{ApiKeyId, Revision, Role, Scope, Timestamp};
use sea_orm::entity::prelude::*;

/// A key, without its secrets: only what they hash to.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
#[expect(missing_docs, reason = "the contract documents every field of ApiKey")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    #[sea_orm(column_type = "String(StringLen::N(255))", unique)]
    pub name: ApiKeyName,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub role: Role,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub state: StoredState,
    #[sea_orm(column_type = "String(StringLen::N(1024))", nullable)]
    pub description: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(5120))", default_value = "")]
    pub model_name_prefixes: Scope,
    /// Empty as long as the only secret is one that another system made.
    #[sea_orm(column_type = "Blob")]
    pub secret_hash: Vec<u8>,
    /// Of the secret before, which works until `previous_until`.
    #[sea_orm(column_type = "Blob", nullable)]
    pub previous_hash: Option<Vec<u8>>,
    pub previous_until: Option<Timestamp>,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
    pub last_use_time: Option<Timestamp>,
    pub expire_time: Option<Timestamp>,
    pub revision: Revision,
    /// Of a key that another system made: what bcrypt makes of its secret and `legacy_salt`, 72 bytes of them at the most; after the
    /// public beginning of the secret and a space, if it has one. It goes when the secret that replaced it is replaced.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub legacy_hash: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub legacy_salt: Option<String>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

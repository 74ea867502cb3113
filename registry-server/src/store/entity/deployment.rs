//! A row of `deployments`.

use crate::domain::deployment::{DeploymentKind, DeploymentState, HealthState};
use crate::domain::document::Document;
use crate::domain::name::Environment;
use crate::domain::{ApiKeyId, DeploymentId, ModelId, ReleaseId, Revision, Timestamp};
use sea_orm::entity::prelude::*;

/// A deployment, without what it shows of its release and its model.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deployments")]
#[expect(missing_docs, reason = "the contract documents every field of Deployment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeploymentId,
    /// That of the release.
    pub model_id: ModelId,
    pub release_id: ReleaseId,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub environment: Environment,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub cluster: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub k8s_namespace: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(500))", nullable)]
    pub endpoint_url: Option<String>,
    pub replicas: Option<i32>,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub kind: DeploymentKind,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub state: DeploymentState,
    #[sea_orm(column_type = "String(StringLen::N(1024))", nullable)]
    pub state_reason: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub health: HealthState,
    #[sea_orm(default_value = false)]
    pub gpu_enabled: bool,
    #[sea_orm(column_type = "String(StringLen::N(500))", nullable)]
    pub image_tag: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))", nullable)]
    pub container_id: Option<String>,
    pub host_port: Option<i32>,
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub deployed_by: Option<String>,
    pub api_key_id: Option<ApiKeyId>,
    #[sea_orm(column_type = "Text", default_value = "{}")]
    pub metadata: Document,
    pub deploy_time: Timestamp,
    pub start_time: Option<Timestamp>,
    pub stop_time: Option<Timestamp>,
    pub terminate_time: Option<Timestamp>,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
    pub revision: Revision,
}

/// Joins are spelled out in the queries.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

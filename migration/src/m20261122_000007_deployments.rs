//! Where releases run and have run.

use crate::ddl::{self, Ddl};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ddl = Ddl::of(manager);
        manager.create_table(deployments(ddl)).await?;
        for index in [
            ddl::index("deployments", &["deploy_time", "id"]),
            ddl::index("deployments", &["model_id", "deploy_time", "id"]),
            ddl::index("deployments", &["release_id", "deploy_time", "id"]),
            // What is live of a release is counted for every release that is read in full, and of a model when that is deleted.
            ddl::index("deployments", &["release_id", "state"]),
            ddl::index("deployments", &["model_id", "state"]),
            ddl::index("deployments", &["environment", "state", "deploy_time", "id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("deployments").take()).await
    }
}

const KINDS: [&str; 3] = ["METADATA", "LOCAL", "K8S"];
const STATES: [&str; 7] = ["PENDING", "DEPLOYING", "RUNNING", "STOPPING", "STOPPED", "FAILED", "TERMINATED"];
const HEALTHS: [&str; 3] = ["UNKNOWN", "HEALTHY", "UNHEALTHY"];

fn deployments(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("deployments")
        .col(ddl.id())
        // That of the release, which never changes: who may see a deployment, and the lists of a model, need no join for it.
        .col(ddl.uuid("model_id"))
        .col(ddl.uuid("release_id"))
        .col(ddl.required_text("environment", 100))
        .col(ddl.optional_text("cluster", 255))
        .col(ddl.optional_text("k8s_namespace", 255))
        .col(ddl.optional_text("endpoint_url", 500))
        .col(ColumnDef::new("replicas").integer().null().check(Expr::col("replicas").gte(0)))
        .col(ddl.one_of("kind", 16, &KINDS))
        .col(ddl.one_of("state", 16, &STATES))
        .col(ddl.optional_text("state_reason", 1024))
        .col(ddl.one_of("health", 16, &HEALTHS))
        .col(ColumnDef::new("gpu_enabled").boolean().not_null().default(false))
        .col(ddl.optional_text("image_tag", 500))
        .col(ddl.optional_text("container_id", 64))
        .col(ColumnDef::new("host_port").integer().null().check(Expr::col("host_port").between(1, 65535)))
        .col(ddl.optional_text("deployed_by", 255))
        // No foreign key: an entry of history, as in the audit log.
        .col(ColumnDef::new("api_key_id").uuid().null())
        .col(ddl.document("metadata"))
        .col(ddl.time("deploy_time"))
        .col(ddl.optional_time("start_time"))
        .col(ddl.optional_time("stop_time"))
        .col(ddl.optional_time("terminate_time"))
        .col(ddl.time("create_time"))
        .col(ddl.time("update_time"))
        .col(ddl.count("revision", 1))
        .foreign_key(&mut ddl::references("deployments", "model_id", "models"))
        .foreign_key(&mut ddl::references("deployments", "release_id", "releases"))
        .check(Expr::cust("(\"state\" = 'TERMINATED') = (\"terminate_time\" IS NOT NULL)"))
        .take()
}

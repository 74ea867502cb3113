//! The one row that says which registry this is and how far it has come, and the events.

use crate::ddl::{self, Ddl};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ddl = Ddl::of(manager);
        manager.create_table(state(ddl)).await?;
        manager.create_table(events(ddl)).await?;
        manager.create_index(ddl::index("events", &["model_id", "revision"])).await?;
        manager.get_connection().execute(&first_state()).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["events", "registry_state"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn state(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("registry_state")
        .col(ColumnDef::new("id").integer().not_null().primary_key().check(Expr::col("id").eq(1)))
        .col(ddl.uuid("registry_id"))
        .col(ddl.count("revision", 0).default(0))
        .col(ddl.count("compacted_revision", 0).default(0))
        .col(ColumnDef::new("page_token_key").blob().not_null())
        .take()
}

/// Identity and key are drawn once, with the database: replicas and restarts share them.
#[expect(clippy::disallowed_methods, reason = "there is no call and no context yet")]
fn first_state() -> InsertStatement {
    let key: [u8; 32] = rand::random();
    Query::insert()
        .into_table("registry_state")
        .columns(["id", "registry_id", "page_token_key"])
        .values_panic([1.into(), uuid::Uuid::new_v4().into(), key.to_vec().into()])
        .take()
}

const TYPES: [&str; 6] = ["CREATED", "UPDATED", "STATE_CHANGED", "DELETED", "UNDELETED", "PURGED"];
const KINDS: [&str; 6] = ["MODEL", "RELEASE", "RELEASE_ALIAS", "ARTIFACT", "DEPLOYMENT", "API_KEY"];

fn events(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("events")
        .col(ddl.count("revision", 1))
        .col(ColumnDef::new("position").integer().not_null().check(Expr::col("position").gte(0)))
        .col(ColumnDef::new("last_in_revision").boolean().not_null())
        .col(ddl.one_of("event_type", 16, &TYPES))
        .col(ddl.time("event_time"))
        .col(ddl.one_of("resource_kind", 16, &KINDS))
        .col(ddl.required_text("resource_id", 200))
        .col(ddl.text("resource_name", 1000))
        .col(ColumnDef::new("model_id").uuid().null())
        .col(ddl.required_text("actor", 255))
        .col(ddl.required_text("request_id", 64))
        .col(ddl.text("changed_fields", 1000).default(""))
        .primary_key(Index::create().name("pk_events").col("revision").col("position"))
        .take()
}

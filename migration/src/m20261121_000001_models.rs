//! Models, their tags and their labels.

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
        manager.create_table(models(ddl)).await?;
        manager.create_table(tags(ddl)).await?;
        manager.create_table(ddl::labels(ddl, "model_labels", "model_id", "models")).await?;
        for index in [
            ddl::unique("models", &["name"]),
            ddl::index("models", &["create_time", "id"]),
            ddl::index("models", &["update_time", "id"]),
            ddl::index("models", &["company", "create_time", "id"]),
            ddl::index("models", &["base_model", "create_time", "id"]),
            ddl::index("models", &["server_type", "create_time", "id"]),
            ddl::index("models", &["task", "create_time", "id"]),
            ddl::index("model_tags", &["tag", "model_id"]),
            ddl::index("model_labels", &["key", "value_hash", "model_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["model_labels", "model_tags", "models"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn models(ddl: Ddl) -> TableCreateStatement {
    let mut table = Table::create()
        .table("models")
        .col(ddl.id())
        .col(ddl.required_text("name", 255))
        .col(ddl.required_text("storage_path", 1000))
        .col(ddl.optional_text("repository", 500))
        .col(ddl.optional_text("company", 255))
        .col(ddl.optional_text("base_model", 100))
        .col(ddl.optional_text("parameter_count", 50))
        .col(ddl.optional_text("description", 16384))
        .col(ddl.document("metadata"))
        .col(ColumnDef::new("requires_gpu").boolean().null())
        .col(ddl.optional_text("server_type", 50))
        .col(ddl.one_of("source", 16, &["MANUAL", "FILESYSTEM", "ORPHANED"]).default("MANUAL"))
        .col(ColumnDef::new("is_custom_base_model").boolean().not_null().default(false))
        .col(ddl.optional_document("training"))
        .col(ddl.optional_text("display_name", 255))
        .col(ddl.optional_text("task", 100))
        .col(ddl.count("last_release_number", 0).default(0))
        .take();
    ddl::lifecycle(&mut table, ddl);
    table
}

fn tags(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("model_tags")
        .col(ddl.uuid("model_id"))
        .col(ddl.required_text("tag", 128))
        .primary_key(Index::create().name("pk_model_tags").col("model_id").col("tag"))
        .foreign_key(&mut ddl::references("model_tags", "model_id", "models"))
        .take()
}

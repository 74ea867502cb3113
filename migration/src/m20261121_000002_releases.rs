//! Releases and their labels.

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
        manager.create_table(releases(ddl)).await?;
        manager.create_table(ddl::labels(ddl, "release_labels", "release_id", "releases")).await?;
        for index in [
            ddl::unique("releases", &["model_id", "version", "quantization", "platform"]),
            ddl::unique("releases", &["model_id", "number"]),
            ddl::index("releases", &["create_time", "id"]),
            ddl::index("releases", &["model_id", "create_time", "id"]),
            ddl::index("releases", &["model_id", "version", "id"]),
            ddl::index("releases", &["tag"]),
            ddl::index("releases", &["digest"]),
            ddl::index("releases", &["base_release_id"]),
            ddl::index("release_labels", &["key", "value_hash", "release_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["release_labels", "releases"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

const STATES: [&str; 5] = ["CANDIDATE", "ACTIVE", "DEPRECATED", "ARCHIVED", "YANKED"];

fn releases(ddl: Ddl) -> TableCreateStatement {
    let mut table = Table::create()
        .table("releases")
        .col(ddl.id())
        .col(ddl.uuid("model_id"))
        .col(ddl.count("number", 1))
        .col(ddl.required_text("version", 500))
        .col(ddl.required_text("tag", 500))
        .col(ddl.optional_text("digest", 135))
        // '' and not NULL stands for "none": NULL in a unique key would let twins in.
        .col(ddl.text("quantization", 50).default(""))
        .col(ddl.required_text("platform", 50).default("linux/amd64"))
        .col(ColumnDef::new("size_bytes").big_integer().null().check(Expr::col("size_bytes").gte(0)))
        .col(ddl.one_of("state", 16, &STATES))
        .col(ddl.optional_time("promote_time"))
        .col(ddl.optional_text("state_reason", 1024))
        .col(ddl.optional_text("release_notes", 65536))
        .col(ddl.document("metadata"))
        .col(ddl.optional_text("storage_path", 1000))
        .col(ddl.optional_text("mlflow_url", 1000))
        .col(ddl.optional_document("training"))
        .col(ColumnDef::new("base_release_id").uuid().null())
        .foreign_key(&mut ddl::references("releases", "model_id", "models"))
        .foreign_key(&mut ddl::references("releases", "base_release_id", "releases"))
        .check(Expr::cust("\"state\" = 'CANDIDATE' OR \"digest\" IS NOT NULL"))
        .take();
    ddl::lifecycle(&mut table, ddl);
    table
}

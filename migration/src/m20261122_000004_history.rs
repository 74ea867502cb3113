//! Aliases and where they have pointed, what events show of their resource, and the answers that are kept for retries.

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
        manager.create_table(aliases(ddl)).await?;
        manager.create_table(moves(ddl)).await?;
        manager.create_table(answers(ddl)).await?;
        let resource = ColumnDef::new("resource").blob().null().take();
        manager.alter_table(Table::alter().table("events").add_column(resource).take()).await?;
        for index in [
            ddl::index("release_aliases", &["release_id"]),
            ddl::index("release_alias_moves", &["model_id", "alias", "move_time"]),
            ddl::index("answers", &["create_time"]),
            only_if_set("models", "purge_time"),
            only_if_set("releases", "purge_time"),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["models", "releases"] {
            let name = format!("ix_{table}_purge_time");
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("events").drop_column("resource").take()).await?;
        for table in ["answers", "release_alias_moves", "release_aliases"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn aliases(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("release_aliases")
        .col(ddl.uuid("model_id"))
        .col(ddl.required_text("alias", 128))
        .col(ddl.uuid("release_id"))
        // No foreign key: the release it came from may be purged, and the id stays what it was.
        .col(ColumnDef::new("previous_release_id").uuid().null())
        .col(ddl.time("create_time"))
        .col(ddl.time("update_time"))
        .col(ddl.required_text("updated_by", 255))
        .col(ddl.count("revision", 1))
        .primary_key(Index::create().name("pk_release_aliases").col("model_id").col("alias"))
        .foreign_key(&mut ddl::references("release_aliases", "model_id", "models"))
        .foreign_key(&mut ddl::references("release_aliases", "release_id", "releases"))
        .take()
}

/// History outlives the alias and the releases it names: only the model is a foreign key.
fn moves(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("release_alias_moves")
        .col(ddl.uuid("model_id"))
        .col(ddl.required_text("alias", 128))
        .col(ddl.count("revision", 1))
        .col(ddl.time("move_time"))
        .col(ddl.required_text("moved_by", 255))
        .col(ColumnDef::new("from_release_id").uuid().null())
        .col(ColumnDef::new("to_release_id").uuid().null())
        .col(ddl.optional_text("reason", 1024))
        .primary_key(Index::create().name("pk_release_alias_moves").col("model_id").col("alias").col("revision"))
        .foreign_key(&mut ddl::references("release_alias_moves", "model_id", "models"))
        .take()
}

fn answers(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("answers")
        .col(ddl.required_text("caller", 255))
        .col(ddl.uuid("request_id"))
        .col(ddl.required_text("method", 200))
        .col(ColumnDef::new("payload_hash").blob().not_null())
        .col(ColumnDef::new("response").blob().not_null())
        .col(ddl.time("create_time"))
        .primary_key(Index::create().name("pk_answers").col("caller").col("request_id"))
        .take()
}

/// Few rows are soft-deleted: the rest is not in the index.
fn only_if_set(table: &'static str, column: &'static str) -> IndexCreateStatement {
    let mut index = ddl::index(table, &[column]);
    index.and_where(Expr::col(column).is_not_null());
    index
}

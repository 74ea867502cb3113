//! What comes from elsewhere: imports and how far they have come, keys that another system made, and what it noted of calls.

use crate::ddl::Ddl;
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
        manager.create_table(imports(ddl)).await?;
        for (table, column) in added(ddl) {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in added(Ddl::of(manager)) {
            let column = column.get_column_name();
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        manager.drop_table(Table::drop().table("imports").take()).await
    }
}

fn added(ddl: Ddl) -> [(&'static str, ColumnDef); 3] {
    [
        ("api_keys", ddl.optional_text("legacy_hash", 255)),
        ("api_keys", ddl.optional_text("legacy_salt", 255)),
        ("audit_entries", ddl.optional_document("imported_details")),
    ]
}

fn imports(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("imports")
        .col(ddl.id())
        // What it was begun with: it goes on with the same.
        .col(ColumnDef::new("options_hash").blob().not_null())
        // Every item up to this one is done.
        .col(ddl.count("acknowledged_sequence", 0).default(0))
        // How many of them have failed.
        .col(ddl.count("failed_count", 0).default(0))
        .col(ColumnDef::new("keeps_revisions").boolean().not_null())
        .col(ddl.time("create_time"))
        .col(ddl.time("update_time"))
        .take()
}

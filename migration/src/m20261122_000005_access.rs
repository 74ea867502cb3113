//! Who may call (API keys), and who has (the audit log).

use crate::ddl::{self, Ddl};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ROLES: [&str; 3] = ["VIEWER", "OPERATOR", "ADMIN"];
const STATES: [&str; 3] = ["ACTIVE", "DISABLED", "REVOKED"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ddl = Ddl::of(manager);
        manager.create_table(keys(ddl)).await?;
        manager.create_table(entries(ddl)).await?;
        let changed = ddl.count("api_keys_revision", 0).default(0).take();
        manager.alter_table(Table::alter().table("registry_state").add_column(changed).take()).await?;
        for index in [
            ddl::unique("api_keys", &["name"]),
            ddl::index("audit_entries", &["create_time", "id"]),
            ddl::index("audit_entries", &["actor", "create_time", "id"]),
            ddl::index("audit_entries", &["resource_id", "create_time", "id"]),
            refusals(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("registry_state").drop_column("api_keys_revision").take()).await?;
        for table in ["audit_entries", "api_keys"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

/// Secrets are not in it, only what they hash to.
fn keys(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(ddl.id())
        .col(ddl.required_text("name", 255))
        .col(ddl.one_of("role", 16, &ROLES))
        .col(ddl.one_of("state", 16, &STATES))
        .col(ddl.optional_text("description", 1024))
        // One a line: twenty of them at most, and no name has a line feed.
        .col(ddl.text("model_name_prefixes", 5120).default("").take())
        .col(ColumnDef::new("secret_hash").blob().not_null())
        .col(ColumnDef::new("previous_hash").blob().null())
        .col(ddl.optional_time("previous_until"))
        .col(ddl.time("create_time"))
        .col(ddl.time("update_time"))
        .col(ddl.optional_time("last_use_time"))
        .col(ddl.optional_time("expire_time"))
        // 0 is the key of the first start, which is no change of the registry.
        .col(ddl.count("revision", 0))
        .take()
}

/// The refusals of callers without credentials, which are counted. A query that says just this is answered from it; the actor
/// leads, or SQLite would rather take the index of all that he did.
fn refusals() -> IndexCreateStatement {
    ddl::index("audit_entries", &["actor", "create_time", "id"])
        .name("ix_audit_entries_refusals")
        .and_where(Expr::cust("actor = 'anonymous' AND code <> 0"))
        .take()
}

/// Entries outlive what they are about: nothing in them is a foreign key.
fn entries(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("audit_entries")
        .col(ddl.id())
        .col(ddl.time("create_time"))
        .col(ddl.required_text("method", 200))
        .col(ColumnDef::new("code").integer().not_null())
        .col(ddl.optional_text("error_reason", 100))
        .col(ddl.required_text("actor", 255))
        .col(ColumnDef::new("api_key_id").uuid().null())
        .col(ddl.optional_text("api_key_name", 255))
        .col(ddl.optional_text("resource_kind", 16))
        .col(ddl.optional_text("resource_id", 200))
        .col(ddl.optional_text("resource_name", 1000))
        .col(ColumnDef::new("revision").big_integer().null())
        .col(ddl.required_text("request_id", 64))
        .col(ddl.optional_text("client_address", 64))
        .col(ddl.optional_text("user_agent", 256))
        .col(ddl.text("changed_fields", 1000).default("").take())
        .col(ddl.count("call_count", 1).default(1).take())
        .take()
}

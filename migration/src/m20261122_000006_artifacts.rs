//! Artifacts, the bytes that the registry holds of them, and what may be left over in the byte store.

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
        manager.create_table(contents(ddl)).await?;
        manager.create_table(uploads(ddl)).await?;
        manager.create_table(artifacts(ddl)).await?;
        for index in [
            stored_once(),
            ddl::index("contents", &["state", "orphan_time"]),
            ddl::index("uploads", &["lease_time"]),
            name_in_model(),
            name_in_release(),
            live_path(),
            ddl::index("artifacts", &["create_time", "id"]),
            ddl::index("artifacts", &["model_id", "create_time", "id"]),
            ddl::index("artifacts", &["release_id", "create_time", "id"]),
            ddl::index("artifacts", &["checksum"]),
            ddl::index("artifacts", &["content_id"]),
            due(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["artifacts", "uploads", "contents"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

const CONTENT_STATES: [&str; 3] = ["STORED", "LOST", "CONDEMNED"];
const ARTIFACT_STATES: [&str; 3] = ["EXTERNAL", "STORED", "LOST"];

fn contents(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("contents")
        .col(ddl.id())
        .col(ddl.required_text("sha256", 64))
        .col(ddl.count("size_bytes", 0))
        // The BLAKE3 digest of every MiB, one after the other, so that a part can be verified without the rest.
        .col(ColumnDef::new("chunk_digests").blob().not_null())
        .col(ddl.one_of("state", 16, &CONTENT_STATES))
        .col(ddl.time("create_time"))
        .col(ddl.optional_time("orphan_time"))
        .take()
}

fn uploads(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("uploads")
        .col(ddl.id())
        .col(ddl.optional_text("sha256", 64))
        .col(ddl.optional_text("ticket", 1024))
        .col(ddl.count("reserved_bytes", 0).default(0))
        .col(ddl.time("lease_time"))
        .col(ColumnDef::new("condemned").boolean().not_null().default(false))
        .col(ddl.time("create_time"))
        .take()
}

fn artifacts(ddl: Ddl) -> TableCreateStatement {
    Table::create()
        .table("artifacts")
        .col(ddl.id())
        .col(ddl.uuid("model_id"))
        .col(ColumnDef::new("release_id").uuid().null())
        .col(ddl.required_text("name", 255))
        .col(ddl.required_text("artifact_type", 50))
        .col(ddl.required_text("file_path", 1000))
        // Stands for `file_path` in the index: a B-tree of PostgreSQL cannot hold 1,000 characters.
        .col(ColumnDef::new("file_path_hash").blob().not_null())
        .col(ddl.count("size_bytes", 0))
        .col(ddl.required_text("checksum", 135))
        .col(ddl.optional_text("platform", 100))
        .col(ddl.optional_text("python_version", 50))
        .col(ddl.document("metadata"))
        .col(ddl.optional_text("uploaded_by", 255))
        .col(ddl.one_of("content_state", 16, &ARTIFACT_STATES))
        .col(ColumnDef::new("content_id").uuid().null())
        .col(ddl.time("create_time"))
        .col(ddl.time("update_time"))
        .col(ddl.optional_time("delete_time"))
        .col(ddl.optional_time("purge_time"))
        .col(ddl.count("revision", 0))
        .col(ddl.required_text("created_by", 255))
        .foreign_key(&mut ddl::references("artifacts", "model_id", "models"))
        .foreign_key(&mut ddl::references("artifacts", "release_id", "releases"))
        .foreign_key(&mut ddl::references("artifacts", "content_id", "contents"))
        .check(Expr::cust("(\"delete_time\" IS NULL) = (\"purge_time\" IS NULL)"))
        // What lies elsewhere has no bytes here, and what lies here has.
        .check(Expr::cust("\"content_state\" = 'LOST' OR (\"content_id\" IS NULL) = (\"content_state\" = 'EXTERNAL')"))
        .take()
}

/// Equal bytes are stored once; what is lost or on its way out is nobody's to share.
fn stored_once() -> IndexCreateStatement {
    partial(ddl::unique("contents", &["sha256"]), "\"state\" = 'STORED'")
}

/// Two indexes and not one on both parents: a release that is NULL would let twins in.
fn name_in_model() -> IndexCreateStatement {
    partial(ddl::unique("artifacts", &["model_id", "name"]), "\"release_id\" IS NULL AND \"delete_time\" IS NULL")
}

fn name_in_release() -> IndexCreateStatement {
    partial(ddl::unique("artifacts", &["release_id", "name"]), "\"release_id\" IS NOT NULL AND \"delete_time\" IS NULL")
}

fn live_path() -> IndexCreateStatement {
    partial(ddl::unique("artifacts", &["file_path_hash"]), "\"delete_time\" IS NULL")
}

/// Few rows are soft-deleted: the rest is not in the index.
fn due() -> IndexCreateStatement {
    partial(ddl::index("artifacts", &["purge_time"]), "\"purge_time\" IS NOT NULL")
}

fn partial(mut index: IndexCreateStatement, rows: &'static str) -> IndexCreateStatement {
    index.and_where(Expr::cust(rows)).take()
}

//! Column and table helpers that hide what the two databases spell differently.
//!
//! - Text is `varchar(n)` on both. PostgreSQL counts and sorts it itself (`COLLATE "C"`: byte order,
//!   whatever the cluster's locale); SQLite ignores the length, so it gets a CHECK instead.
//! - Times are `bigint`: microseconds since 1970-01-01T00:00:00Z.
//! - Closed sets are text with a CHECK, so that a row can be read by a person.
//!
//! May not: know which tables exist.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Writes columns in the dialect of one database.
#[derive(Debug, Clone, Copy)]
pub struct Ddl(DbBackend);

impl Ddl {
    /// For the database that `manager` migrates.
    #[must_use]
    pub fn of(manager: &SchemaManager<'_>) -> Self {
        Self(manager.get_database_backend())
    }

    /// NOT NULL text of at most `max` characters.
    #[must_use]
    pub fn text(self, name: &'static str, max: u32) -> ColumnDef {
        self.bounded(name, max, None).not_null().take()
    }

    /// NOT NULL text of 1 to `max` characters.
    #[must_use]
    pub fn required_text(self, name: &'static str, max: u32) -> ColumnDef {
        self.bounded(name, max, Some(Expr::col(name).ne(""))).not_null().take()
    }

    /// Nullable text of at most `max` characters. NULL and `''` are different values.
    #[must_use]
    pub fn optional_text(self, name: &'static str, max: u32) -> ColumnDef {
        self.bounded(name, max, None).null().take()
    }

    /// NOT NULL text out of a closed set.
    #[must_use]
    pub fn one_of(self, name: &'static str, max: u32, values: &[&'static str]) -> ColumnDef {
        let known = Expr::col(name).is_in(values.iter().copied());
        self.bounded(name, max, Some(known)).not_null().take()
    }

    /// NOT NULL JSON object, `{}` unless given. `json` and not `jsonb` on PostgreSQL: the document is
    /// opaque to the registry and must come back number for number.
    #[must_use]
    pub fn document(self, name: &'static str) -> ColumnDef {
        self.json(name).not_null().default("{}").take()
    }

    /// Nullable JSON.
    #[must_use]
    pub fn optional_document(self, name: &'static str) -> ColumnDef {
        self.json(name).null().take()
    }

    /// NOT NULL time, in microseconds since the epoch.
    #[must_use]
    pub fn time(self, name: &'static str) -> ColumnDef {
        ColumnDef::new(name).big_integer().not_null().take()
    }

    /// Nullable time, in microseconds since the epoch.
    #[must_use]
    pub fn optional_time(self, name: &'static str) -> ColumnDef {
        ColumnDef::new(name).big_integer().null().take()
    }

    /// A UUID that is the primary key.
    #[must_use]
    pub fn id(self) -> ColumnDef {
        ColumnDef::new("id").uuid().not_null().primary_key().take()
    }

    /// NOT NULL UUID.
    #[must_use]
    pub fn uuid(self, name: &'static str) -> ColumnDef {
        ColumnDef::new(name).uuid().not_null().take()
    }

    /// NOT NULL 64-bit integer of at least `min`.
    #[must_use]
    pub fn count(self, name: &'static str, min: i64) -> ColumnDef {
        ColumnDef::new(name).big_integer().not_null().check(Expr::col(name).gte(min)).take()
    }

    /// A column has one CHECK: another one would replace it, so all conditions go into it.
    fn bounded(self, name: &'static str, max: u32, condition: Option<Expr>) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        column.string_len(max);
        let fits = Expr::expr(Func::char_length(Expr::col(name))).lte(max);
        let check = match (self.0, condition) {
            (DbBackend::Postgres, condition) => {
                column.extra("COLLATE \"C\"");
                condition
            }
            (_, None) => Some(fits),
            (_, Some(condition)) => Some(fits.and(condition)),
        };
        if let Some(check) = check {
            column.check(check);
        }
        column
    }

    fn json(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        column.json();
        if self.0 == DbBackend::Sqlite {
            // PostgreSQL's type refuses text that is not JSON; SQLite's declared type does not.
            column.check(Expr::cust(format!("json_valid(\"{name}\")")));
        }
        column
    }
}

/// The times, the revision and the actors that every resource has. A soft-deleted row says when it
/// will be purged, and only a soft-deleted row does.
pub fn lifecycle(table: &mut TableCreateStatement, ddl: Ddl) {
    table
        .col(ddl.time("create_time"))
        .col(ddl.time("update_time"))
        .col(ddl.optional_time("delete_time"))
        .col(ddl.optional_time("purge_time"))
        .col(ddl.count("revision", 0))
        .col(ddl.required_text("created_by", 255))
        .col(ddl.required_text("updated_by", 255))
        .check(Expr::cust("(\"delete_time\" IS NULL) = (\"purge_time\" IS NULL)"));
}

/// A foreign key, `NO ACTION` both ways: a child is never removed by its parent's removal behind our
/// back, and `RESTRICT` reports under other error codes on SQLite.
#[must_use]
pub fn references(table: &'static str, column: &'static str, parent: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{table}_{column}"))
        .from(table, column)
        .to(parent, "id")
        .on_delete(ForeignKeyAction::NoAction)
        .on_update(ForeignKeyAction::NoAction)
        .take()
}

/// An index named after what it covers.
#[must_use]
pub fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.table(table).name(format!("ix_{table}_{}", columns.join("_")));
    for column in columns {
        index.col(*column);
    }
    index
}

/// A unique index named after what it covers. Its columns must be NOT NULL: a NULL lets twins in.
#[must_use]
pub fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = index(table, columns);
    index.name(format!("uq_{table}_{}", columns.join("_"))).unique();
    index
}

/// The key-value pairs of a resource. `value_hash` stands for `value` in the index, because a B-tree
/// of PostgreSQL cannot hold 5,000 characters.
#[must_use]
pub fn labels(ddl: Ddl, table: &'static str, owner: &'static str, parent: &'static str) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(ddl.uuid(owner))
        .col(ddl.required_text("key", 250))
        .col(ddl.text("value", 5000))
        .col(ColumnDef::new("value_hash").big_integer().not_null())
        .primary_key(Index::create().name(format!("pk_{table}")).col(owner).col("key"))
        .foreign_key(&mut references(table, owner, parent))
        .take()
}

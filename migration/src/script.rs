//! What a migration says to a database, statement by statement, written down before it is said.
//!
//! May not: connect to anything, or let a migration read: what it says may depend on the dialect alone.

use sea_orm_migration::sea_orm::{DbBackend, DbErr, MockDatabase, MockExecResult, Statement};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use sha2::{Digest, Sha256};

/// How many statements a migration has at the most.
const MOST: usize = 1000;

/// Towards the newest schema, or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Does it.
    Up,
    /// Undoes it.
    Down,
}

/// The statements of a migration, in the dialect of one database.
#[derive(Debug, Clone)]
pub struct Script {
    name: String,
    statements: Vec<Statement>,
}

impl Script {
    /// One that says these.
    #[must_use]
    pub fn new(name: impl Into<String>, statements: Vec<Statement>) -> Self {
        Self { name: name.into(), statements }
    }

    /// Asks a migration what it would say.
    ///
    /// # Errors
    /// If it wants to know something of the database, or has no way back.
    pub async fn of(migration: &dyn MigrationTrait, dialect: DbBackend, way: Way) -> Result<Self, DbErr> {
        // It is told that everything it says succeeded, and an error if it asks for anything.
        let paper = MockDatabase::new(dialect).append_exec_results(vec![MockExecResult::default(); MOST]).into_connection();
        match way {
            Way::Up => migration.up(&SchemaManager::new(&paper)).await?,
            Way::Down => migration.down(&SchemaManager::new(&paper)).await?,
        }
        let said = paper.into_transaction_log();
        let statements = said.iter().flat_map(|transaction| transaction.statements()).cloned().collect();
        Ok(Self::new(migration.name(), statements))
    }

    /// The name of the migration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is to be said, in this order. Values that are drawn anew each time are parameters.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// SHA-256 of the statements, each behind its length; parameters are left out, because some are drawn by chance.
    #[must_use]
    pub fn checksum(&self) -> String {
        let mut hash = Sha256::new();
        for statement in &self.statements {
            hash.update(format!("{} ", statement.sql.len()));
            hash.update(&statement.sql);
        }
        hex::encode(hash.finalize())
    }
}

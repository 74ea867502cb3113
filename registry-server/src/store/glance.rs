//! A look at the database by one statement, which is of one moment by itself: no transaction is begun for it, and none ended, which would
//! cost more than the statement.
//!
//! May not: ask twice. What needs two statements needs a [`Snapshot`](super::Snapshot).

use super::Source;
use super::backend::{Failure, READERS, failure};
use crate::domain::Scope;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use std::sync::atomic::{AtomicBool, Ordering};

/// The database, for one statement that reads.
#[derive(Debug)]
pub struct Glance {
    connections: DatabaseConnection,
    scope: Scope,
    asked: AtomicBool,
}

impl Glance {
    pub(super) fn new(connections: DatabaseConnection, scope: Scope) -> Self {
        Self { connections, scope, asked: AtomicBool::new(false) }
    }

    /// Whether an answer counts. Pooled connections that died with a restart of the database are found out and replaced on the way.
    fn counts<T>(answer: &Result<T, DbErr>) -> bool {
        !matches!(answer, Err(error @ (DbErr::Exec(_) | DbErr::Query(_))) if failure(error) == Failure::Unavailable)
    }

    fn once(&self) -> Result<(), DbErr> {
        if self.asked.swap(true, Ordering::Relaxed) { Err(never("a second statement")) } else { Ok(()) }
    }
}

fn never(what: &str) -> DbErr {
    DbErr::Custom(format!("{what} was asked of a glance"))
}

impl Source for Glance {
    type Conn = Self;

    fn conn(&self) -> &Self {
        self
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }
}

#[expect(clippy::disallowed_methods, reason = "passes on what was built elsewhere")]
#[async_trait]
impl ConnectionTrait for Glance {
    fn get_database_backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(never("a change"))
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(never("a change"))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.once()?;
        for _ in 0..READERS {
            let rows = self.connections.query_all_raw(statement.clone()).await;
            if Self::counts(&rows) {
                return rows;
            }
        }
        self.connections.query_all_raw(statement).await
    }
}

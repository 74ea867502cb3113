//! The connection on which PostgreSQL is asked how far the registry has come, over and over: one statement and one round trip each time.
//! In a pool it would be two, because a pool tries whatever comes back to it.
//!
//! May not: ask anything else, or change anything.

use super::backend::session;
use crate::domain::{RegistryId, Revision};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, ConnectOptions, Connection, Row};
use uuid::Uuid;

const HOW_FAR: &str = "SELECT registry_id, revision FROM registry_state WHERE id = 1";

/// Asks. There is no connection before the first question, nor after one that was not answered.
#[derive(Debug)]
pub(super) struct Asker {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Asker {
    pub(super) fn of(url: &str) -> Result<Self, sqlx::Error> {
        let options = url.parse::<PgConnectOptions>()?.application_name("model-registry-cache").disable_statement_logging();
        Ok(Self { options: session(options, "15s"), connection: None })
    }

    /// Which registry it is, and how far it has come. If the answer is not waited for, the connection is gone, and the next question
    /// makes another.
    pub(super) async fn how_far(&mut self) -> Result<(RegistryId, Revision), sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => PgConnection::connect_with(&self.options).await?,
        };
        let row = sqlx::query(HOW_FAR).fetch_one(&mut connection).await?;
        let (registry, revision): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
        self.connection = Some(connection);
        Ok((registry.into(), Revision::new(revision)))
    }
}

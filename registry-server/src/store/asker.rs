//! The connection on which PostgreSQL is asked how far the registry has come, over and over: one statement and one round trip each time.
//! In a pool it would be two, because a pool tries whatever comes back to it.
//!
//! May not: ask anything else, or change anything.

use super::backend::session;
use crate::domain::{RegistryId, Revision};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, ConnectOptions, Connection, Row};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

const HOW_FAR: &str = "SELECT registry_id, revision FROM registry_state WHERE id = 1";
/// Another one if it was restarted, or if another server has taken its place.
const WHICH_SERVER: &str = "SELECT CAST(pg_postmaster_start_time() AS text)";
/// How long a connection is used: a name, or a proxy, may lead somewhere else by then.
const AGE: Duration = Duration::from_secs(60);

/// Asks. There is no connection before the first question, nor after one that was not answered.
#[derive(Debug)]
pub(super) struct Asker {
    options: PgConnectOptions,
    connection: Option<(PgConnection, Instant)>,
    /// Who answered last.
    server: Option<String>,
}

/// What was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) registry: RegistryId,
    pub(super) revision: Revision,
    /// It was not told by whoever told it before: it may have lost what that one had.
    pub(super) by_another: bool,
}

impl Asker {
    pub(super) fn of(url: &str) -> Result<Self, sqlx::Error> {
        let options = url.parse::<PgConnectOptions>()?.application_name("model-registry-cache").disable_statement_logging();
        Ok(Self { options: session(options, "15s"), connection: None, server: None })
    }

    /// Which registry it is, and how far it has come. If the answer is not waited for, the connection is gone, and the next question
    /// makes another.
    pub(super) async fn how_far(&mut self) -> Result<Told, sqlx::Error> {
        let (mut connection, since, server) = match self.connection.take() {
            Some((connection, since)) if since.elapsed() < AGE => (connection, since, self.server.clone()),
            Some(_) | None => {
                let mut connection = PgConnection::connect_with(&self.options).await?;
                let server = sqlx::query_scalar(WHICH_SERVER).fetch_one(&mut connection).await?;
                (connection, Instant::now(), Some(server))
            }
        };
        let row = sqlx::query(HOW_FAR).fetch_one(&mut connection).await?;
        let (registry, revision): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
        self.connection = Some((connection, since));
        let by_another = self.server.is_some() && self.server != server;
        self.server = server;
        Ok(Told { registry: registry.into(), revision: Revision::new(revision), by_another })
    }
}

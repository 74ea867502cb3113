//! Artifacts whose bytes the registry holds, or held, made behind the server's back.

use crate::{Database, Harness};
use registry_client::Artifact;
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

/// A UUID as the database keeps it.
fn literal(registry: &Harness, id: Uuid) -> String {
    match registry.database {
        Database::Sqlite => format!("X'{}'", id.simple()),
        Database::Postgres => format!("'{id}'"),
    }
}

/// From now on these artifacts have these bytes, which no others have, and are in this state.
///
/// # Panics
/// If the database cannot be told so.
pub async fn give(registry: &Harness, content: Uuid, artifacts: &[&Artifact], state: &str) {
    let (id, hash) = (literal(registry, content), format!("{:064x}", content.as_u128()));
    let insert = "INSERT INTO contents (id, sha256, size_bytes, chunk_digests, state, create_time)";
    let mut statements = vec![format!("{insert} VALUES ({id}, '{hash}', 7, '', 'STORED', 1)")];
    statements.extend(artifacts.iter().map(|artifact| {
        let artifact = literal(registry, artifact.id.parse().expect("a UUID"));
        format!("UPDATE artifacts SET content_state = '{state}', content_id = {id} WHERE id = {artifact}")
    }));
    let db = registry.sql().await;
    for sql in statements {
        db.execute_unprepared(&sql).await.expect("a statement that works");
    }
    db.close().await.expect("a connection that closes");
}

/// Since when no artifact has these bytes, in microseconds; `None` if one has.
///
/// # Panics
/// If they are not there.
pub async fn orphan_time(registry: &Harness, content: Uuid) -> Option<i64> {
    let db = registry.sql().await;
    let sql = format!("SELECT orphan_time FROM contents WHERE id = {}", literal(registry, content));
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("an answer");
    db.close().await.expect("a connection that closes");
    row.expect("the bytes").try_get_by_index(0).expect("a time, or none")
}

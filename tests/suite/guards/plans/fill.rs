//! A database that is large enough for its planner to mean what it says: rows made by a few statements, behind the server's back.

use registry_tests::Database;
use sea_orm::{ConnectionTrait, DatabaseConnection};

/// How many models there are. Each has ten releases, of which one is production and each runs somewhere.
const MODELS: u32 = 3_000;
const RELEASES: u32 = 10 * MODELS;

/// Fills it, and lets PostgreSQL look at what there is. (SQLite plans without having looked: the server never lets it.)
pub(super) async fn fill(database: Database, db: &DatabaseConnection) {
    for statement in statements(Dialect(database)) {
        db.execute_unprepared(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    if database == Database::Postgres {
        db.execute_unprepared("ANALYZE").await.expect("statistics");
    }
}

/// What the databases spell differently.
#[derive(Clone, Copy)]
struct Dialect(Database);

impl Dialect {
    /// An id of a kind, made of a number.
    fn id(self, kind: u8, number: &str) -> String {
        match self.0 {
            Database::Sqlite => format!("unhex(printf('0000000000007000800{kind}%012x', {number}))"),
            Database::Postgres => {
                format!("('00000000-0000-7000-800{kind}-' || lpad(to_hex(({number})::bigint), 12, '0'))::uuid")
            }
        }
    }

    fn bytes(self, number: &str) -> String {
        match self.0 {
            Database::Sqlite => format!("unhex(printf('%064x', {number}))"),
            Database::Postgres => format!("decode(lpad(to_hex(({number})::bigint), 64, '0'), 'hex')"),
        }
    }

    /// A digest that is made of a number, as [`registry_tests::given::digest`] makes it of less than ten.
    fn digest(self, number: &str) -> String {
        match self.0 {
            Database::Sqlite => format!("'sha256:' || printf('%064d', {number})"),
            Database::Postgres => format!("'sha256:' || lpad(({number})::text, 64, '0')"),
        }
    }

    const fn no(self) -> &'static str {
        match self.0 {
            Database::Sqlite => "0",
            Database::Postgres => "FALSE",
        }
    }
}

/// One row for each number from 0 on.
fn insert(rows: u32, table: &str, columns: &str, values: &str) -> String {
    let numbers = format!("WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {rows})");
    format!("{numbers} INSERT INTO {table} ({columns}) SELECT {values} FROM numbers")
}

/// The models and releases have creation times of their own, and everything that they are filtered by some hundred values, so that none is
/// in most rows.
fn statements(dialect: Dialect) -> Vec<String> {
    let (model, release, of_model) = (dialect.id(1, "n"), dialect.id(2, "n"), dialect.id(1, "n / 10"));
    let (hash, no, digest) = (dialect.bytes("n"), dialect.no(), dialect.digest("n"));
    vec![
        insert(
            MODELS,
            "models",
            "id, name, storage_path, company, base_model, server_type, task, source, create_time, update_time, revision, created_by, updated_by",
            &format!(
                "{model}, 'model-' || n, 's3://m', 'company-' || (n % 300), 'base-' || (n % 300), 'server-' || (n % 300), 'task-' || (n % 300), 'MANUAL', n, n, 1, 'a', 'a'"
            ),
        ),
        insert(MODELS * 2, "model_tags", "model_id, tag", &format!("{}, 'tag-' || (n % 601)", dialect.id(1, "n / 2"))),
        insert(MODELS, "model_labels", "model_id, key, value, value_hash", &format!("{model}, 'key-' || (n % 300), 'v', 1")),
        insert(
            RELEASES,
            "releases",
            "id, model_id, number, version, tag, digest, state, create_time, update_time, revision, created_by, updated_by",
            &format!(
                "{release}, {of_model}, 1 + n % 10, '1.' || (n % 10), 'tag-' || (n % 3001), {digest}, 'ACTIVE', n, n, 1, 'a', 'a'"
            ),
        ),
        format!("UPDATE releases SET base_release_id = {} WHERE number > 1 AND number < 4", dialect.id(2, "0 + number")),
        insert(
            RELEASES,
            "release_labels",
            "release_id, key, value, value_hash",
            &format!("{release}, 'key-' || (n % 300), 'v', 1"),
        ),
        insert(
            MODELS,
            "release_aliases",
            "model_id, alias, release_id, create_time, update_time, updated_by, revision",
            &format!("{model}, 'production', {}, n, n, 'a', 1", dialect.id(2, "n * 10")),
        ),
        insert(
            RELEASES,
            "release_alias_moves",
            "model_id, alias, revision, move_time, moved_by, to_release_id",
            &format!("{of_model}, 'production', 1 + n, n, 'a', {release}"),
        ),
        insert(
            RELEASES,
            "artifacts",
            "id, model_id, release_id, name, artifact_type, file_path, file_path_hash, size_bytes, checksum, content_state, create_time, update_time, revision, created_by",
            &format!(
                "{}, {of_model}, {release}, 'file-' || n, 'type-' || (n % 300), 's3://f/' || n, {hash}, 1, {digest}, 'EXTERNAL', n, n, 1, 'a'",
                dialect.id(3, "n")
            ),
        ),
        insert(
            RELEASES,
            "deployments",
            "id, model_id, release_id, environment, cluster, k8s_namespace, kind, state, health, deployed_by, deploy_time, create_time, update_time, revision",
            &format!(
                "{}, {of_model}, {release}, 'environment-' || (n % 300), 'cluster-' || (n % 300), 'namespace-' || (n % 300), 'METADATA', 'RUNNING', 'UNKNOWN', 'somebody-' || (n % 300), n, n, n, 1",
                dialect.id(4, "n")
            ),
        ),
        insert(
            MODELS,
            "api_keys",
            "id, name, role, state, secret_hash, create_time, update_time, revision",
            &format!("{}, 'key-' || n, 'VIEWER', 'REVOKED', {hash}, n, n, 1", dialect.id(5, "n")),
        ),
        insert(
            RELEASES,
            "audit_entries",
            "id, create_time, method, code, actor, api_key_id, resource_kind, resource_id, request_id",
            &format!(
                "{}, n, 'method-' || (n % 300), n % 2, 'actor-' || (n % 300), {}, 'MODEL', 'id-' || n, 'r'",
                dialect.id(6, "n"),
                dialect.id(5, "n % 300")
            ),
        ),
        insert(
            RELEASES,
            "events",
            "revision, position, last_in_revision, event_type, event_time, resource_kind, resource_id, resource_name, model_id, actor, request_id",
            &format!(
                "1000 + n, 0, {no}, 'CREATED', n, 'RELEASE', 'id-' || n, 'model-' || (n / 10) || ':1', {of_model}, 'a', 'r'"
            ),
        ),
        format!("UPDATE registry_state SET revision = {}", 1000 + RELEASES),
    ]
}

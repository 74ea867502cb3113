//! The database keeps the contract by itself, whoever writes to it.

use registry_migration::{Migrator, MigratorTrait};
use registry_tests::{Database, Fresh, on_every_database};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, Statement};

/// Why a database refused a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Null,
    Check,
    TooLong,
    NotJson,
    Taken,
    Nowhere,
}

/// By the codes of both databases. SQLite has no lengths and no JSON type: CHECKs stand in for them.
fn refusal(database: Database, error: &DbErr) -> Refusal {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        panic!("no refusal: {error}")
    };
    let code = cause.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    match (database, code.as_ref()) {
        (Database::Sqlite, "1299") | (Database::Postgres, "23502") => Refusal::Null,
        (Database::Sqlite, "275") | (Database::Postgres, "23514") => Refusal::Check,
        (Database::Sqlite, "1555" | "2067") | (Database::Postgres, "23505") => Refusal::Taken,
        (Database::Sqlite, "787") | (Database::Postgres, "23503") => Refusal::Nowhere,
        (Database::Postgres, "22001") => Refusal::TooLong,
        (Database::Postgres, "22P02") => Refusal::NotJson,
        (_, code) => panic!("refused with the code {code:?}: {error}"),
    }
}

/// A migrated database without a server.
pub(super) struct Bare {
    pub(super) database: Database,
    pub(super) db: DatabaseConnection,
    _fresh: Fresh,
}

/// A row with only the columns that have no default: name and SQL literal.
#[derive(Clone)]
pub(super) struct Row {
    table: &'static str,
    columns: Vec<(&'static str, String)>,
}

pub(super) const MODEL: &str = "00000000-0000-7000-8000-000000000001";
const RELEASE: &str = "00000000-0000-7000-8000-000000000002";
const OTHER: &str = "00000000-0000-7000-8000-000000000003";
const ARTIFACT: &str = "00000000-0000-7000-8000-000000000004";
const CONTENT: &str = "00000000-0000-7000-8000-000000000005";

impl Row {
    pub(super) fn model() -> Self {
        let own = [("id", format!("'{MODEL}'")), ("name", "'erik'".to_owned()), ("storage_path", "'s3://erik'".to_owned())];
        Self { table: "models", columns: own.into_iter().chain(lifecycle()).collect() }
    }

    pub(super) fn release() -> Self {
        let own = [
            ("id", format!("'{RELEASE}'")),
            ("model_id", format!("'{MODEL}'")),
            ("number", "1".to_owned()),
            ("version", "'1.0'".to_owned()),
            ("tag", "'1.0'".to_owned()),
            ("digest", format!("'sha256:{:064}'", 0)),
            ("state", "'ACTIVE'".to_owned()),
        ];
        Self { table: "releases", columns: own.into_iter().chain(lifecycle()).collect() }
    }

    /// Of the model as a whole, and elsewhere.
    pub(super) fn artifact() -> Self {
        let own = [
            ("id", format!("'{ARTIFACT}'")),
            ("model_id", format!("'{MODEL}'")),
            ("name", "'erik.whl'".to_owned()),
            ("artifact_type", "'wheel'".to_owned()),
            ("file_path", "'s3://erik.whl'".to_owned()),
            ("file_path_hash", "'a'".to_owned()),
            ("size_bytes", "0".to_owned()),
            ("checksum", format!("'sha256:{:064}'", 0)),
            ("content_state", "'EXTERNAL'".to_owned()),
        ];
        let lifecycle = lifecycle().filter(|(name, _)| *name != "updated_by");
        Self { table: "artifacts", columns: own.into_iter().chain(lifecycle).collect() }
    }

    fn content() -> Self {
        let own = [
            ("id", format!("'{CONTENT}'")),
            ("sha256", format!("'{:064}'", 0)),
            ("size_bytes", "0".to_owned()),
            ("chunk_digests", "''".to_owned()),
            ("state", "'STORED'".to_owned()),
            ("create_time", "1".to_owned()),
        ];
        Self { table: "contents", columns: own.into() }
    }

    /// The id, as a literal, of bytes that are there from now on.
    pub(super) async fn content_of_artifact(bare: &Bare) -> String {
        bare.insert(&Self::content()).await.expect("bytes");
        format!("'{CONTENT}'")
    }

    pub(super) fn deployment() -> Self {
        let own = [
            ("id", format!("'{OTHER}'")),
            ("model_id", format!("'{MODEL}'")),
            ("release_id", format!("'{RELEASE}'")),
            ("environment", "'production'".to_owned()),
            ("kind", "'METADATA'".to_owned()),
            ("state", "'RUNNING'".to_owned()),
            ("health", "'UNKNOWN'".to_owned()),
            ("deploy_time", "1".to_owned()),
            ("create_time", "1".to_owned()),
            ("update_time", "1".to_owned()),
            ("revision", "1".to_owned()),
        ];
        Self { table: "deployments", columns: own.into_iter().collect() }
    }

    /// With another literal in a column, or with one more column.
    pub(super) fn with(mut self, name: &'static str, literal: impl Into<String>) -> Self {
        self.columns.retain(|(column, _)| *column != name);
        self.columns.push((name, literal.into()));
        self
    }

    fn sql(&self) -> String {
        let (names, literals): (Vec<_>, Vec<_>) = self.columns.iter().map(|(name, literal)| (*name, literal.as_str())).unzip();
        format!("INSERT INTO {} ({}) VALUES ({})", self.table, names.join(", "), literals.join(", "))
    }
}

fn lifecycle() -> impl Iterator<Item = (&'static str, String)> {
    let actor = "'nobody'";
    [("create_time", "1"), ("update_time", "1"), ("revision", "1"), ("created_by", actor), ("updated_by", actor)]
        .into_iter()
        .map(|(name, literal)| (name, literal.to_owned()))
}

impl Bare {
    pub(super) async fn new(database: Database) -> Self {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        Migrator::up(&db, None).await.expect("a migrated database");
        Self { database, db, _fresh: fresh }
    }

    pub(super) async fn insert(&self, row: &Row) -> Result<(), Refusal> {
        self.run(&row.sql()).await
    }

    pub(super) async fn run(&self, sql: &str) -> Result<(), Refusal> {
        self.db.execute_unprepared(sql).await.map(drop).map_err(|error| refusal(self.database, &error))
    }

    /// Inserts and takes back: the next row may have the same keys.
    pub(super) async fn try_insert(&self, row: &Row) -> Result<(), Refusal> {
        self.insert(row).await?;
        self.run(&format!("DELETE FROM {}", row.table)).await
    }

    async fn text(&self, sql: &str) -> String {
        let row = self.db.query_one_raw(Statement::from_string(self.db.get_database_backend(), sql)).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// One and the same on PostgreSQL; a CHECK on SQLite.
    fn or_check(&self, refusal: Refusal) -> Refusal {
        if self.database == Database::Sqlite { Refusal::Check } else { refusal }
    }
}

on_every_database! {
    /// The defaults are the database's, not only the program's.
    async fn a_model_has_the_defaults_of_the_contract(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model()).await.unwrap();
        assert_eq!(bare.text("SELECT CAST(metadata AS text) FROM models").await, "{}");
        assert_eq!(bare.text("SELECT CASE WHEN is_custom_base_model THEN 'true' ELSE 'false' END FROM models").await, "false");
        assert_eq!(bare.text("SELECT source FROM models").await, "MANUAL");
        assert_eq!(bare.text("SELECT CAST(last_release_number AS text) FROM models").await, "0");
    }

    /// A release is for linux/amd64 and has no quantization unless it says otherwise.
    async fn a_release_has_the_defaults_of_the_contract(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model()).await.unwrap();
        bare.insert(&Row::release()).await.unwrap();
        assert_eq!(bare.text("SELECT CAST(metadata AS text) FROM releases").await, "{}");
        assert_eq!(bare.text("SELECT quantization FROM releases").await, "");
        assert_eq!(bare.text("SELECT platform FROM releases").await, "linux/amd64");
    }

    /// NULL, nothing, and one character too many; characters are counted, not bytes.
    async fn a_storage_path_is_there_and_fits(database: Database) {
        let bare = Bare::new(database).await;
        let path = |literal: String| Row::model().with("storage_path", literal);
        assert_eq!(bare.insert(&path("NULL".to_owned())).await, Err(Refusal::Null));
        assert_eq!(bare.insert(&path("''".to_owned())).await, Err(Refusal::Check));
        assert_eq!(bare.insert(&path(format!("'{}'", "ü".repeat(1001)))).await, Err(bare.or_check(Refusal::TooLong)));
        assert_eq!(bare.insert(&path(format!("'{}'", "ü".repeat(1000)))).await, Ok(()));
    }

    /// NULL and '' are two values of an optional text, and both are kept.
    async fn nothing_and_empty_are_two_values(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model().with("repository", "''").with("company", "NULL")).await.unwrap();
        assert_eq!(bare.text("SELECT CASE WHEN repository = '' AND company IS NULL THEN 'kept' ELSE 'lost' END FROM models").await, "kept");
    }

    /// A name and an id are taken once.
    async fn a_name_is_taken_once(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model()).await.unwrap();
        assert_eq!(bare.insert(&Row::model().with("id", format!("'{OTHER}'"))).await, Err(Refusal::Taken));
        assert_eq!(bare.insert(&Row::model().with("name", "'erika'")).await, Err(Refusal::Taken));
        assert_eq!(bare.insert(&Row::model().with("id", format!("'{OTHER}'")).with("name", "'erika'")).await, Ok(()));
    }

    /// No quantization is a quantization: the key does not let twins in. A number is given once, too.
    async fn a_release_has_no_twin(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model()).await.unwrap();
        bare.insert(&Row::release()).await.unwrap();
        let second = Row::release().with("id", format!("'{OTHER}'"));
        assert_eq!(bare.insert(&second.clone().with("number", "2")).await, Err(Refusal::Taken));
        assert_eq!(bare.insert(&second.clone().with("quantization", "'int4'")).await, Err(Refusal::Taken));
        assert_eq!(bare.insert(&second.clone().with("number", "2").with("quantization", "NULL")).await, Err(Refusal::Null));
        assert_eq!(bare.insert(&second.with("number", "2").with("quantization", "'int4'")).await, Ok(()));
    }

    /// No two live artifacts of one parent have one name, and none of the registry one path. What is deleted is in nobody's way.
    async fn a_live_artifact_has_no_twin(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model()).await.unwrap();
        bare.insert(&Row::release()).await.unwrap();
        let of_release = |row: Row| row.with("release_id", format!("'{RELEASE}'"));
        let second = || Row::artifact().with("id", format!("'{OTHER}'")).with("file_path_hash", "'b'");
        let deleted = |row: Row| row.with("delete_time", "1").with("purge_time", "2");
        bare.insert(&Row::artifact()).await.unwrap();
        assert_eq!(bare.insert(&second()).await, Err(Refusal::Taken));
        assert_eq!(bare.insert(&second().with("name", "'other'").with("file_path_hash", "'a'")).await, Err(Refusal::Taken));
        for fine in [second().with("name", "'other'"), of_release(second()), deleted(second().with("file_path_hash", "'a'"))] {
            assert_eq!(bare.try_insert(&fine).await, Ok(()));
        }
        bare.run("DELETE FROM artifacts").await.unwrap();
        bare.insert(&of_release(Row::artifact())).await.unwrap();
        assert_eq!(bare.insert(&of_release(second())).await, Err(Refusal::Taken));
        assert_eq!(bare.insert(&of_release(second().with("name", "'other'").with("file_path_hash", "'a'"))).await, Err(Refusal::Taken));
        for fine in [of_release(second().with("name", "'other'")), second(), of_release(deleted(second().with("file_path_hash", "'a'")))] {
            assert_eq!(bare.try_insert(&fine).await, Ok(()));
        }
    }

    /// An artifact is elsewhere, or it has bytes here, or it had; and equal bytes are here once.
    async fn what_is_here_has_bytes(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model()).await.unwrap();
        let with = |state: &str, content: &str| Row::artifact().with("content_state", state).with("content_id", content);
        assert_eq!(bare.insert(&with("'STORED'", "NULL")).await, Err(Refusal::Check));
        assert_eq!(bare.insert(&with("'STORED'", &format!("'{OTHER}'"))).await, Err(Refusal::Nowhere));
        let content = Row::content_of_artifact(&bare).await;
        assert_eq!(bare.insert(&with("'EXTERNAL'", &content)).await, Err(Refusal::Check));
        for (state, content) in [("'STORED'", &*content), ("'LOST'", &*content), ("'LOST'", "NULL"), ("'EXTERNAL'", "NULL")] {
            assert_eq!(bare.try_insert(&with(state, content)).await, Ok(()), "{state} {content}");
        }
        let again = |id: &str| Row::content().with("id", format!("'{id}'"));
        assert_eq!(bare.insert(&again(OTHER)).await, Err(Refusal::Taken));
        for (id, state) in [(OTHER, "'LOST'"), (ARTIFACT, "'CONDEMNED'")] {
            assert_eq!(bare.insert(&again(id).with("state", state)).await, Ok(()), "{state}");
        }
        assert_eq!(bare.insert(&again(RELEASE).with("state", "'OTHER'")).await, Err(Refusal::Check));
        bare.insert(&with("'STORED'", &content)).await.unwrap();
        assert_eq!(bare.run("DELETE FROM contents").await, Err(Refusal::Nowhere));
        assert_eq!(bare.run("DELETE FROM models").await, Err(Refusal::Nowhere));
    }

    /// A release, a tag and a label belong to something that exists, and what has a release stays.
    async fn nothing_hangs_in_the_air(database: Database) {
        let bare = Bare::new(database).await;
        assert_eq!(bare.insert(&Row::release()).await, Err(Refusal::Nowhere));
        assert_eq!(bare.run(&format!("INSERT INTO model_tags (model_id, tag) VALUES ('{MODEL}', 'chat')")).await, Err(Refusal::Nowhere));
        let label = format!("INSERT INTO release_labels (release_id, key, value, value_hash) VALUES ('{RELEASE}', 'k', 'v', 1)");
        assert_eq!(bare.run(&label).await, Err(Refusal::Nowhere));
        bare.insert(&Row::model()).await.unwrap();
        assert_eq!(bare.insert(&Row::release().with("base_release_id", format!("'{OTHER}'"))).await, Err(Refusal::Nowhere));
        bare.insert(&Row::release()).await.unwrap();
        bare.run(&label).await.unwrap();
        assert_eq!(bare.run("DELETE FROM models").await, Err(Refusal::Nowhere));
    }

    /// Only a candidate may lack its digest.
    async fn what_was_built_is_known(database: Database) {
        let bare = Bare::new(database).await;
        bare.insert(&Row::model()).await.unwrap();
        let unbuilt = |state: &str| Row::release().with("digest", "NULL").with("state", state);
        assert_eq!(bare.try_insert(&unbuilt("'CANDIDATE'")).await, Ok(()));
        for state in ["'ACTIVE'", "'DEPRECATED'", "'ARCHIVED'", "'YANKED'"] {
            assert_eq!(bare.insert(&unbuilt(state)).await, Err(Refusal::Check), "{state}");
        }
    }

    /// What is deleted has a day on which it is purged, and nothing else has.
    async fn deletion_and_purge_come_together(database: Database) {
        let bare = Bare::new(database).await;
        assert_eq!(bare.insert(&Row::model().with("delete_time", "1")).await, Err(Refusal::Check));
        assert_eq!(bare.insert(&Row::model().with("purge_time", "1")).await, Err(Refusal::Check));
        bare.insert(&Row::model().with("delete_time", "1").with("purge_time", "2")).await.unwrap();
        assert_eq!(bare.insert(&Row::release().with("delete_time", "1")).await, Err(Refusal::Check));
    }

    /// Documents are JSON.
    async fn a_document_is_json(database: Database) {
        let bare = Bare::new(database).await;
        for column in ["metadata", "training"] {
            assert_eq!(bare.insert(&Row::model().with(column, "'{\"open\": '")).await, Err(bare.or_check(Refusal::NotJson)), "{column}");
            assert_eq!(bare.try_insert(&Row::model().with(column, "'{\"a\": [1, null]}'")).await, Ok(()), "{column}");
        }
        assert_eq!(bare.insert(&Row::model().with("metadata", "NULL")).await, Err(Refusal::Null));
    }

    /// Counts do not go below zero, and numbers begin at one.
    async fn counts_count(database: Database) {
        let bare = Bare::new(database).await;
        assert_eq!(bare.insert(&Row::model().with("last_release_number", "-1")).await, Err(Refusal::Check));
        assert_eq!(bare.insert(&Row::model().with("revision", "-1")).await, Err(Refusal::Check));
        bare.insert(&Row::model()).await.unwrap();
        assert_eq!(bare.insert(&Row::release().with("size_bytes", "-1")).await, Err(Refusal::Check));
        assert_eq!(bare.insert(&Row::release().with("number", "0")).await, Err(Refusal::Check));
        assert_eq!(bare.insert(&Row::release().with("size_bytes", "0")).await, Ok(()));
    }

    /// A database is one registry.
    async fn there_is_one_state(database: Database) {
        let bare = Bare::new(database).await;
        let again = |id: &str| format!("INSERT INTO registry_state (id, registry_id, page_token_key) SELECT {id}, registry_id, page_token_key FROM registry_state");
        assert_eq!(bare.run(&again("2")).await, Err(Refusal::Check));
        assert_eq!(bare.run(&again("1")).await, Err(Refusal::Taken));
        assert_eq!(bare.text("SELECT CAST(revision AS text) FROM registry_state").await, "0");
    }
}

//! A server on a database that is not what it needs does not serve, and says which table and column is to blame.

use registry_client::ErrorReason;
use registry_server::serve::{Server, Settings};
use registry_server::storage::StorageTarget;
use registry_server::store::Target;
use registry_tests::{Database, Fresh, Harness, given, on_every_database, run_sql};
use sea_orm::ConnectionTrait;
use std::path::{Path, PathBuf};

/// A change behind the server's back, in the words of each database. SQLite cannot change a column, but its own
/// memory of the table can be changed.
struct Tampering {
    sqlite: String,
    postgres: String,
}

/// The same words for both.
fn both(sql: &str) -> Tampering {
    Tampering { sqlite: sql.to_owned(), postgres: sql.to_owned() }
}

fn remembered(table: &str, was: &str, is: &str) -> String {
    format!(
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_master SET sql = replace(sql, '{was}', '{is}') WHERE type = 'table' AND name = '{table}'; \
         PRAGMA writable_schema = RESET"
    )
}

impl Tampering {
    async fn on(self, database: Database) -> Result<Harness, String> {
        let sql = if database == Database::Sqlite { self.sqlite } else { self.postgres };
        let registry = Harness::start(database).await;
        let restarted = registry
            .restart_after(|db| async move {
                db.execute_unprepared(&sql).await.unwrap();
            })
            .await;
        restarted.map_err(|error| error.to_string())
    }

    /// The server refuses, and its sentence holds all of these.
    async fn must_fail(self, database: Database, said: &[&str]) {
        let sentence = self.on(database).await.expect_err("a refusal");
        for words in said {
            assert!(sentence.contains(words), "{words:?} is missing: {sentence}");
        }
    }
}

fn types(database: Database, sqlite: &'static str, postgres: &'static str) -> &'static str {
    if database == Database::Sqlite { sqlite } else { postgres }
}

async fn serve(target: &Target, storage: StorageTarget) -> Result<Server, String> {
    Server::start(target, Settings { storage, ..Harness::settings() }).await.map_err(|error| error.to_string())
}

fn path(fresh: &Fresh) -> PathBuf {
    match fresh.target() {
        Target::Sqlite(path) => path.clone(),
        Target::Postgres(_) => panic!("not a file"),
    }
}

on_every_database! {
    /// Nothing was changed: it starts. What the other tests here see is what they did.
    async fn an_untouched_database_is_served(database: Database) {
        let registry = both("UPDATE registry_state SET revision = revision").on(database).await.unwrap();
        given::model(&registry, "erik").await;
        registry.stop().await;
    }

    async fn a_column_that_accepts_null_is_refused(database: Database) {
        let tampering = Tampering {
            sqlite: remembered("models", "\"storage_path\" varchar(1000) NOT NULL", "\"storage_path\" varchar(1000)"),
            postgres: "ALTER TABLE models ALTER COLUMN storage_path DROP NOT NULL".to_owned(),
        };
        tampering.must_fail(database, &["table `models`, column `storage_path`: expected NOT NULL, found it to accept NULL"]).await;
    }

    async fn a_column_that_refuses_null_is_refused(database: Database) {
        let tampering = Tampering {
            sqlite: remembered("models", "\"repository\" varchar(500) NULL", "\"repository\" varchar(500) NOT NULL"),
            postgres: "ALTER TABLE models ALTER COLUMN repository SET NOT NULL".to_owned(),
        };
        tampering.must_fail(database, &["table `models`, column `repository`: expected to accept NULL, found NOT NULL"]).await;
    }

    async fn a_column_of_another_type_is_refused(database: Database) {
        let tampering = Tampering {
            sqlite: remembered("releases", "\"mlflow_url\" varchar(1000)", "\"mlflow_url\" varchar(255)"),
            postgres: "ALTER TABLE releases ALTER COLUMN mlflow_url TYPE varchar(255)".to_owned(),
        };
        let expected = types(database, "expected type varchar(1000), found varchar(255)", "expected type character varying(1000), found character varying(255)");
        tampering.must_fail(database, &["table `releases`, column `mlflow_url`: ", expected]).await;
    }

    async fn a_renamed_column_is_refused(database: Database) {
        both("ALTER TABLE models RENAME COLUMN company TO firm").must_fail(database, &["table `models`, column `company`: is missing"]).await;
    }

    async fn a_dropped_column_is_refused(database: Database) {
        both("ALTER TABLE releases DROP COLUMN state_reason").must_fail(database, &["table `releases`, column `state_reason`: is missing"]).await;
    }

    async fn a_dropped_unique_index_is_refused(database: Database) {
        both("DROP INDEX uq_models_name").must_fail(database, &["table `models`: the unique key on (name) is missing"]).await;
    }

    /// Without it a release could have a twin.
    async fn a_dropped_natural_key_is_refused(database: Database) {
        let sentence = "table `releases`: the unique key on (model_id, version, quantization, platform) is missing";
        both("DROP INDEX uq_releases_model_id_version_quantization_platform").must_fail(database, &[sentence]).await;
    }

    /// An index over fewer columns, or one that does not cover every row, is another key.
    async fn another_unique_index_does_not_stand_in(database: Database) {
        let tampering = both("DROP INDEX uq_releases_model_id_number; CREATE UNIQUE INDEX partly ON releases (model_id, number) WHERE number > 5");
        tampering.must_fail(database, &["table `releases`: the unique key on (model_id, number) is missing"]).await;
    }

    /// The server could not write a row.
    async fn a_new_column_that_must_be_filled_is_refused(database: Database) {
        let tampering = Tampering {
            sqlite: format!("ALTER TABLE models ADD COLUMN owner varchar(10); {}", remembered("models", "owner varchar(10)", "owner varchar(10) NOT NULL")),
            postgres: "ALTER TABLE models ADD COLUMN owner varchar(10) NOT NULL".to_owned(),
        };
        tampering.must_fail(database, &["table `models`, column `owner`: expected no such column, found one that is NOT NULL without a default"]).await;
    }

    async fn a_dropped_table_is_refused(database: Database) {
        both("DROP TABLE model_tags").must_fail(database, &["table `model_tags` is missing"]).await;
    }

    /// Whoever mends a database wants to hear everything at once.
    async fn everything_is_told_at_once(database: Database) {
        let tampering = both("DROP TABLE model_tags; ALTER TABLE models RENAME COLUMN task TO job; DROP INDEX uq_models_name");
        tampering.must_fail(database, &["table `model_tags` is missing", "column `task`: is missing", "key on (name) is missing"]).await;
    }

    /// A newer release may have expanded the schema already: rows can still be written.
    async fn what_is_not_in_the_way_is_tolerated(database: Database) {
        let tampering = both(
            "ALTER TABLE models ADD COLUMN owner varchar(10); \
             ALTER TABLE models ADD COLUMN score bigint NOT NULL DEFAULT 7; \
             CREATE TABLE notes (id bigint PRIMARY KEY, text varchar(10) NOT NULL); \
             CREATE INDEX more ON models (company, name)",
        );
        let registry = tampering.on(database).await.unwrap();
        let created = given::model(&registry, "erik").await;
        assert_eq!(registry.client.get_model("erik").send().await.unwrap(), created);
        let twin = registry.client.create_model("erik", "elsewhere").send().await.unwrap_err();
        assert_eq!(twin.reason(), Some(ErrorReason::ModelAlreadyExists));
        registry.stop().await;
    }

    /// What somebody wrote beside it is no part of it. (SQLite remembers the very text.)
    async fn comments_are_tolerated(database: Database) {
        let tampering = both(
            "ALTER TABLE models ADD COLUMN owner varchar(10) /* the team's owner, CHECK (not) */; \
             ALTER TABLE models ADD COLUMN score -- don't, (count\n bigint",
        );
        let registry = tampering.on(database).await.unwrap();
        given::model(&registry, "erik").await;
        registry.stop().await;
    }

    /// An older server would not know what a newer one wrote.
    async fn a_newer_database_is_refused(database: Database) {
        let tampering = both("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_tomorrow', 0)");
        tampering.must_fail(database, &["newer than this server", "`m29991231_000001_tomorrow`"]).await;
    }
}

/// Starts a server on a file that is not a registry's; gives its sentence and whether the file is what it was.
async fn refused_file(database: &Path) -> (String, bool) {
    let before = std::fs::read(database).unwrap();
    let target = Target::Sqlite(database.to_path_buf());
    // Refused before it comes to its storage, which it could not make.
    let sentence = serve(&target, Harness::settings().storage).await.expect_err("a refusal");
    (sentence, std::fs::read(database).unwrap() == before)
}

/// Another program's database is left alone, to the byte.
#[tokio::test]
async fn another_programs_database_is_refused_and_unchanged() {
    let fresh = Database::Sqlite.fresh().await;
    let db = fresh.connect().await;
    db.execute_unprepared("CREATE TABLE bookmarks (url text); INSERT INTO bookmarks VALUES ('https://example.org')")
        .await
        .unwrap();
    db.close().await.unwrap();
    let (sentence, unchanged) = refused_file(&path(&fresh)).await;
    assert!(sentence.contains("bookmarks") && sentence.contains("not a registry's"), "{sentence}");
    assert!(unchanged, "the file was changed");
}

/// Also if that program notes its migrations as this one does, in a table of that name.
#[tokio::test]
async fn a_database_of_another_program_with_migrations_is_refused_and_unchanged() {
    let fresh = Database::Sqlite.fresh().await;
    run_sql(
        &format!("{}?mode=rwc", fresh.url()),
        "CREATE TABLE seaql_migrations (version varchar NOT NULL PRIMARY KEY, applied_at bigint NOT NULL); CREATE TABLE cakes (id integer); \
         INSERT INTO seaql_migrations VALUES ('m20220101_000001_cakes', 0)",
    )
    .await;
    let (sentence, unchanged) = refused_file(&path(&fresh)).await;
    assert!(sentence.contains("cakes") && sentence.contains("not a registry's"), "{sentence}");
    assert!(unchanged, "the file was changed");
}

/// What a newer release has migrated is not even turned to another journal.
#[tokio::test]
async fn a_newer_database_is_refused_and_unchanged() {
    let registry = Harness::start(Database::Sqlite).await;
    let fresh = registry.fresh().again();
    registry.stop().await;
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_tomorrow', 0); PRAGMA journal_mode = DELETE";
    run_sql(&fresh.url(), newer).await;
    let (sentence, unchanged) = refused_file(&path(&fresh)).await;
    assert!(sentence.contains("newer than this server"), "{sentence}");
    assert!(unchanged, "the file was changed");
}

/// So is one in WAL mode whose program has died: what it had not moved into its file yet is still its own to recover.
#[tokio::test]
async fn another_programs_unfinished_database_is_refused_and_unchanged() {
    let (theirs, copy) = (Database::Sqlite.fresh().await, Database::Sqlite.fresh().await);
    let db = theirs.connect().await;
    db.execute_unprepared("PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url text)").await.unwrap();
    for end in ["db", "db-wal"] {
        std::fs::copy(path(&theirs).with_extension(end), path(&copy).with_extension(end)).unwrap();
    }
    let log = std::fs::read(path(&copy).with_extension("db-wal")).unwrap();
    let (sentence, unchanged) = refused_file(&path(&copy)).await;
    assert!(sentence.contains("bookmarks"), "{sentence}");
    assert!(
        unchanged && !log.is_empty() && std::fs::read(path(&copy).with_extension("db-wal")).unwrap() == log,
        "a file was changed"
    );
}

/// A registry whose server has died with its last writes in the WAL is one to be served, with those writes.
#[tokio::test]
async fn a_file_left_behind_by_a_crash_is_served() {
    let (registry, copy) = (Harness::start(Database::Sqlite).await, Database::Sqlite.fresh().await);
    let created = given::model(&registry, "erik").await;
    let Target::Sqlite(running) = registry.target() else { panic!("not a file") };
    for end in ["db", "db-wal"] {
        std::fs::copy(running.with_extension(end), path(&copy).with_extension(end)).unwrap();
    }
    assert!(std::fs::metadata(path(&copy).with_extension("db-wal")).unwrap().len() > 0, "nothing was left in the WAL");
    let successor = Harness::on(Database::Sqlite, copy).await.unwrap();
    assert_eq!(successor.client.get_model("erik").send().await.unwrap(), created);
    successor.stop().await;
    registry.stop().await;
}

/// A file that is no database is refused by name, and left alone.
#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_unchanged() {
    let fresh = Database::Sqlite.fresh().await;
    std::fs::write(path(&fresh), "Dear diary, ".repeat(1000)).unwrap();
    let (sentence, unchanged) = refused_file(&path(&fresh)).await;
    assert!(sentence.contains("registry.db") && sentence.contains("not a database"), "{sentence}");
    assert!(unchanged, "the file was changed");
}

/// An empty file is what a new database looks like before its first table.
#[tokio::test]
async fn an_empty_file_becomes_a_registry() {
    let fresh = Database::Sqlite.fresh().await;
    std::fs::write(path(&fresh), "").unwrap();
    serve(fresh.target(), fresh.storage()).await.unwrap().stop().await;
}

/// One SQLite file serves one server; when that has stopped, the next one may have it.
#[tokio::test]
async fn a_second_server_on_one_file_is_refused() {
    let registry = Harness::start(Database::Sqlite).await;
    given::model(&registry, "erik").await;
    let sentence = serve(registry.target(), Harness::settings().storage).await.expect_err("a refusal");
    assert!(sentence.contains("another server is using this database"), "{sentence}");
    assert_eq!(registry.client.get_model("erik").send().await.unwrap().name, "erik");
    let registry = registry.restart_after(|_| async {}).await.unwrap();
    assert_eq!(registry.client.get_model("erik").send().await.unwrap().name, "erik");
    registry.stop().await;
}

/// Replicas are started together: one of them migrates, the others wait for it, all serve one registry.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_servers_start_at_once_on_one_empty_schema() {
    let fresh = Database::Postgres.fresh().await;
    let servers = futures::future::join_all((0..5).map(|_| serve(fresh.target(), fresh.storage()))).await;
    let mut registries = std::collections::BTreeSet::new();
    for (number, server) in servers.into_iter().enumerate() {
        let server = server.unwrap();
        let client = registry_tests::keys::admin(format!("http://{}", server.address())).connect().await.unwrap();
        let created = client.create_model(format!("model-{number}"), "s3://m").send().await.unwrap();
        assert_eq!(created.revision, i64::try_from(number).unwrap() + 1);
        registries.insert(client.server_info().send().await.unwrap().registry_id);
        drop(client);
        server.stop().await;
    }
    assert_eq!(registries.len(), 1);
}

//! `registry-server import mlflow`: registries of every era, with every version, alias, stage and tag that is there to be found.

use super::Old;
use registry_client::{Model, ModelView, Release, ReleaseState, ReleaseView};
use registry_server::import::source::Source;
use registry_tests::old::{self, OldFile, all, member, stored};
use registry_tests::{Harness, given, on_every_database};
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::collections::BTreeMap;

/// As MLflow 1.x makes it: no aliases.
const FIRST: [&str; 4] = [
    "CREATE TABLE registered_models (name VARCHAR(256) NOT NULL PRIMARY KEY, creation_time BIGINT, last_updated_time BIGINT, description VARCHAR(5000))",
    "CREATE TABLE model_versions (name VARCHAR(256) NOT NULL, version INTEGER NOT NULL, creation_time BIGINT, last_updated_time BIGINT,
        description VARCHAR(5000), user_id VARCHAR(256), current_stage VARCHAR(20), source VARCHAR(500), run_id VARCHAR(32), status VARCHAR(20),
        status_message VARCHAR(500), run_link VARCHAR(500), PRIMARY KEY (name, version))",
    "CREATE TABLE registered_model_tags (\"key\" VARCHAR(250) NOT NULL, value VARCHAR(5000), name VARCHAR(256) NOT NULL, PRIMARY KEY (\"key\", name))",
    "CREATE TABLE model_version_tags (\"key\" VARCHAR(250) NOT NULL, value TEXT, name VARCHAR(256) NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (\"key\", name, version))",
];

/// What MLflow 2.x has beyond that.
const SECOND: [&str; 2] = [
    "CREATE TABLE registered_model_aliases (alias VARCHAR(256) NOT NULL, version INTEGER NOT NULL, name VARCHAR(256) NOT NULL, PRIMARY KEY (name, alias))",
    "ALTER TABLE model_versions ADD COLUMN storage_location VARCHAR(500)",
];

/// What MLflow 3.x has beyond that.
const THIRD: [&str; 7] = [
    "DROP TABLE registered_models",
    "CREATE TABLE registered_models (name VARCHAR(256) NOT NULL, creation_time BIGINT, last_updated_time BIGINT, description VARCHAR(5000),
        workspace VARCHAR(63) DEFAULT 'default' NOT NULL, PRIMARY KEY (workspace, name))",
    "DROP TABLE model_versions",
    "CREATE TABLE model_versions (name VARCHAR(256) NOT NULL, version INTEGER NOT NULL, creation_time BIGINT, last_updated_time BIGINT,
        description VARCHAR(5000), user_id VARCHAR(256), current_stage VARCHAR(20), source VARCHAR(500), run_id VARCHAR(32), status VARCHAR(20),
        status_message VARCHAR(500), run_link VARCHAR(500), storage_location VARCHAR(500), workspace VARCHAR(63) DEFAULT 'default' NOT NULL,
        PRIMARY KEY (workspace, name, version))",
    "ALTER TABLE registered_model_tags ADD COLUMN workspace VARCHAR(63) DEFAULT 'default' NOT NULL",
    "ALTER TABLE model_version_tags ADD COLUMN workspace VARCHAR(63) DEFAULT 'default' NOT NULL",
    "ALTER TABLE registered_model_aliases ADD COLUMN workspace VARCHAR(63) DEFAULT 'default' NOT NULL",
];

/// Version 1 and 4 are deleted; 2 and 3 were in production one after the other.
const CHURN: [&str; 4] = [
    "INSERT INTO registered_models (name, creation_time, last_updated_time, description) VALUES ('churn', 1700000000001, 1700000009009, 'Who leaves?')",
    "INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id, status, run_link) VALUES
        ('churn', 1, 1700000001001, 1700000001002, NULL, NULL, 'Deleted_Internal', 'REDACTED-SOURCE-PATH', 'REDACTED-RUN-ID', 'READY', 'REDACTED-RUN-LINK'),
        ('churn', 2, 1700000002001, 1700000002002, '', 'ann', 'Production', 's3://b/2', 'run2', 'READY', 'https://mlflow/run/2'),
        ('churn', 3, 1700000003001, 1700000003002, 'Better.', '', 'Production', 's3://b/3', NULL, 'FAILED_REGISTRATION', NULL),
        ('churn', 4, 1700000004001, 1700000004002, NULL, NULL, 'Deleted_Internal', 'REDACTED-SOURCE-PATH', 'REDACTED-RUN-ID', 'READY', 'REDACTED-RUN-LINK')",
    "INSERT INTO registered_model_tags (\"key\", value, name) VALUES ('team', 'growth', 'churn'), ('empty', '', 'churn'), ('none', NULL, 'churn')",
    "INSERT INTO model_version_tags (\"key\", value, name, version) VALUES ('n', '1', 'churn', 1), ('n', '2', 'churn', 2), ('_hidden', 'h', 'churn', 2)",
];

/// One with something in it, for documents.
pub(crate) async fn some() -> OldFile {
    let statements: Vec<&str> = FIRST.into_iter().chain(SECOND).chain(CHURN).collect();
    OldFile::of(&statements).await
}

/// One of the latest era, with a model in the workspace `team-a`.
pub(crate) async fn some_of_a_team() -> OldFile {
    let rows = [
        "INSERT INTO registered_models (name, creation_time, last_updated_time, workspace) VALUES ('team-churn', 1, 2, 'team-a')",
        "INSERT INTO model_versions (name, version, creation_time, last_updated_time, current_stage, source, status, workspace) VALUES
            ('team-churn', 1, 1, 2, 'None', 's3://team/1', 'READY', 'team-a')",
    ];
    let statements: Vec<&str> = FIRST.into_iter().chain(SECOND).chain(THIRD).chain(rows).collect();
    OldFile::of(&statements).await
}

async fn model(registry: &Harness, name: &str) -> Model {
    registry.client.get_model(name).send().await.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The releases of a model, by number.
async fn releases(registry: &Harness, model: &str) -> BTreeMap<i64, Release> {
    let list = registry.client.list_releases().model(model).view(ReleaseView::Full);
    all(list.items()).await.into_iter().map(|release| (release.number, release)).collect()
}

/// The aliases of a model and the number of the release that each points to.
async fn aliases(registry: &Harness, model: &str) -> BTreeMap<String, i64> {
    let numbers: BTreeMap<String, i64> =
        releases(registry, model).await.into_values().map(|release| (release.id, release.number)).collect();
    let aliases = all(registry.client.list_release_aliases().model(model).items()).await;
    aliases.into_iter().map(|alias| (alias.alias, numbers[&alias.release_id])).collect()
}

fn millis(time: &Option<prost_types::Timestamp>) -> i64 {
    let time = time.as_ref().expect("a time");
    time.seconds * 1000 + i64::from(time.nanos) / 1_000_000
}

async fn names(registry: &Harness) -> Vec<String> {
    let mut names: Vec<String> = all(registry.client.list_models().items()).await.into_iter().map(|model| model.name).collect();
    names.sort();
    names
}

on_every_database! {
    /// Of the oldest era: what a version was is what its release is, and the next one gets the number after the highest that ever was.
    async fn versions_become_releases(database: Database) {
        let (old, fresh) = (OldFile::of(&[&FIRST[..], &CHURN[..]].concat()).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "mlflow", &[]).await;
        assert_eq!((imported.code, imported.rows("registered_models")), (Some(0), [1, 1, 0, 0]), "{imported:?}");
        assert_eq!((imported.rows("model_versions"), imported.rows("model_version_tags")), ([4, 2, 0, 2], [3, 2, 0, 1]));
        assert_eq!(imported.rows("registered_model_tags"), [3, 3, 0, 0]);
        let deleted = |table: &str, key: &str| (table.to_owned(), key.to_owned(), "deleted in MLflow".to_owned());
        let mut left = imported.left();
        left.sort();
        assert_eq!(left, [deleted("model_version_tags", "churn/1/n"), deleted("model_versions", "churn/1"), deleted("model_versions", "churn/4")]);

        let registry = Harness::on(database, fresh).await.unwrap();
        let churn = model(&registry, "churn").await;
        assert_eq!((churn.description(), churn.storage_path.as_str(), churn.display_name()), ("Who leaves?", "s3://b/3", "churn"));
        assert_eq!((millis(&churn.create_time), millis(&churn.update_time)), (1_700_000_000_001, 1_700_000_009_009));
        assert_eq!((churn.labels["team"].as_str(), churn.labels["empty"].as_str(), churn.labels.len()), ("growth", "", 2));
        assert!(churn.metadata.as_ref().unwrap().fields.contains_key("legacy.tag.none"));

        let releases = releases(&registry, "churn").await;
        assert_eq!(releases.keys().copied().collect::<Vec<_>>(), [2, 3]);
        let (second, third) = (&releases[&2], &releases[&3]);
        assert_eq!((second.version.as_str(), second.state(), second.digest.as_ref()), ("2", ReleaseState::Candidate, None));
        assert_eq!((second.release_notes.as_deref(), third.release_notes.as_deref()), (Some(""), Some("Better.")));
        assert_eq!((second.storage_path(), third.storage_path()), ("s3://b/2", "s3://b/3"));
        assert_eq!((second.mlflow_url(), third.mlflow_url()), ("https://mlflow/run/2", "models:/churn/3"));
        assert_eq!((second.created_by.as_str(), third.created_by.as_str()), ("ann", "import:mlflow"));
        assert_eq!((millis(&second.create_time), millis(&second.update_time)), (1_700_000_002_001, 1_700_000_002_002));
        assert_eq!((second.labels["n"].as_str(), second.labels["legacy.stage"].as_str()), ("2", "Production"));
        let kept = ["legacy.tag._hidden", "legacy.run_id", "legacy.user_id", "legacy.status"].map(|name| member(&second.metadata, name));
        assert_eq!(kept, [Some("h"), Some("run2"), Some("ann"), Some("READY")]);
        let kept = ["legacy.run_id", "legacy.user_id", "legacy.status"].map(|name| member(&third.metadata, name));
        assert_eq!(kept, [None, Some(""), Some("FAILED_REGISTRATION")]);
        assert_eq!(aliases(&registry, "churn").await, BTreeMap::from([("production".to_owned(), 3)]));
        assert_eq!(imported.changes("stage_as_alias").len(), 1);
        assert_eq!(given::candidate(&registry, "churn", "new").await.number, 5);
        registry.stop().await;
    }

    /// Aliases point where they pointed. Those that point nowhere, and rows of nothing, are told.
    async fn aliases_are_kept_or_told(database: Database) {
        let more = [
            "UPDATE model_versions SET storage_location = 's3://stored/2', source = 'models:/m-1' WHERE version = 2",
            "INSERT INTO registered_model_aliases (alias, version, name) VALUES ('champion', 2, 'churn'), ('Best_One', 3, 'churn'), ('best-one', 2, 'churn'),
                ('production', 2, 'churn'), ('2024', 3, 'churn'), ('gone', 1, 'churn'), ('never', 9, 'churn'), ('lost', 1, 'nobody')",
            "INSERT INTO model_versions (name, version, current_stage, source) VALUES ('nobody', 1, 'None', 's')",
            "INSERT INTO model_version_tags (\"key\", value, name, version) VALUES ('n', '9', 'churn', 9), ('n', '1', 'nobody', 1)",
            "INSERT INTO registered_model_tags (\"key\", value, name) VALUES ('n', '1', 'nobody')",
        ];
        let (old, fresh) = (OldFile::of(&[&FIRST[..], &SECOND[..], &CHURN[..], &more[..]].concat()).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "mlflow", &[]).await;
        assert_eq!((imported.code, imported.rows("registered_model_aliases")), (Some(0), [8, 5, 0, 3]), "{imported:?}");
        assert_eq!((imported.rows("model_versions"), imported.rows("model_version_tags")), ([5, 2, 0, 3], [5, 2, 0, 3]));
        assert_eq!(imported.rows("registered_model_tags"), [4, 3, 0, 1]);
        let registry = Harness::on(database, fresh).await.unwrap();
        let spelled = imported.changes("spelling");
        let changed = |was: &str| spelled.iter().find(|(_, from, _)| from.as_deref() == Some(was)).unwrap().2.clone().unwrap();
        let (best, year) = (changed("Best_One"), changed("2024"));
        assert_eq!((best.starts_with("best-one-"), year.as_str()), (true, "alias-2024"));
        let expected = [("champion", 2), (best.as_str(), 3), ("best-one", 2), ("production", 2), (year.as_str(), 3)];
        assert_eq!(aliases(&registry, "churn").await, expected.into_iter().map(|(alias, number)| (alias.to_owned(), number)).collect());
        let releases = releases(&registry, "churn").await;
        assert_eq!((releases[&2].storage_path(), member(&releases[&2].metadata, "legacy.source")), ("s3://stored/2", Some("models:/m-1")));
        assert!(releases[&3].metadata.as_ref().unwrap().fields.contains_key("legacy.aliases"));
        registry.stop().await;
    }

    /// Several workspaces: each model has the name of its own in front, or only one workspace is imported.
    async fn workspaces(database: Database) {
        let more = [
            "INSERT INTO registered_models (workspace, name, creation_time) VALUES ('team-a', 'churn_a', 1), ('team-a', 'same', 1), ('default', 'same', 1)",
            "INSERT INTO model_versions (workspace, name, version, current_stage, source) VALUES ('team-a', 'same', 1, 'None', 'a'), ('default', 'same', 1, 'None', 'd')",
        ];
        let old = OldFile::of(&[&FIRST[..], &SECOND[..], &THIRD[..], &CHURN[..], &more[..]].concat()).await;
        let fresh = database.fresh().await;
        let imported = old.import(&fresh.url(), "mlflow", &[]).await;
        assert_eq!((imported.code, imported.rows("registered_models")), (Some(0), [4, 4, 0, 0]), "{imported:?}");
        let registry = Harness::on(database, fresh).await.unwrap();
        assert_eq!(names(&registry).await, ["churn", "same", "team-a/churn_a", "team-a/same"]);
        assert_eq!(imported.changes("workspace_in_name").len(), 2);
        let same = model(&registry, "team-a/same").await;
        assert_eq!((same.display_name(), same.storage_path.as_str(), same.labels["legacy.workspace"].as_str()), ("same", "a", "team-a"));
        assert_eq!(model(&registry, "same").await.storage_path, "d");
        registry.stop().await;

        let fresh = database.fresh().await;
        let imported = old.import(&fresh.url(), "mlflow", &["--workspace", "team-a"]).await;
        assert_eq!((imported.rows("registered_models"), imported.rows("model_versions")), ([4, 2, 0, 2], [6, 1, 0, 5]));
        let registry = Harness::on(database, fresh).await.unwrap();
        assert_eq!(names(&registry).await, ["churn_a", "same"]);
        registry.stop().await;
        let fresh = database.fresh().await;
        let imported = old.import(&fresh.url(), "mlflow", &["--workspace", "team-b"]).await;
        assert_eq!(imported.code, Some(1));
        assert!(imported.log.contains("team-b") && imported.log.contains("default, team-a"), "{}", imported.log);
    }

    /// Versions are sorted as numbers wherever they are read from, also across pages.
    async fn versions_are_sorted_as_numbers(database: Database) {
        let (old, fresh) = (Old::empty(database).await, database.fresh().await);
        for sql in &FIRST {
            old.sql(sql).await;
        }
        old.sql("INSERT INTO registered_models (name, creation_time) VALUES ('churn', 1)").await;
        let version = |model: &str, number: u32| format!("('{model}', {number}, 'None', 's3://{number}')");
        let versions = (1..=12).map(|number| version("churn", number)).chain((1..=1200).map(|number| version("nobody", number)));
        let versions = versions.collect::<Vec<_>>().join(", ");
        old.sql(&format!("INSERT INTO model_versions (name, version, current_stage, source) VALUES {versions}")).await;
        let imported = old::import(&fresh.url(), "mlflow", &old.fresh.url(), &[]).await;
        assert_eq!((imported.code, imported.rows("model_versions")), (Some(0), [1212, 12, 0, 1200]), "{}", imported.log);
        let registry = Harness::on(database, fresh).await.unwrap();
        assert_eq!(model(&registry, "churn").await.storage_path, "s3://12");
        registry.stop().await;
    }

    /// What was merged into a model here is not numbered as what was deleted there.
    async fn numbers_are_not_given_again(database: Database) {
        let old = OldFile::of(&[&FIRST[..], &CHURN[..]].concat()).await;
        let registry = Harness::start(database).await;
        given::model(&registry, "churn").await;
        let url = registry.url();
        let mut merged = None;
        let registry = registry.restart_after(|_| async { merged = Some(old.import(&url, "mlflow", &["--on-conflict", "merge"]).await) }).await.unwrap();
        let merged = merged.unwrap();
        assert_eq!((merged.code, merged.rows("model_versions")), (Some(0), [4, 2, 0, 2]), "{merged:?}");
        assert_eq!(given::candidate(&registry, "churn", "new").await.number, 5);
        registry.stop().await;
    }

    /// Prompts are models of MLflow, and of ours if they are asked for.
    async fn prompts_come_if_asked_for(database: Database) {
        let prompt = [
            "INSERT INTO registered_models (name, creation_time) VALUES ('greeting', 1)",
            "INSERT INTO registered_model_tags (\"key\", value, name) VALUES ('mlflow.prompt.is_prompt', 'true', 'greeting')",
            "INSERT INTO model_versions (name, version, current_stage, source) VALUES ('greeting', 1, 'None', 'dummy-source')",
            "INSERT INTO model_version_tags (\"key\", value, name, version) VALUES ('mlflow.prompt.text', 'Hello {{name}}', 'greeting', 1)",
        ];
        let (old, fresh) = (OldFile::of(&[&FIRST[..], &CHURN[..], &prompt[..]].concat()).await, database.fresh().await);
        let url = fresh.url();
        let without = old.import(&url, "mlflow", &[]).await;
        assert_eq!((without.rows("registered_models"), without.rows("model_versions")), ([2, 1, 0, 1], [5, 2, 0, 3]));
        let with = old.import(&url, "mlflow", &["--prompts"]).await;
        assert_eq!((with.rows("registered_models"), with.rows("model_versions")), ([2, 1, 1, 0], [5, 1, 2, 2]));
        let registry = Harness::on(database, fresh).await.unwrap();
        assert_eq!(releases(&registry, "greeting").await[&1].labels["mlflow.prompt.text"], "Hello {{name}}");
        registry.stop().await;
    }

    /// A server that keeps its file in WAL mode and is about to write is neither disturbed nor waited for, and nothing of the file
    /// changes. A second run finds what is new since, and leaves the rest.
    async fn a_live_server_is_read_and_left_alone(database: Database) {
        let (old, fresh) = (OldFile::of(&[&FIRST[..], &CHURN[..]].concat()).await, database.fresh().await);
        let url = fresh.url();
        let live = old.open().await;
        live.execute_unprepared("PRAGMA journal_mode = WAL").await.unwrap();
        live.execute_unprepared("UPDATE registered_models SET description = 'in the WAL'").await.unwrap();
        let bytes = old.bytes();
        let writing = live.begin().await.unwrap();
        writing.execute_unprepared("UPDATE registered_models SET description = 'not committed'").await.unwrap();
        let imported = old.import(&url, "mlflow", &[]).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
        assert_eq!(old.bytes(), bytes);
        writing.commit().await.unwrap();
        let registry = Harness::on(database, fresh).await.unwrap();
        assert_eq!(model(&registry, "churn").await.description(), "in the WAL");
        let before = stored(&registry).await;

        let mut again = None;
        let registry = registry.restart_after(|_| async { again = Some(old.import(&url, "mlflow", &[]).await) }).await.unwrap();
        let again = again.unwrap();
        assert_eq!((again.rows("registered_models"), again.rows("model_versions")), ([1, 0, 1, 0], [4, 0, 2, 2]));
        assert_eq!(stored(&registry).await, before);

        let insert = "INSERT INTO model_versions (name, version, creation_time, current_stage, source) VALUES ('churn', 5, 1700000005001, 'None', 's3://b/5')";
        live.execute_unprepared(insert).await.unwrap();
        let mut later = None;
        let registry = registry.restart_after(|_| async { later = Some(old.import(&url, "mlflow", &[]).await) }).await.unwrap();
        assert_eq!(later.unwrap().rows("model_versions"), [5, 1, 2, 2]);
        assert_eq!(releases(&registry, "churn").await[&5].storage_path(), "s3://b/5");
        registry.stop().await;
    }

    /// Names that are none here, and values for which there is no room, as SQLite lets them be.
    async fn what_nobody_checked(database: Database) {
        let long = "x".repeat(6000);
        let more = [
            "INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES ('two words', 1, 2), ('two-words', 1, 2), ('Привет', NULL, NULL)".to_owned(),
            format!("INSERT INTO registered_model_tags (\"key\", value, name) VALUES ('long', '{long}', 'two words')"),
            format!("INSERT INTO model_versions (name, version, current_stage, source) VALUES ('two words', 7, NULL, '{long}')"),
        ];
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let (old, fresh) = (OldFile::of(&[&FIRST[..], &more[..]].concat()).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "mlflow", &["--dry-run"]).await;
        assert_eq!((imported.code, imported.rows("registered_models")), (Some(0), [3, 3, 0, 0]), "{imported:?}");
        let imported = old.import(&fresh.url(), "mlflow", &[]).await;
        let spelled = imported.changes("name_refused");
        let renamed = spelled.iter().find(|(key, _, _)| key == "two words").unwrap().2.clone().unwrap();
        assert!(renamed.starts_with("two-words-"), "{renamed}");
        assert_eq!(imported.changes("time_unknown").len(), 1);
        let registry = Harness::on(database, fresh).await.unwrap();
        let words = registry.client.get_model(renamed.as_str()).view(ModelView::Full).send().await.unwrap();
        assert_eq!((words.display_name(), words.storage_path.len()), ("two words", 1000));
        assert_eq!(member(&words.metadata, "legacy.tag.long"), Some(long.as_str()));
        let release = &releases(&registry, &renamed).await[&7];
        assert_eq!((member(&release.metadata, "legacy.source"), release.labels.get("legacy.stage")), (Some(long.as_str()), None));
        assert_eq!(model(&registry, "two-words").await.storage_path, "models:/two-words");
        registry.stop().await;
    }
}

/// A server that keeps its file in any other mode goes on as well, while what is read stays what it was; and no copy is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_server_without_a_wal_commits_meanwhile() {
    let old = OldFile::of(&[&FIRST[..], &CHURN[..]].concat()).await;
    let live = old.open().await;
    live.execute_unprepared("PRAGMA journal_mode = DELETE").await.unwrap();
    live.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();
    let source = Source::open(&old.path().display().to_string()).await.unwrap();
    let table = source.table(None, "registered_models", &[]).unwrap().clone();
    live.execute_unprepared("UPDATE registered_models SET name = 'later'").await.unwrap();
    let rows = source.page(&table, &["name"], None).await.unwrap();
    assert_eq!(rows.iter().map(|row| row["name"].as_deref()).collect::<Vec<_>>(), [Some("churn")]);
}

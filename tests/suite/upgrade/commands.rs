//! `registry-server migrate`, and what a server does that is told not to migrate.

use super::{dump, tables, undisturbed};
use registry_server::serve::Settings;
use registry_server::store::Migrating;
#[cfg(feature = "postgres")]
use registry_server::store::{backend::MIGRATION_TRANSACTION_LOCK, schema::Schema};
use registry_tests::binary::{Binary, Exited};
#[cfg(feature = "postgres")]
use registry_tests::wait;
use registry_tests::{Database, Fresh, Harness, frozen, on_every_database, run_sql};
#[cfg(feature = "postgres")]
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use serde_json::Value;
use std::path::Path;
#[cfg(feature = "postgres")]
use std::time::Duration;

async fn migrate(fresh: &Fresh, arguments: &[&str]) -> Exited {
    let directory = tempfile::tempdir().unwrap();
    let command = Binary::in_directory(directory.path()).args(["migrate"]).args(arguments.iter().copied());
    command.env("REGISTRY_DATABASE_URL", &fresh.url()).run().await
}

async fn json(fresh: &Fresh, arguments: &[&str]) -> Value {
    let ended = migrate(fresh, &[arguments, &["--output", "json"]].concat()).await;
    serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {} {}", ended.output, ended.log))
}

fn newest() -> String {
    use registry_migration::{Migrator, MigratorTrait};
    Migrator::migrations().last().unwrap().name().to_owned()
}

async fn frozen_one(database: Database) -> Fresh {
    frozen::load(&frozen::names()[0], database).await
}

fn states(status: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    status["migrations"].as_array().unwrap().iter().map(|row| (word(&row["name"]), word(&row["state"]))).collect()
}

on_every_database! {
    /// What is pending is told and planned, and nothing of it happens until it is asked for.
    async fn what_is_pending_is_told_planned_and_applied(database: Database) {
        let fresh = frozen_one(database).await;
        let status = json(&fresh, &["status"]).await;
        let pending = status["pending"].as_u64().unwrap();
        assert!(pending >= 1, "{status}");
        assert_eq!(states(&status).last().unwrap(), &(newest(), "pending".to_owned()));
        let before = migrate(&fresh, &["plan"]).await;
        assert!(before.output.contains(&format!("-- {}", newest())) && before.output.contains("CREATE TABLE \"imports\""), "{}", before.output);
        let plan = json(&fresh, &["plan"]).await;
        assert_eq!(u64::try_from(plan["migrations"].as_array().unwrap().len()).unwrap(), pending);
        let check = migrate(&fresh, &["check"]).await;
        assert_eq!((check.status.code(), check.output.contains(&format!("`{}` is pending", newest()))), (Some(1), true), "{}", check.output);
        assert_eq!(json(&fresh, &["status"]).await, status, "looking changed something");
        let up = json(&fresh, &["up", "--steps", "1"]).await;
        assert_eq!(up["applied"].as_array().unwrap().len(), 1);
        migrate(&fresh, &["up"]).await;
        let check = migrate(&fresh, &["check"]).await;
        assert!(check.status.success(), "{} {}", check.output, check.log);
        assert_eq!(json(&fresh, &["check"]).await["findings"].as_array().unwrap().len(), 0);
        assert!(migrate(&fresh, &["plan"]).await.output.contains("Nothing is pending"));
        assert_eq!(dump(&fresh).await, undisturbed(database).await);
    }

    /// Undoing says what it would cost and does it only then; doing it again is as if it had not been undone.
    async fn undoing_asks_first(database: Database) {
        let fresh = frozen_one(database).await;
        migrate(&fresh, &["up"]).await;
        let whole = dump(&fresh).await;
        let asked = migrate(&fresh, &["down"]).await;
        assert!(!asked.status.success() && asked.log.contains("would be lost") && asked.log.contains("DROP TABLE \"imports\""), "{}", asked.log);
        assert_eq!(dump(&fresh).await, whole);
        let undone = json(&fresh, &["down", "--yes"]).await;
        assert_eq!(undone["undone"], serde_json::json!([newest()]));
        assert_eq!(states(&json(&fresh, &["status"]).await).last().unwrap().1, "pending");
        migrate(&fresh, &["up"]).await;
        assert_eq!(dump(&fresh).await, whole);
        let all = migrate(&fresh, &["down", "--yes", "--steps", "100"]).await;
        assert!(all.status.success(), "{}", all.log);
        migrate(&fresh, &["up"]).await;
        assert_eq!(dump(&fresh).await, whole);
    }

    /// Also on the database of a release that kept no checksums.
    async fn what_an_older_release_applied_can_be_undone(database: Database) {
        let fresh = frozen_one(database).await;
        let status = json(&fresh, &["status"]).await;
        let before = states(&status);
        let last = before.iter().rposition(|(_, state)| state == "applied").unwrap();
        let undone = migrate(&fresh, &["down", "--yes"]).await;
        assert!(undone.status.success() && undone.output.contains(&before[last].0), "{}", undone.log);
        assert_eq!(states(&json(&fresh, &["status"]).await)[last].1, "pending");
        migrate(&fresh, &["up"]).await;
        assert_eq!(dump(&fresh).await, undisturbed(database).await);
    }

    /// `check` names what is pending, `off` says what is missing; neither changes anything, and both serve what is up to date.
    async fn a_server_that_is_told_not_to_migrate_does_not(database: Database) {
        for (migrating, said) in [(Migrating::Check, format!("`{}`", newest())), (Migrating::Off, "table `imports` is missing".to_owned())] {
            let fresh = frozen_one(database).await;
            let status = json(&fresh, &["status"]).await;
            let start = |settings: &mut Settings| settings.migrating = migrating;
            let refused = Harness::on_with(database, fresh.again(), start).await.expect_err("a refusal").to_string();
            assert!(refused.contains(&said), "{refused}");
            assert_eq!(json(&fresh, &["status"]).await, status);
            migrate(&fresh, &["up"]).await;
            Harness::on_with(database, fresh, start).await.unwrap().stop().await;
        }
    }

    /// The flag says so, and names itself.
    async fn the_flag_is_for_operators(database: Database) {
        let fresh = frozen_one(database).await;
        let directory = tempfile::tempdir().unwrap();
        let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &fresh.url());
        let refused = server.args(["--migrations", "check"]).run().await;
        assert!(refused.log.contains("--migrations=check") && refused.log.contains(&newest()), "{}", refused.log);
    }

    /// A migration that says something else than it did is refused, by name, and nothing is changed.
    async fn an_edited_migration_is_refused(database: Database) {
        let fresh = frozen_one(database).await;
        migrate(&fresh, &["up"]).await;
        let name = "m20261121_000002_releases";
        run_sql(&fresh.url(), &format!("UPDATE migration_checksums SET checksum = 'another' WHERE version = '{name}'")).await;
        let refused = Harness::on(database, fresh.again()).await.expect_err("a refusal").to_string();
        assert!(refused.contains(name) && refused.contains("was changed after"), "{refused}");
        let check = migrate(&fresh, &["check"]).await;
        assert!(!check.status.success() && check.output.contains(name), "{}", check.output);
        let status = migrate(&fresh, &["status"]).await;
        assert!(status.output.contains("edited since"), "{}", status.output);
        for command in [&["up"][..], &["down", "--yes"]] {
            let refused = migrate(&fresh, command).await;
            assert!(!refused.status.success() && refused.log.contains(name), "{}", refused.log);
        }
    }

    /// The database of a release that kept no checksums is given them once, and its own migrations are then held to them.
    async fn checksums_are_adopted_once(database: Database) {
        let fresh = frozen_one(database).await;
        Harness::on(database, fresh.again()).await.unwrap().stop().await;
        let adopted = dump(&fresh).await;
        Harness::on(database, fresh.again()).await.unwrap().stop().await;
        assert_eq!(dump(&fresh).await, adopted);
        assert_eq!(adopted, undisturbed(database).await);
    }

    /// A database of a newer release is left alone by every command that writes.
    async fn a_newer_database_is_not_migrated(database: Database) {
        let fresh = frozen_one(database).await;
        run_sql(&fresh.url(), "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_tomorrow', 0)").await;
        for command in [&["up"][..], &["down", "--yes"], &["check"]] {
            let refused = migrate(&fresh, command).await;
            let said = format!("{}{}", refused.output, refused.log);
            assert!(!refused.status.success() && said.contains("m29991231_000001_tomorrow"), "{said}");
        }
        assert!(migrate(&fresh, &["status"]).await.output.contains("unknown here"));
    }

    /// Looking is possible while a server runs; on SQLite, changing is not.
    async fn looking_does_not_disturb_a_server(database: Database) {
        let registry = Harness::start(database).await;
        let fresh = registry.fresh();
        assert!(migrate(&fresh, &["check"]).await.status.success());
        assert_eq!(json(&fresh, &["status"]).await["pending"], 0);
        let up = migrate(&fresh, &["up"]).await;
        assert_eq!(up.status.success(), database == Database::Postgres, "{}", up.log);
        registry.client.create_model("still-served", "s3://m/").send().await.unwrap();
        registry.stop().await;
    }

    /// The plan is the very statements: said by hand, they make the same tables.
    async fn the_plan_is_what_would_be_run(database: Database) {
        let (fresh, by_hand) = (frozen_one(database).await, frozen_one(database).await);
        let plan = json(&fresh, &["plan"]).await;
        for migration in plan["migrations"].as_array().unwrap() {
            for statement in migration["statements"].as_array().unwrap() {
                run_sql(&by_hand.url(), statement.as_str().unwrap()).await;
            }
        }
        migrate(&fresh, &["up"]).await;
        let (mut run, said) = (tables(&fresh).await, tables(&by_hand).await);
        run.remove("migration_checksums");
        assert_eq!(run, said);
    }
}

/// Nothing is there, and nothing is made by looking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_makes_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("none.db");
    let url = format!("sqlite:{}", file.display());
    for command in ["status", "plan", "check"] {
        let ended = Binary::in_directory(directory.path()).args(["migrate", command, "--database-url", &url]).run().await;
        assert!(!ended.output.is_empty(), "{}", ended.log);
        assert!(!file.exists(), "{command}");
    }
    let plan = Binary::in_directory(directory.path()).args(["migrate", "plan", "--database-url", &url]).run().await;
    assert!(
        plan.output.contains("CREATE TABLE \"models\"") && plan.output.contains("\"page_token_key\") VALUES (?, ?, ?)"),
        "{}",
        plan.output
    );
}

/// Nor is the file of a server that has stopped another one afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_changes_no_file() {
    let registry = Harness::start(Database::Sqlite).await;
    let fresh = registry.fresh().again();
    registry.client.create_model("still-there", "s3://m/").send().await.unwrap();
    registry.stop().await;
    let file = fresh.url().replace("sqlite:", "");
    let before = std::fs::read(&file).unwrap();
    for command in ["status", "plan", "check"] {
        let ended = migrate(&fresh, &[command]).await;
        assert!(ended.status.success(), "{}", ended.log);
        assert!(std::fs::read(&file).unwrap() == before, "{command}");
    }
    Harness::on(Database::Sqlite, fresh).await.unwrap().stop().await;
}

/// A file of another program is not even looked into further.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_another_program_is_refused() {
    let fresh = Database::Sqlite.fresh().await;
    fresh.connect().await.close().await.unwrap();
    run_sql(&fresh.url(), "CREATE TABLE songs (id integer)").await;
    for command in [&["status"][..], &["up"], &["down", "--yes"]] {
        let refused = migrate(&fresh, command).await;
        assert!(!refused.status.success() && refused.log.contains("songs"), "{}", refused.log);
    }
    std::fs::write(
        Path::new(&fresh.url().replace("sqlite:", "")),
        "this is no database, and it is longer than a header of one is",
    )
    .unwrap();
    assert!(!migrate(&fresh, &["up"]).await.status.success());
    assert!(std::fs::read_to_string(fresh.url().replace("sqlite:", "")).unwrap().starts_with("this is no database"));
}

/// Two that hold a PostgreSQL take turns.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_migrates_is_alone() {
    let fresh = Database::Postgres.fresh().await;
    let (one, other) = tokio::join!(hold_and_migrate(&fresh), hold_and_migrate(&fresh));
    assert_eq!(one + other, dump(&fresh).await.migrations.len());
    assert!(one == 0 || other == 0, "{one} and {other}");
}

/// A server was killed, and PostgreSQL goes on with what it said last: the next one waits for that, longer than for any other lock, and
/// then does not do it again.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_server_began_is_waited_for() {
    let fresh = Database::Postgres.fresh().await;
    let (first, other) = (fresh.connect().await, fresh.connect().await);
    hold_and_migrate(&fresh).await;
    let newest = newest();
    let forget = format!("DELETE FROM seaql_migrations WHERE version = '{newest}'");
    let note = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{newest}', 0)");
    other.execute_unprepared(&forget).await.unwrap();
    let killed = first.begin().await.unwrap();
    killed.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_TRANSACTION_LOCK})")).await.unwrap();
    killed.execute_unprepared(&note).await.unwrap();
    let next = async {
        let schema = Schema::hold(fresh.target()).await.unwrap();
        schema.up(None).await.unwrap()
    };
    let end = async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%pg_advisory_xact_lock%' AND now() - query_start > interval '4 s'";
        wait::until("somebody has waited for four seconds", Duration::from_secs(60), || async {
            let waiting = Statement::from_string(DbBackend::Postgres, waits);
            other.query_one_raw(waiting).await.unwrap().map(drop)
        })
        .await;
        killed.commit().await.unwrap();
    };
    let (applied, ()) = tokio::join!(next, end);
    assert_eq!(applied, Vec::<String>::new());
    assert!(migrate(&fresh, &["check"]).await.status.success());
}

#[cfg(feature = "postgres")]
async fn hold_and_migrate(fresh: &Fresh) -> usize {
    let schema = Schema::hold(fresh.target()).await.unwrap();
    schema.up(None).await.unwrap().len()
}

//! `registry-server import`: what it says, what it writes, and how it ends.

use super::{Old, id};
use registry_tests::Database;
use registry_tests::binary::Binary;

fn import(directory: &std::path::Path, from: &str) -> Binary {
    Binary::in_directory(directory).args(["import", "catapult", "--from", from, "--report", "report.json"])
}

/// Nothing is taken over from what is no Catapult, and the sentence says what was found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_catapult_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let other = Old::empty(Database::Sqlite).await;
    other.sql("CREATE TABLE fine_tuned_models (id integer)").await;
    std::fs::write(directory.path().join("dump.sql"), "--\n-- PostgreSQL database dump\n--\n").unwrap();
    for (from, says) in [
        (other.fresh.url().as_str(), "found main.fine_tuned_models"),
        ("dump.sql", "psql -d old -f dump.sql"),
        ("missing.db", "missing.db cannot be read"),
        ("postgres://u:hunter2@[broken", "it cannot be read as postgres://"),
    ] {
        let ended = import(directory.path(), from).run().await;
        assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
        assert!(ended.log.contains(says) && !ended.log.contains("hunter2"), "{}", ended.log);
    }
}

/// It ends with 0 and a report that adds up; with 2 if something was in the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reports_what_it_did() {
    let directory = tempfile::tempdir().unwrap();
    let old = Old::catapult(Database::Sqlite).await;
    old.model(1, "m", &[]).await;
    let ended = import(directory.path(), &old.fresh.url()).run().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(ended.log.contains("models and versions"), "{}", ended.log);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(directory.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["tables"]["models"]["rows"], &report["tables"]["models"]["created"]), (&1.into(), &1.into()));
    let namesake = Old::catapult(Database::Sqlite).await;
    namesake.model(2, "m", &[]).await;
    let ended = import(directory.path(), &namesake.fresh.url()).run().await;
    assert_eq!(ended.status.code(), Some(2), "{}", ended.log);
    assert!(ended.log.contains(&format!("failed: models {}", id(2))), "{}", ended.log);
}

/// What could not be done to the end is told as far as it was done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reports_what_it_did_also_if_it_ended_early() {
    let directory = tempfile::tempdir().unwrap();
    let old = Old::catapult(Database::Sqlite).await;
    old.model(1, "m", &[]).await;
    old.model(2, "n", &[("id", "'no id'")]).await;
    let ended = import(directory.path(), &old.fresh.url()).run().await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert!(ended.log.contains("`no id` of a row of models is not a UUID"), "{}", ended.log);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(directory.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["complete"], &report["tables"]["models"]["created"]), (&false.into(), &1.into()));
}

/// A table that is known and lacks a column is not passed over: nothing is taken over, and the sentence says which it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_lacks_a_column_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let old = Old::catapult(Database::Sqlite).await;
    old.sql("ALTER TABLE deployments RENAME COLUMN deployed_at TO deploy_date").await;
    let ended = import(directory.path(), &old.fresh.url()).run().await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert!(ended.log.contains("main.deployments") && ended.log.contains("deployed_at; it has"), "{}", ended.log);
    assert!(ended.log.contains("deploy_date"), "{}", ended.log);
}

//! A short version of what `cargo run -p registry-tests --bin crash` does at length.

use registry_tests::Database;
use registry_tests::crash::{Plan, cascade, run, uploads};

async fn nothing_is_lost(database: Database) {
    let plan = Plan { database, kills: 5, clients: 8, seed: rand::random() };
    println!("{plan:?}");
    let report = run(&plan, |_| ()).await;
    assert!(report.lost.is_empty() && report.wrong.is_empty(), "{report:#?}");
    assert_eq!(report.kills, 5);
    // Its speed is for the long version to judge; but there must have been something to lose.
    assert!(report.acknowledged > 5 * 2, "{report:#?}");
}

/// Whatever was acknowledged is there after SIGKILL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_write_survives_sqlite() {
    nothing_is_lost(Database::Sqlite).await;
}

/// Whatever was acknowledged is there after SIGKILL.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_write_survives_postgres() {
    nothing_is_lost(Database::Postgres).await;
}

async fn all_or_nothing(database: Database) {
    let plan = Plan { database, kills: 6, clients: 1, seed: rand::random() };
    println!("{plan:?}");
    let report = cascade::run(&plan, |_| ()).await;
    assert!(report.wrong.is_empty(), "{report:#?}");
    assert_eq!((report.kills, report.sides().0 + report.sides().1), (6, 6), "{report:#?}");
}

/// A model goes with all its releases or stays with all of them, whenever the server is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cascade_happens_as_a_whole_sqlite() {
    all_or_nothing(Database::Sqlite).await;
}

/// A model goes with all its releases or stays with all of them, whenever the server is killed.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cascade_happens_as_a_whole_postgres() {
    all_or_nothing(Database::Postgres).await;
}

async fn every_artifact_is_what_it_was(database: Database) {
    let plan = Plan { database, kills: 8, clients: 4, seed: rand::random() };
    println!("{plan:?}");
    let report = uploads::run(&plan, |_| ()).await;
    assert!(report.wrong.is_empty(), "{report:#?}");
    assert_eq!(report.kills, 8);
    assert!(report.acknowledged > 0 && report.hashed > 0, "{report:#?}");
}

/// What is stored is what was uploaded, and nothing else is, whenever the server is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_what_was_uploaded_sqlite() {
    every_artifact_is_what_it_was(Database::Sqlite).await;
}

/// What is stored is what was uploaded, and nothing else is, whenever the server is killed.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_what_was_uploaded_postgres() {
    every_artifact_is_what_it_was(Database::Postgres).await;
}

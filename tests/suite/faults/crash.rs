//! A short version of what `cargo run -p registry-tests --bin crash` does at length.

use registry_tests::Database;
use registry_tests::crash::{Plan, run};

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

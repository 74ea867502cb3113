//! What is moved to another database comes back as the same bytes, whatever is killed on the way.

use registry_tests::Database;
use registry_tests::moves::{Plan, run};
use registry_tests::rich::Size;

/// Enough releases for several parts of an import, so that there is something to kill between them.
const SIZE: Size = Size { models: 5, releases: 300 };

async fn is_without_loss(from: Database, to: Database) {
    let report = run(&Plan { from, to, size: SIZE, kills: 3, seed: 7 }, |_| ()).await;
    assert!(report.wrong.is_empty(), "{report:?}");
    assert_eq!((report.programs_killed, report.servers_killed), (2, 1), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_between_two_files_is_without_loss() {
    is_without_loss(Database::Sqlite, Database::Sqlite).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_from_sqlite_to_postgres_is_without_loss() {
    is_without_loss(Database::Sqlite, Database::Postgres).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_from_postgres_to_sqlite_is_without_loss() {
    is_without_loss(Database::Postgres, Database::Sqlite).await;
}

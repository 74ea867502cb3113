//! A database that does not answer for a while.

use registry_client::{Code, Error};
use registry_tests::{Database, conformance, wait};
use sea_orm::{ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use std::time::{Duration, Instant};

/// Takes what every write needs, until it is dropped.
async fn lock(registry: &Harness) -> DatabaseTransaction {
    let db = registry.sql().await;
    match registry.database {
        Database::Sqlite => {
            let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
            let options = TransactionOptions { isolation_level: None, access_mode: None, sqlite_transaction_mode };
            db.begin_with_options(options).await.unwrap()
        }
        Database::Postgres => {
            let lock = db.begin().await.unwrap();
            lock.execute_unprepared("LOCK TABLE registry_state IN EXCLUSIVE MODE").await.unwrap();
            lock
        }
    }
}
use registry_tests::Harness;

conformance! {
    /// While writes are locked out, each ends at its own deadline, reads go on, and afterwards everything does.
    async fn a_locked_database_costs_the_deadline_and_no_more(registry: &Harness) {
        registry.client.create_model("before", "s3://models/").send().await.unwrap();
        let lock = lock(registry).await;
        let deadline = Duration::from_millis(700);
        let began = Instant::now();
        let calls = (0..20).map(|number| {
            registry.client.create_model(format!("during-{number}"), "s3://models/").timeout(deadline).send()
        });
        let answers = futures::future::join_all(calls).await;
        assert!(began.elapsed() < deadline + Duration::from_millis(1500), "the deadline was {deadline:?}, the answers came after {:?}", began.elapsed());
        for answer in answers {
            assert!(matches!(answer, Err(Error::DeadlineExceeded(_))), "{answer:?}");
        }
        registry.client.get_model("before").timeout(Duration::from_secs(2)).send().await.expect("reads do not wait for writes");
        lock.rollback().await.unwrap();
        wait::until("writes are possible again", Duration::from_secs(10), async || {
            match registry.client.create_model("after", "s3://models/").timeout(Duration::from_secs(5)).send().await {
                Ok(_) => Some(()),
                Err(error) if error.code() == Code::AlreadyExists => Some(()), // the one before was too slow, and succeeded
                Err(error) => {
                    assert!(matches!(error.code(), Code::DeadlineExceeded | Code::Unavailable | Code::Aborted), "{error:?}");
                    None
                }
            }
        })
        .await;
        registry.client.get_model("after").send().await.unwrap();
    }
}

//! Two servers on one PostgreSQL: who watches one of them hears of the writes of the other, in the order of their commits,
//! whatever holds these up, and whichever way the servers hear of one another.

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Client, Event, EventFilter};
use registry_tests::watching::{Watcher, from_now, listed, places, watch};
use registry_tests::{Database, Harness, given, wait};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);
/// How long a server waits between two looks for what others have written.
const POLL: Duration = Duration::from_secs(1);

async fn numbers(db: &impl ConnectionTrait, sql: &str) -> Vec<i64> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a number")).collect()
}

/// The backends that wait for a lock of this one.
async fn waiting(db: &DatabaseConnection, backend: i64) -> Vec<i64> {
    let sql = format!("SELECT pid::int8 FROM pg_stat_activity WHERE {backend} = ANY(pg_blocking_pids(pid))");
    numbers(db, &sql).await
}

/// One that waits, as soon as there is one.
async fn blocked(db: &DatabaseConnection, by: i64) -> i64 {
    let what = format!("somebody waits for {by}");
    wait::until(what, SOON, async || waiting(db, by).await.first().copied()).await
}

/// The backends on which the servers of a registry listen to one another.
async fn listeners(registry: &Harness, db: &DatabaseConnection) -> Vec<i64> {
    let id = registry.client.server_info().send().await.unwrap().registry_id.replace('-', "");
    let sql = format!(
        "SELECT pid::int8 FROM pg_stat_activity
         WHERE application_name = 'model-registry-listener' AND query LIKE 'LISTEN%{id}%' ORDER BY pid"
    );
    numbers(db, &sql).await
}

/// Both servers, when each of them listens.
async fn two() -> (Harness, Harness, DatabaseConnection) {
    let registry = Harness::start(Database::Postgres).await;
    let replica = registry.replica().await;
    let db = registry.sql().await;
    two_listen(&registry, &db).await;
    (registry, replica, db)
}

async fn two_listen(registry: &Harness, db: &DatabaseConnection) -> Vec<i64> {
    let look = async || Some(listeners(registry, db).await).filter(|listeners| listeners.len() == 2);
    wait::until("both servers listen", SOON, look).await
}

/// Writes on one server and waits until who watches another one knows, so many times; how long that took.
async fn round_trips(writer: &Client, reader: &mut Watcher, prefix: &str, count: usize) -> Duration {
    let began = Instant::now();
    for number in 0..count {
        let model = writer.create_model(format!("{prefix}-{number}"), "/m").send().await.unwrap();
        assert_eq!(reader.event().await.revision, model.revision);
    }
    began.elapsed()
}

/// Twenty of them, one after the other, have to wait for twenty looks if nothing else tells of a write. Half of that is
/// enough to know that something does.
async fn assert_told(registry: &Harness, replica: &Harness, reader: &mut Watcher, prefix: &str) {
    let elapsed = round_trips(&registry.client, reader, prefix, 20).await;
    assert!(elapsed < 10 * POLL, "{elapsed:?} for twenty writes: the servers only look for them");
    assert_eq!(given::revision(replica).await, given::revision(registry).await);
}

/// An update that has its revision and cannot commit, because its row is locked, while others want to commit theirs on
/// both servers: nobody overtakes it, and no watcher misses anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_commits_late_is_not_missed() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (registry, replica, db) = two().await;
    let held = given::model(&registry, "held").await;
    let mut watchers = Vec::new();
    for server in [&registry, &replica] {
        watchers.push(watch(&server.client, from_now()).await);
    }
    let mut late = Vec::new();
    for round in 0..20 {
        let lock = db.begin().await.unwrap();
        let own = numbers(&lock, "SELECT pg_backend_pid()::int8 FROM models WHERE name = 'held' FOR UPDATE").await[0];
        let client = registry.client.clone();
        let first = tokio::spawn(async move { client.update_model("held").description(round.to_string()).send().await });
        let first_backend = blocked(&db, own).await;
        let others = [&replica, &registry, &replica, &replica, &registry].into_iter().enumerate().map(|(number, server)| {
            let create = server.client.create_model(format!("{round}-{number}"), "/m");
            tokio::spawn(create.send())
        });
        let others: Vec<_> = others.collect();
        blocked(&db, first_backend).await;
        // The locks are waited for no longer than three seconds.
        let millis = random.random_range(0..1800);
        lock.execute_unprepared(&format!("SELECT pg_sleep({millis} / 1000.0)")).await.unwrap();
        let reached = given::revision(&registry).await;
        assert_eq!(reached, 1 + 6 * round, "somebody has overtaken the update");
        lock.commit().await.unwrap();
        let first = first.await.unwrap().expect("the update, late");
        assert_eq!((first.revision, &first.id), (reached + 1, &held.id));
        late.push(first.revision);
        for other in join_all(others).await {
            assert!(other.unwrap().expect("a model").revision > first.revision);
        }
    }
    let expected = listed(&replica.client, 1, &EventFilter::default()).await;
    let revisions: Vec<i64> = expected.iter().map(|event| event.revision).collect();
    assert_eq!(revisions, (2..=121).collect::<Vec<_>>());
    let updates: Vec<&Event> = expected.iter().filter(|event| event.resource_id == held.id).collect();
    assert_eq!(updates.iter().map(|event| event.revision).collect::<Vec<_>>(), late);
    for mut watcher in watchers {
        assert_eq!(watcher.through(121).await, expected);
    }
    replica.stop().await;
    registry.stop().await;
}

/// The servers tell one another of their writes, both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_wakes_up_who_watches_another_server() {
    let (registry, replica, _) = two().await;
    let mut there = watch(&replica.client, from_now()).await;
    assert_told(&registry, &replica, &mut there, "there").await;
    let mut here = watch(&registry.client, from_now()).await;
    assert_told(&replica, &registry, &mut here, "here").await;
    replica.stop().await;
    registry.stop().await;
}

/// What nobody tells of is found all the same: written behind the servers' backs, without a notification.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_nobody_tells_of_is_found() {
    let (registry, replica, db) = two().await;
    given::model(&registry, "iris").await;
    let mut watchers = Vec::new();
    for server in [&registry, &replica] {
        let silent = prost_types::Duration { seconds: 300, nanos: 0 };
        let request = registry_client::pb::WatchRequest { progress_interval: Some(silent), ..from_now() };
        watchers.push(watch(&server.client, request).await);
    }
    for revision in 2..5 {
        let columns =
            "event_type, event_time, resource_kind, resource_id, resource_name, model_id, actor, request_id, changed_fields";
        let write = db.begin().await.unwrap();
        let event = format!(
            "INSERT INTO events (revision, position, last_in_revision, {columns})
             SELECT {revision}, position, last_in_revision, {columns} FROM events WHERE revision = 1"
        );
        write.execute_unprepared(&event).await.unwrap();
        write.execute_unprepared(&format!("UPDATE registry_state SET revision = {revision}")).await.unwrap();
        write.commit().await.unwrap();
        for watcher in &mut watchers {
            assert_eq!(places(&[watcher.event().await]), [(revision, 0, true)]);
        }
    }
    // The writers go on behind it.
    assert_eq!(given::model(&replica, "next").await.revision, 5);
    assert_eq!(watchers[0].event().await.revision, 5);
    replica.stop().await;
    registry.stop().await;
}

/// Servers that cannot hear one another any more find each other's writes, and hear one another again soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_listener_is_replaced() {
    let (registry, replica, db) = two().await;
    let mut there = watch(&replica.client, from_now()).await;
    round_trips(&registry.client, &mut there, "before", 3).await;
    let lost = listeners(&registry, &db).await;
    for pid in &lost {
        assert_eq!(numbers(&db, &format!("SELECT pg_terminate_backend({pid})::int::int8")).await, [1]);
    }
    wait::until("the listeners are gone", SOON, async || {
        listeners(&registry, &db).await.iter().all(|pid| !lost.contains(pid)).then_some(())
    })
    .await;
    round_trips(&registry.client, &mut there, "meanwhile", 3).await;
    let found = two_listen(&registry, &db).await;
    assert!(found.iter().all(|pid| !lost.contains(pid)), "{lost:?} {found:?}");
    assert_told(&registry, &replica, &mut there, "again").await;
    replica.stop().await;
    registry.stop().await;
}

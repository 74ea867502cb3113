//! Several servers of one PostgreSQL: what one of them has changed, none of them answers from memory as it was.

use super::reads;
use futures::future::join_all;
use registry_client::{Code, Idempotency, Method};
use registry_tests::{Database, Harness, given, keys};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Written through one server, read through the other at once, many times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_has_written_the_other_reads() {
    let one = Harness::start(Database::Postgres).await;
    let other = one.replica().await;
    given::model(&one, "m").await;
    for round in 0..300 {
        let [writer, reader] = if round % 3 == 0 { [&other, &one] } else { [&one, &other] };
        reader.client.get_model("m").send().await.unwrap();
        let written = writer.client.update_model("m").description(format!("{round}")).send().await.unwrap();
        assert_eq!(reader.client.get_model("m").send().await.unwrap(), written, "{round}");
        assert_eq!(writer.client.get_model("m").send().await.unwrap(), written, "{round}");
    }
    for registry in [&one, &other] {
        assert!(reads(registry, "hit").await > 0.0);
    }
    other.stop().await;
    one.stop().await;
}

/// While one server writes, many read through the other: none of them is told of a revision before one that was answered when they
/// began to ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_goes_back() {
    let writer = Harness::start(Database::Postgres).await;
    let reader = writer.replica().await;
    let answered = Arc::new(AtomicI64::new(given::model(&writer, "m").await.revision));
    let done = Arc::new(AtomicI64::new(0));
    let readers = (0..16).map(|_| {
        let (client, answered, done) = (reader.client.clone(), Arc::clone(&answered), Arc::clone(&done));
        tokio::spawn(async move {
            while done.load(Ordering::SeqCst) == 0 {
                let least = answered.load(Ordering::SeqCst);
                let seen = client.get_model("m").send().await.expect("a model").revision;
                assert!(seen >= least, "{seen} after {least}");
                answered.fetch_max(seen, Ordering::SeqCst);
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for round in 0..200 {
        let written = writer.client.update_model("m").description(format!("{round}")).send().await.unwrap();
        answered.fetch_max(written.revision, Ordering::SeqCst);
    }
    done.store(1, Ordering::SeqCst);
    join_all(readers).await.into_iter().for_each(|reader| reader.expect("a reader that is told no lies"));
    reader.stop().await;
    writer.stop().await;
}

/// What others did that is no event, or is not told any more, makes everything be read again; afterwards memory serves as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_told_makes_everything_be_read_again() {
    let one = Harness::start(Database::Postgres).await;
    let other = one.replica().await;
    let model = given::model(&one, "m").await;
    let read = async || other.client.get_model("m").send().await.unwrap();
    assert_eq!((read().await, read().await), (model.clone(), model.clone()));
    keys::make(&one, "a", registry_client::pb::Role::Viewer).await;
    assert_eq!((read().await, read().await), (model.clone(), model));
    let written = one.client.update_model("m").description("compacted").send().await.unwrap();
    one.client.compact_events(written.revision).send().await.unwrap();
    assert_eq!(read().await, written);
    let hits = reads(&other, "hit").await;
    assert_eq!((read().await, read().await), (written.clone(), written));
    assert!(reads(&other, "hit").await > hits);
    let flushes = registry_tests::scraped::scrape(other.admin_address()).await.value("registry_cache_flushes_total");
    assert_eq!(flushes, 2.0);
    other.stop().await;
    one.stop().await;
}

/// A server that cannot reach the database answers nothing from memory: it could be out of date.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_cut_off_answers_nothing() {
    let one = Harness::start(Database::Postgres).await;
    let (other, wire) = one.replica_over_a_wire().await;
    let model = given::model(&one, "m").await;
    for _ in 0..2 {
        assert_eq!(other.client.get_model("m").send().await.unwrap(), model);
    }
    wire.fall_silent();
    let written = one.client.update_model("m").description("unheard of").send().await.unwrap();
    let cut_off = other.client.get_model("m").timeout(Duration::from_secs(10)).send().await;
    assert!(matches!(cut_off.as_ref().unwrap_err().code(), Code::Unavailable | Code::DeadlineExceeded), "{cut_off:?}");
    wire.speak();
    let back = async || other.client.get_model("m").send().await.ok();
    assert_eq!(registry_tests::wait::until("it answers again", Duration::from_secs(20), back).await, written);
    other.stop().await;
    one.stop().await;
}

/// A database that was brought back to what it was earlier: what was read later does not hold, whatever is written from then on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_brought_back_is_believed() {
    let registry = Harness::start(Database::Postgres).await;
    given::model(&registry, "m").await;
    let lost = registry.client.update_model("m").description("lost").send().await.unwrap();
    let read = async || registry.client.get_model("m").send().await.unwrap();
    assert_eq!((read().await, read().await), (lost.clone(), lost.clone()));
    let back = [
        "DELETE FROM events WHERE revision = 2",
        "UPDATE models SET description = 'before', revision = 1",
        "UPDATE registry_state SET revision = 1",
    ];
    registry_tests::run_sql(&registry.url(), &back.join("; ")).await;
    assert_eq!((read().await.description.as_deref(), read().await.description.as_deref()), (Some("before"), Some("before")));
    let written = registry.client.update_model("m").description("after").send().await.unwrap();
    assert_eq!(written.revision, lost.revision);
    assert_eq!((read().await, read().await), (written.clone(), written));
    registry.stop().await;
}

/// Every method whose answers are kept has no side effects: a write is never answered from memory.
#[test]
fn only_reads_are_kept() {
    for method in [Method::GetModel, Method::GetRelease, Method::ResolveRelease] {
        assert_eq!(method.idempotency(), Idempotency::NoSideEffects);
        assert!(!method.policy().audited, "{method:?}");
    }
}

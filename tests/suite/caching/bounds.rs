//! How much memory answers may take, and a server that keeps none.

use super::reads;
use registry_tests::scraped::scrape;
use registry_tests::{Database, Harness, given};

const ROOM: u64 = 64 * 1024;

/// More answers than there is room for: the memory is what it may be, and every answer is right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_takes_no_more_than_it_may() {
    let registry = Harness::with(Database::Sqlite, |settings| settings.cache_size = ROOM).await;
    let client = &registry.client;
    for some in 0..2 {
        let batch = (0..250).map(|number| client.create_model(format!("m{some}-{number}"), "/m"));
        for model in client.batch_create_models(batch).send().await.unwrap() {
            assert_eq!(client.get_model(&model.name).send().await.unwrap(), model);
            assert_eq!(client.get_model(&model.name).send().await.unwrap(), model);
        }
    }
    let scraped = scrape(registry.admin_address()).await;
    let (entries, bytes) = (scraped.value("registry_cache_entries"), scraped.value("registry_cache_bytes"));
    assert!((1.0..500.0).contains(&entries), "{entries} entries");
    assert!(bytes >= entries * 300.0 && bytes <= 65_536.0, "{bytes} bytes of {entries} entries");
    assert!(reads(&registry, "hit").await >= 100.0);
    registry.stop().await;
}

/// An answer that is larger than many is not kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_very_large_is_not_kept() {
    let registry = Harness::start(Database::Sqlite).await;
    let large = serde_json::json!({"large": "x".repeat(40_000)});
    registry.client.create_model("m", "/m").metadata(large).send().await.unwrap();
    for _ in 0..3 {
        registry.client.get_model("m").send().await.unwrap();
    }
    assert_eq!((reads(&registry, "hit").await, reads(&registry, "miss").await), (0.0, 3.0));
    registry.stop().await;
}

/// With a size of nothing, nothing is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_cache_keeps_nothing() {
    let registry = Harness::with(Database::Sqlite, |settings| settings.cache_size = 0).await;
    let model = given::model(&registry, "m").await;
    for _ in 0..3 {
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), model);
    }
    let scraped = scrape(registry.admin_address()).await;
    assert!(scraped.beginning("registry_cache_reads_total").all(|(_, count)| count == 0.0), "{}", scraped.text);
    registry.stop().await;
}

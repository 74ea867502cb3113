//! What is counted and measured besides calls: each is looked at after it was made to happen.

use super::SOON;
use registry_client::pb::{CreateModelRequest, Model};
use registry_server::domain::Quota;
use registry_server::tls::TlsFiles;
use registry_tests::scraped::{Scraped, scrape};
use registry_tests::shut::Shut;
use registry_tests::tls::Authority;
use registry_tests::{Database, Harness, conformance, given, keys, wait};

fn writes(scraped: &Scraped, outcome: &str) -> f64 {
    scraped.value(&format!("registry_writes_total{{outcome=\"{outcome}\"}}"))
}

fn request(name: &str, request_id: &str) -> CreateModelRequest {
    let model = Model { name: name.to_owned(), storage_path: "s3://m".to_owned(), ..Model::default() };
    CreateModelRequest { model: Some(model), request_id: request_id.to_owned(), ..CreateModelRequest::default() }
}

conformance! {
    /// A write is counted by what has come of it, and each transaction of the writer by how many it held and how long its commit took.
    async fn writes_are_counted_by_what_has_come_of_them(registry: &Harness) {
        let admin = registry.admin_address();
        let before = scrape(admin).await;
        let id = given::request_id();
        for _ in 0..2 {
            registry.client.call(request("a", &id)).send().await.unwrap();
        }
        registry.client.create_model("a", "s3://m").send().await.unwrap_err();
        registry.client.list_models().send().await.unwrap();
        let after = scrape(admin).await;
        let more = |outcome| writes(&after, outcome) - writes(&before, outcome);
        // The one that was refused is noted in the audit log by a write of its own, now or later.
        assert!([1.0, 2.0].contains(&more("committed")), "{}", more("committed"));
        assert_eq!((more("replayed"), more("failed"), more("conflict")), (1.0, 1.0, 0.0));
        let more = |name| after.value(name) - before.value(name);
        assert!(more("registry_writer_batch_size_count") >= 3.0 && more("registry_writer_batch_size_sum") >= 3.0);
        assert!(more("registry_writer_commit_seconds_count") >= 2.0);
        assert!(more("registry_read_begin_seconds_count") >= 1.0);
        assert_eq!(after.value("registry_writer_queue_length"), 0.0);
        let entries = async || {
            let entries = scrape(admin).await.value("registry_audit_entries_written_total");
            (entries - before.value("registry_audit_entries_written_total") >= 3.0).then_some(())
        };
        wait::until("the entries of all three calls are counted", SOON, entries).await;
    }

    /// A stream whose client takes nothing falls behind, by as many revisions as there are new ones.
    async fn a_stream_that_is_behind_is_seen(registry: &Harness) {
        let admin = registry.admin_address();
        let behind = Shut::open(registry.address(), keys::ADMIN).await;
        let open = async || (scrape(admin).await.value("registry_watchers") == 1.0).then_some(());
        wait::until("the stream is open", SOON, open).await;
        assert_eq!(scrape(admin).await.value("registry_watch_lag_revisions"), 0.0);
        for number in 0..30 {
            given::model(registry, &format!("m-{number}")).await;
        }
        // The first message may be in the hands of HTTP/2.
        let lag = scrape(admin).await.value("registry_watch_lag_revisions");
        assert!((20.0..=30.0).contains(&lag), "{lag}");
        drop(behind);
        let gone = async || (scrape(admin).await.value("registry_watchers") == 0.0).then_some(());
        wait::until("it is gone", SOON, gone).await;
        assert_eq!(scrape(admin).await.value("registry_watch_lag_revisions"), 0.0);
    }

    /// Bytes of artifacts are counted as they come and go, and as they are stored.
    async fn bytes_are_counted(registry: &Harness) {
        let bytes = vec![7; 300_000];
        given::model(registry, "m").await;
        let parent = registry_client::ReleaseRef::from(&given::release(registry, "m", "1").await);
        let artifact = registry.client.upload_artifact(&parent, "file").send_bytes(bytes).await.unwrap();
        registry.client.download_artifact(&artifact.id).bytes().await.unwrap();
        let scraped = scrape(registry.admin_address()).await;
        assert_eq!(scraped.value("registry_artifact_bytes_received_total"), 300_000.0);
        assert_eq!(scraped.value("registry_artifact_bytes_sent_total"), 300_000.0);
        assert_eq!(scraped.value("registry_stored_bytes"), 300_000.0);
        assert_eq!(scraped.value("registry_revision"), 3.0);
        assert!(scraped.value("registry_oldest_event_timestamp_seconds") >= 1_767_225_600.0);
    }

    /// What depends on the server's surroundings has a value from the first scrape on.
    async fn the_surroundings_are_there(registry: &Harness) {
        let scraped = scrape(registry.admin_address()).await;
        for name in [
            "registry_ready",
            "registry_component_healthy{component=\"database\"}",
            "registry_component_healthy{component=\"storage\"}",
            "registry_connections_open",
            "registry_pool_connections{pool=\"read\"}",
            "process_open_fds",
            "process_resident_memory_bytes",
            "process_start_time_seconds",
        ] {
            assert!(scraped.value(name) >= 1.0, "{name}: {}", scraped.value(name));
        }
        assert_eq!(scraped.value("registry_pool_connections_max{pool=\"read\"}"), 8.0);
        let build = format!("registry_build_info{{version=\"{}\",contract=\"modelregistry.v1\"}}", env!("CARGO_PKG_VERSION"));
        assert_eq!(scraped.value(&build), 1.0, "{}", scraped.text);
        assert!(!scraped.describes("registry_tls_certificate_expiry_timestamp_seconds"));
        // The database is asked seldom, however often somebody scrapes.
        for _ in 0..20 {
            scrape(registry.admin_address()).await;
        }
        let reads = scrape(registry.admin_address()).await.value("registry_read_begin_seconds_count");
        assert!(reads - scraped.value("registry_read_begin_seconds_count") < 15.0, "{reads}");
    }
}

/// Housekeeping says when it last did all that was due, and what it removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn housekeeping_says_what_it_did() {
    let registry = Harness::start(Database::Sqlite).await;
    let (admin, success) = (registry.admin_address(), "registry_housekeeping_last_success_timestamp_seconds");
    given::model(&registry, "a").await;
    assert_eq!(scrape(admin).await.value(success), 0.0);
    registry.client.compact_events(1).send().await.unwrap();
    let tidied = async || Some(scrape(admin).await).filter(|scraped| scraped.value(success) > 0.0);
    let tidied = wait::until("housekeeping is done", SOON, tidied).await;
    assert_eq!(tidied.value(success), 1_767_225_600.0, "by the clock of the registry");
    assert_eq!(tidied.value("registry_housekeeping_removed_total{kind=\"events\"}"), 1.0);
    assert_eq!(tidied.value("registry_housekeeping_failures_total"), 0.0);
}

/// The certificate of the server has an end, and a quota is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_certificate_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let certified = Authority::new().server(&["localhost"]);
    let (certificate, key) = (directory.path().join("server.pem"), directory.path().join("server.key"));
    std::fs::write(&certificate, &certified.certificate).unwrap();
    std::fs::write(&key, &certified.key).unwrap();
    let mut settings = Harness::settings();
    settings.tls = Some(TlsFiles { certificate, key, client_ca: None });
    settings.quota = Quota { total: Some(1 << 20), ..Quota::default() };
    let fresh = Database::Sqlite.fresh().await;
    settings.storage = fresh.storage();
    let server = registry_server::serve::Server::start(fresh.target(), settings).await.unwrap();
    let scraped = scrape(server.admin_address().unwrap()).await;
    let expiry = scraped.value("registry_tls_certificate_expiry_timestamp_seconds{certificate=\"server\"}");
    assert!(expiry > 1_767_225_600.0, "{expiry}");
    assert_eq!(scraped.value("registry_stored_bytes_max"), 1_048_576.0);
    server.stop().await;
}

//! Each component goes away and comes back.

use super::{WELL, WITHOUT_STORAGE, tells};
use registry_server::storage::StorageTarget;
use registry_tests::{Database, Harness};

/// A directory that is moved away, and put back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_goes_away_and_comes_back() {
    let place = tempfile::tempdir().unwrap();
    let (path, away) = (place.path().join("artifacts"), place.path().join("away"));
    let registry = Harness::with(Database::Sqlite, |settings| settings.storage = StorageTarget::Directory(path.clone())).await;
    let (admin, channel) = (registry.admin_address(), registry.client.raw_channel());
    for _ in 0..2 {
        tells(admin, &channel, WELL).await;
        std::fs::rename(&path, &away).unwrap();
        tells(admin, &channel, WITHOUT_STORAGE).await;
        registry.client.list_models().send().await.expect("models need no storage");
        std::fs::rename(&away, &path).unwrap();
    }
    tells(admin, &channel, WELL).await;
    assert_eq!(std::fs::read_dir(path.join("probes")).unwrap().count(), 0, "a probe was left");
}

/// A bucket that does not answer any more, and does again.
#[cfg(feature = "s3")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_falls_silent_and_speaks_again() {
    use registry_tests::{s3, wire::Wire};
    let (bucket, wire) = (s3::Bucket::fresh().await, Wire::to(s3::address()).await);
    let mut s3 = bucket.settings();
    s3.endpoint = Some(format!("http://{}", wire.address()).parse().unwrap());
    let registry = Harness::with(Database::Sqlite, |settings| settings.storage = StorageTarget::S3(s3)).await;
    let (admin, channel) = (registry.admin_address(), registry.client.raw_channel());
    for _ in 0..2 {
        tells(admin, &channel, WELL).await;
        wire.fall_silent();
        tells(admin, &channel, WITHOUT_STORAGE).await;
        registry.client.list_models().send().await.expect("models need no storage");
        wire.speak();
    }
    tells(admin, &channel, WELL).await;
}

/// How soon a scrape asks the database again, and some more.
#[cfg(feature = "postgres")]
const STALE: std::time::Duration = std::time::Duration::from_secs(30);

/// A database that crashes, and is started again.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_crashes_and_comes_back() {
    use super::Expected;
    use registry_server::serve::Server;
    use registry_server::store::Target;
    use registry_tests::{cluster::Cluster, keys, scraped::scrape, wait};
    let (cluster, place) = (Cluster::create(), tempfile::tempdir().unwrap());
    let mut settings = Harness::settings();
    settings.storage = StorageTarget::Directory(place.path().to_path_buf());
    let server = Server::start(&Target::Postgres(cluster.url().to_owned()), settings).await.unwrap();
    let client = keys::admin(format!("http://{}", server.address())).connect().await.unwrap();
    let (admin, channel) = (server.admin_address().unwrap(), client.raw_channel());
    tells(admin, &channel, WELL).await;
    cluster.crash();
    tells(admin, &channel, Expected { database: false, storage: true }).await;
    // What is scraped of it meanwhile is what was, and that is told.
    let errors = async || {
        let scraped = scrape(admin).await;
        (scraped.value("registry_scrape_errors_total{figure=\"revision\"}") >= 1.0).then_some(())
    };
    wait::until("the scrape tells that the database did not answer", STALE, errors).await;
    cluster.start();
    tells(admin, &channel, WELL).await;
    client.create_model("m", "/m").send().await.unwrap();
}

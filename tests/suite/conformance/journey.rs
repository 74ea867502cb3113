//! The way of one release from its model to its end, on every database and every storage.

use registry_tests::{conformance, journey};

conformance! {
    /// Through the client, with the bytes in a directory.
    async fn a_release_from_its_beginning_to_its_end(registry: &Harness) {
        journey::walk(&registry.client).await;
    }
}

/// Through the client, with the bytes in a bucket.
#[cfg(feature = "s3")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_bytes_in_a_bucket() {
    use registry_tests::s3::Bucket;
    use registry_tests::{Database, Harness};
    let bucket = Bucket::fresh().await;
    let registry = Harness::with(Database::Sqlite, |settings| settings.storage = bucket.target()).await;
    journey::walk(&registry.client).await;
    registry.stop().await;
}

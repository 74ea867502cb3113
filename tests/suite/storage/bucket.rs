//! What is particular to a bucket: uploads that another server aborts, and contents that are too large to be copied.

use super::{PART, Storage, StorageTarget, content, download, key, upload};
use registry_tests::s3::Bucket;
use uuid::Uuid;

/// What no request can copy goes once more through the server, and leaves as little.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_to_be_copied_is_carried() {
    let bucket = Bucket::fresh().await;
    let mut settings = bucket.settings();
    settings.copy_limit = u64::try_from(PART).unwrap();
    let storage = Storage::open(&StorageTarget::S3(settings)).await.unwrap();
    for size in [PART, PART + 1, 2 * PART, 3 * PART + 7] {
        let bytes = content(size, 1);
        let key = upload(&storage, Uuid::now_v7(), &bytes).await.unwrap();
        assert!(download(&storage, &key, 0, size).await.unwrap() == bytes, "{size}");
        storage.remove(&key).await.unwrap();
        assert_eq!(bucket.everything().await, Vec::<String>::new(), "{size}");
    }
}

/// A server that died while it carried has left the ticket of its second upload where the next one finds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_being_carried_is_abandoned() {
    let (bucket, id) = (Bucket::fresh().await, Uuid::now_v7());
    let storage = Storage::open(&bucket.target()).await.unwrap();
    let ticket = bucket.begin(&key(id).to_string()).await;
    bucket.tamper(&format!("uploads/{id}.move"), &ticket).await;
    bucket.tamper(&format!("uploads/{id}"), "what was uploaded").await;
    assert_eq!(bucket.everything().await.len(), 3);
    storage.abandon(id, None, Some(&key(id))).await.unwrap();
    assert_eq!(bucket.everything().await, Vec::<String>::new());
}

/// The ticket and the id are all that another server needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_abandons_an_upload() {
    let (bucket, id) = (Bucket::fresh().await, Uuid::now_v7());
    let storage = Storage::open(&bucket.target()).await.unwrap();
    let mut upload = storage.begin(id).await.unwrap();
    let ticket = upload.ticket().unwrap().to_owned();
    upload.write(content(PART + 1, 1)).await.unwrap();
    assert_eq!(bucket.everything().await, [format!("unfinished some/where/uploads/{id}")]);
    let other = Storage::open(&bucket.target()).await.unwrap();
    other.abandon(id, Some(&ticket), None).await.unwrap();
    assert_eq!(bucket.everything().await, Vec::<String>::new());
    upload.write(content(PART, 1)).await.unwrap_err();
    upload.finish(&key(id)).await.unwrap_err();
    assert_eq!(bucket.everything().await, Vec::<String>::new());
}

//! Somebody who speaks S3 badly: a clear error within the deadline, nothing to anybody else, and no more memory than an answer is
//! worth.

use super::fake::{DEADLINE, Fake, Manner, answer, error};
use super::{Bytes, Storage, StorageError, StorageTarget, content, key};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use registry_server::storage::{Reader, S3Settings};
use std::error::Error;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How much later than its deadline a request may end.
const SLACK: Duration = Duration::from_secs(2);
/// How often one request is sent: once, and three times more.
const ATTEMPTS: usize = 4;

fn words(error: &StorageError) -> String {
    format!("{error} {error:?} {}", error.source().map(ToString::to_string).unwrap_or_default())
}

/// Not available, in words that an operator can use and that repeat no secret, and in time.
#[track_caller]
fn assert_unavailable(what: &str, began: Instant, outcome: Result<(), StorageError>) -> String {
    let took = began.elapsed();
    let Err(error @ StorageError::Unavailable(_)) = outcome else { panic!("{what}: {outcome:?}") };
    let words = words(&error);
    assert!(took < DEADLINE + SLACK, "{what} took {took:?}");
    assert!(words.len() < 3000 && !words.contains("no secret") && !words.contains("Signature="), "{what}: {words}");
    words
}

/// The first `length` bytes of a content of `size` bytes.
async fn read(storage: &Storage, size: u64, length: usize) -> Result<Bytes, StorageError> {
    let mut reader: Reader = storage.read(&key(Uuid::now_v7()), 0, size).await?;
    reader.next(length).await
}

/// Everything that the storage does, each of it refused in the same way.
async fn all_unavailable(fake: &Fake) -> Vec<String> {
    let (storage, id) = (fake.storage().await, Uuid::now_v7());
    let key = key(id);
    let refused = async |what, outcome: BoxFuture<'_, Result<(), StorageError>>| {
        let began = Instant::now();
        assert_unavailable(what, began, outcome.await)
    };
    join_all([
        refused("put", storage.put(&key, content(10, 1)).boxed()).boxed(),
        refused("begin", async { storage.begin(id).await.map(drop) }.boxed()).boxed(),
        refused("read", async { read(&storage, 20, 20).await.map(drop) }.boxed()).boxed(),
        refused("remove", storage.remove(&key).boxed()).boxed(),
        refused("abandon", storage.abandon(id, Some("ticket"), Some(&key)).boxed()).boxed(),
        refused("probe", storage.probe().boxed()).boxed(),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_answers_is_not_waited_for() {
    for manner in [Manner::Silent, Manner::Deaf, Manner::Stops(b"HTTP/1.1 200 OK\r\nx-".to_vec())] {
        for words in all_unavailable(&Fake::new(manner).await).await {
            assert!(words.contains("no answer within"), "{words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_is_asked_a_few_times_at_the_most() {
    let fake = Fake::new(Manner::Cut).await;
    let asked = all_unavailable(&fake).await.len();
    assert!(fake.heads().len() <= asked * ATTEMPTS, "{}", fake.heads().len());
}

/// A storm of refusals is not answered with another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_too_busy_is_asked_a_few_times_at_the_most() {
    let fake = Fake::new(Manner::Says(error("503 Service Unavailable", "SlowDown", "c4n4ry"))).await;
    let said = all_unavailable(&fake).await;
    assert!(said.iter().all(|words| !words.contains("c4n4ry")), "{said:?}");
    assert!(said.iter().any(|words| words.contains("503") && words.contains("SlowDown")), "{said:?}");
    assert!(fake.heads().len() <= said.len() * ATTEMPTS, "{}", fake.heads().len());
}

/// Requests are signed: nobody else gets one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_redirect_is_followed() {
    let other = Fake::new(Manner::Says(answer("200 OK", "content-length: 0\r\netag: \"x\"\r\n", b""))).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let headers = format!("location: {}/bucket/elsewhere\r\ncontent-length: 0\r\n", other.endpoint());
        let fake = Fake::new(Manner::Says(answer(status, &headers, b""))).await;
        let said = all_unavailable(&fake).await;
        assert!(said.iter().any(|words| words.contains(&status[..3])), "{said:?}");
        assert!(!fake.heads().is_empty());
    }
    assert_eq!(other.heads(), Vec::<String>::new());
}

/// Ten megabytes of XML are not read to their end, whether they say that something failed or that it did not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_is_no_answer() {
    let long = "x".repeat(10 * 1024 * 1024);
    let fake = Fake::new(Manner::Says(error("400 Bad Request", "Bad", &long))).await;
    all_unavailable(&fake).await;
    let body = format!("<InitiateMultipartUploadResult><UploadId>{long}</UploadId></InitiateMultipartUploadResult>");
    let fake = Fake::new(Manner::Says(answer("200 OK", &format!("content-length: {}\r\n", body.len()), body.as_bytes()))).await;
    let storage = fake.storage().await;
    assert_unavailable("begin", Instant::now(), storage.begin(Uuid::now_v7()).await.map(drop));
}

/// A body that is cut, or comes to a stop, is no damage to what is kept: it may come as a whole the next time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_body_is_unavailable() {
    for etag in ["", "etag: \"x\"\r\n"] {
        let half = answer("200 OK", &format!("content-length: 20\r\n{etag}"), b"half a bod");
        for manner in [Manner::Says(half.clone()), Manner::Stops(half)] {
            let storage = Fake::new(manner).await.keep().await;
            assert_unavailable("half", Instant::now(), read(&storage.1, 20, 20).await.map(drop));
            // What came is given.
            assert_eq!(read(&storage.1, 20, 10).await.unwrap(), "half a bod");
        }
    }
}

/// An object that is there as a whole, and shorter or longer than it must be, is damaged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_of_another_size_is_damaged() {
    let whole = answer("200 OK", "content-length: 10\r\netag: \"x\"\r\n", b"half a bod");
    let (_fake, storage) = Fake::new(Manner::Says(whole)).await.keep().await;
    for size in [0, 9, 11, 20] {
        let read = read(&storage, size, 9).await;
        assert!(matches!(read, Err(StorageError::Damaged(_))), "{read:?}");
    }
}

/// What an answer means: an object that is missing is not a bucket that is, and one without room is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_are_told_apart() {
    let missing = |code| error("404 Not Found", code, "");
    let (_fake, storage) = Fake::new(Manner::Says(missing("NoSuchKey"))).await.keep().await;
    let outcome = read(&storage, 20, 20).await;
    assert!(matches!(outcome, Err(StorageError::Missing)), "{outcome:?}");
    storage.remove(&key(Uuid::now_v7())).await.unwrap();
    let fake = Fake::new(Manner::Says(missing("NoSuchBucket"))).await;
    all_unavailable(&fake).await;
    for full in [error("403 Forbidden", "QuotaExceeded", ""), error("507 Insufficient Storage", "XMinioStorageFull", "")] {
        let (_fake, storage) = Fake::new(Manner::Says(full)).await.keep().await;
        let put = storage.put(&key(Uuid::now_v7()), content(1, 1)).await;
        assert!(matches!(put, Err(StorageError::Full)), "{put:?}");
    }
    let (_fake, storage) = Fake::new(Manner::Says(error("403 Forbidden", "AccessDenied", ""))).await.keep().await;
    assert_unavailable("put", Instant::now(), storage.put(&key(Uuid::now_v7()), content(1, 1)).await);
}

/// Where TLS is asked for, nothing goes out without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tls_nothing_is_sent() {
    let fake = Fake::new(Manner::Silent).await;
    let endpoint = fake.endpoint().replace("http://", "https://").parse().unwrap();
    let target = StorageTarget::S3(S3Settings { endpoint: Some(endpoint), ..fake.settings() });
    let storage = Storage::open(&target).await.unwrap();
    assert_unavailable("put", Instant::now(), storage.put(&key(Uuid::now_v7()), content(1, 1)).await);
    assert_eq!(fake.heads(), Vec::<String>::new());
}

/// The secret is shown by nothing that is printed of a target.
#[tokio::test]
async fn a_target_shows_no_secret() {
    let fake = Fake::new(Manner::Cut).await;
    let target = StorageTarget::S3(fake.settings());
    let storage = Storage::open(&target).await.unwrap();
    let shown = format!("{target} {target:?} {storage:?}");
    assert!(shown.contains("s3://bucket/some/where"), "{shown}");
    assert!(!format!("{target} {target:?}").contains("no secret"), "{shown}");
    assert!(!format!("{storage:?}").contains("no secret"), "{storage:?}");
}

impl Fake {
    /// Itself, and a storage that talks to it.
    async fn keep(self) -> (Self, Storage) {
        let storage = self.storage().await;
        (self, storage)
    }
}

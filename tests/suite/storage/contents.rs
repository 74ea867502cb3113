//! What is put in comes out, of every size, wherever it is kept.

use super::{CHUNK, MIB, PART, Storage, StorageError, StorageTarget, assert_missing, content, download, key, upload};
use bytes::Bytes;
use futures::future::join_all;
#[cfg(feature = "s3")]
use registry_tests::s3::Bucket;
use std::fs::DirEntry;
use std::path::Path;
use uuid::Uuid;

/// At the borders of everything that is done in pieces.
const SIZES: [usize; 11] = [0, 1, CHUNK - 1, CHUNK, MIB - 1, MIB, MIB + 1, PART - 1, PART, PART + 1, 64 * MIB];

/// What is in a storage directory and at no key.
fn left(directory: &Path) -> Vec<String> {
    let of = |room| std::fs::read_dir(directory.join("artifacts").join(room)).unwrap();
    let name = |entry: std::io::Result<DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    of("uploads").chain(of("probes")).map(name).collect()
}

/// Declares a scenario for each place where contents are kept.
macro_rules! everywhere {
    ($($(#[$meta:meta])* async fn $name:ident($storage:ident: &Storage) $body:block)+) => {
        $($(#[$meta])*
        mod $name {
            use super::*;

            async fn scenario($storage: &Storage) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_a_directory() {
                let directory = tempfile::tempdir().unwrap();
                let target = StorageTarget::Directory(directory.path().join("artifacts"));
                scenario(&Storage::open(&target).await.unwrap()).await;
                assert_eq!(left(directory.path()), Vec::<String>::new(), "in uploads or probes");
            }

            #[cfg(feature = "s3")]
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_a_bucket() {
                let bucket = Bucket::fresh().await;
                scenario(&Storage::open(&bucket.target()).await.unwrap()).await;
                let left: Vec<String> =
                    bucket.everything().await.into_iter().filter(|key| !key.starts_with("some/where/sha256/ab/")).collect();
                assert_eq!(left, Vec::<String>::new());
            }
        })+
    };
}

everywhere! {
    /// Equal to the byte, as a whole and from any place on, and gone after it is removed.
    async fn what_is_uploaded_is_downloaded(storage: &Storage) {
        for (seed, size) in (1..).zip(SIZES) {
            let bytes = content(size, seed);
            let key = upload(storage, Uuid::now_v7(), &bytes).await.unwrap();
            for offset in [0, size / 2, size.saturating_sub(1), size] {
                assert!(download(storage, &key, offset, size).await.unwrap() == bytes[offset..], "{size} bytes from {offset} on");
            }
            storage.remove(&key).await.unwrap();
            assert_missing(storage, &key, size).await;
            storage.remove(&key).await.unwrap();
        }
    }

    /// The same for what fits into one piece; and what does not is refused.
    async fn what_is_put_is_downloaded(storage: &Storage) {
        for (seed, size) in (1..).zip(SIZES) {
            let (bytes, key) = (content(size, seed), key(Uuid::now_v7()));
            let put = storage.put(&key, bytes.clone()).await;
            if size > PART {
                assert!(matches!(put, Err(StorageError::TooLarge)), "{put:?}");
                continue;
            }
            put.unwrap();
            // A second attempt whose first was not heard of.
            storage.put(&key, bytes.clone()).await.unwrap();
            assert!(download(storage, &key, 0, size).await.unwrap() == bytes, "{size} bytes");
            storage.remove(&key).await.unwrap();
            assert_missing(storage, &key, size).await;
        }
    }

    /// The same bytes have as many lives as uploads: the end of one is not the end of another.
    async fn a_removal_hits_no_other_life_of_the_same_bytes(storage: &Storage) {
        let bytes = content(CHUNK, 1);
        let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
        let (first, second) = (upload(storage, first, &bytes).await.unwrap(), upload(storage, second, &bytes).await.unwrap());
        storage.remove(&first).await.unwrap();
        assert_missing(storage, &first, CHUNK).await;
        assert!(download(storage, &second, 0, CHUNK).await.unwrap() == bytes);
    }

    /// Whoever expects another size is told that something is wrong, before he gets a byte.
    async fn another_size_is_damage(storage: &Storage) {
        let key = upload(storage, Uuid::now_v7(), &content(CHUNK, 1)).await.unwrap();
        for size in [0, 1, CHUNK - 1, CHUNK + 1] {
            let read = storage.read(&key, 0, u64::try_from(size).unwrap()).await;
            assert!(matches!(read, Err(StorageError::Damaged(_))), "{size}: {read:?}");
        }
        let mut reader = storage.read(&key, 0, u64::try_from(CHUNK).unwrap()).await.unwrap();
        let beyond = reader.next(CHUNK + 1).await;
        assert!(matches!(beyond, Err(StorageError::Damaged(_))), "{beyond:?}");
    }

    /// An upload leaves nothing after it is abandoned, wherever it stopped, whoever abandons it, and however often.
    async fn nothing_is_left_of_what_is_abandoned(storage: &Storage) {
        let kept = upload(storage, Uuid::now_v7(), &content(1, 1)).await.unwrap();
        for size in [0, 1, MIB, 2 * PART + 1] {
            let id = Uuid::now_v7();
            let mut upload = storage.begin(id).await.unwrap();
            let ticket = upload.ticket().map(str::to_owned);
            if size > 0 {
                upload.write(content(size, 2)).await.unwrap();
            }
            drop(upload);
            for _ in 0..2 {
                storage.abandon(id, ticket.as_deref(), None).await.unwrap();
            }
        }
        let finished = upload(storage, Uuid::now_v7(), &content(MIB, 3)).await.unwrap();
        storage.abandon(finished.id(), None, Some(&finished)).await.unwrap();
        assert_missing(storage, &finished, MIB).await;
        let put = key(Uuid::now_v7());
        storage.put(&put, content(1, 3)).await.unwrap();
        storage.abandon(put.id(), None, Some(&put)).await.unwrap();
        assert_missing(storage, &put, 1).await;
        storage.abandon(Uuid::now_v7(), None, Some(&key(Uuid::now_v7()))).await.unwrap();
        assert_eq!(download(storage, &kept, 0, 1).await.unwrap(), content(1, 1));
    }

    /// Many at once do not get into each other's way.
    async fn many_uploads_at_once_keep_apart(storage: &Storage) {
        let uploads = (0..20).map(async |seed| {
            let bytes: Bytes = content(MIB + usize::try_from(seed).unwrap(), seed);
            let key = upload(storage, Uuid::now_v7(), &bytes).await.unwrap();
            assert!(download(storage, &key, 0, bytes.len()).await.unwrap() == bytes, "{seed}");
            storage.probe().await.ok();
        });
        join_all(uploads).await;
        storage.probe().await.unwrap();
    }
}

//! The same with the bytes in a bucket.

use super::{MIB, PATIENCE, chunk, first, noise, parent, sha256, start, upload};
use futures::future::join_all;
use futures::{StreamExt, stream};
use registry_client::{ArtifactContentState, Code, ErrorReason};
use registry_server::storage::{ContentKey, PART, Storage, StorageTarget};
use registry_tests::s3::{self, Bucket};
use registry_tests::wire::Wire;
use registry_tests::{Database, Harness, expect, on_every_database, rows, wait};
use std::time::{Duration, Instant};

async fn on(database: Database, bucket: &Bucket) -> Harness {
    Harness::with(database, |settings| settings.storage = bucket.target()).await
}

/// Waits until there are so many objects and unfinished uploads in a bucket, apart from what health tries.
async fn until_objects(bucket: &Bucket, count: usize) -> Vec<String> {
    let settled = || async {
        let mut found = bucket.everything().await;
        found.retain(|name| !name.contains("/probes/"));
        (found.len() == count).then_some(found)
    };
    wait::until(format_args!("{count} objects"), PATIENCE, settled).await
}

/// The key that an object is at: `…/<digest>-<id>`.
fn key_of(object: &str) -> ContentKey {
    let (digest, id) = object.rsplit('/').next().unwrap().split_once('-').unwrap();
    ContentKey::new(hex::decode(digest).unwrap().try_into().unwrap(), id.parse().unwrap())
}

on_every_database! {
    /// Bytes of every size come out as they went in.
    async fn what_goes_in_comes_out(database: Database) {
        let bucket = Bucket::fresh().await;
        let registry = &on(database, &bucket).await;
        let parent = parent(registry).await;
        let sizes = [0, 1, MIB - 1, MIB, MIB + 1, PART, PART + 1, 64 * MIB];
        for (index, size) in sizes.into_iter().enumerate() {
            let bytes = noise(size, index as u64);
            let artifact = upload(registry, &parent, &format!("f{index}"), bytes.clone()).await;
            assert_eq!(artifact.checksum, sha256(&bytes));
            let found = registry.client.download_artifact(&artifact.id).bytes().await.unwrap();
            assert!(found == bytes, "{size} bytes");
            let part = registry.client.download_artifact(&artifact.id).offset(size as u64 / 2).limit(MIB as u64).bytes().await.unwrap();
            assert!(part == bytes[size / 2..size.min(size / 2 + MIB)], "the middle of {size} bytes");
        }
        let objects = until_objects(&bucket, sizes.len()).await;
        assert!(objects.iter().all(|name| name.contains("/sha256/")), "{objects:?}");
    }

    /// Fifty callers at once upload the same bytes under fifty names: they are stored once, and come out.
    async fn equal_bytes_are_stored_once(database: Database) {
        let bucket = Bucket::fresh().await;
        let registry = &on(database, &bucket).await;
        let parent = parent(registry).await;
        let bytes = noise(MIB, 5);
        let names: Vec<String> = (0..50).map(|index| format!("f{index}")).collect();
        let artifacts = join_all(names.iter().map(|name| upload(registry, &parent, name, bytes.clone()))).await;
        until_objects(&bucket, 1).await;
        for artifact in artifacts.iter().step_by(10) {
            assert!(registry.client.download_artifact(&artifact.id).bytes().await.unwrap() == bytes);
        }
    }

    /// An upload that is broken off leaves nothing, not even an unfinished upload of the bucket.
    async fn what_is_broken_off_goes(database: Database) {
        let bucket = Bucket::fresh().await;
        let registry = &on(database, &bucket).await;
        let parent = parent(registry).await;
        let before = rows::all(registry).await;
        let chunks: Vec<_> = (0..14).map(|index| chunk(noise(MIB, index))).collect();
        let messages = stream::iter(std::iter::once(first(start(&parent, "f"))).chain(chunks)).chain(stream::pending());
        let mut stub = registry.client.artifact_service();
        let uploading = tokio::spawn(async move { drop(stub.upload_artifact(messages).await) });
        until_objects(&bucket, 1).await;
        uploading.abort();
        until_objects(&bucket, 0).await;
        wait::until("no leftovers", PATIENCE, async || (rows::all(registry).await == before).then_some(())).await;
        let wrong = registry.client.upload_artifact(&parent, "f").checksum(sha256(b"x")).send_bytes(noise(PART + 1, 1)).await;
        expect::invalid(wrong, &[("start.artifact.checksum", "CHECKSUM_MISMATCH")]);
        until_objects(&bucket, 0).await;
    }

    /// An object that is not what it was: no byte of what is there now comes out.
    async fn a_damaged_object_is_told(database: Database) {
        let bucket = Bucket::fresh().await;
        let registry = &on(database, &bucket).await;
        let parent = parent(registry).await;
        for (name, content) in [("other", "b".repeat(100)), ("shorter", "a".repeat(99)), ("longer", "a".repeat(101))] {
            let artifact = upload(registry, &parent, name, format!("{name}{}", "a".repeat(100 - name.len())).into()).await;
            let objects = until_objects(&bucket, 1).await;
            let key = key_of(&objects[0]);
            let storage = Storage::open(&bucket.target()).await.unwrap();
            storage.remove(&key).await.unwrap();
            storage.put(&key, content.into()).await.unwrap();
            let error = registry.client.download_artifact(&artifact.id).bytes().await;
            expect::refused(error, Code::DataLoss, ErrorReason::ArtifactDamaged);
            let now = registry.client.get_artifact(&artifact.id).send().await.unwrap();
            assert_eq!(now.content_state(), ArtifactContentState::Lost, "{name}");
            registry.client.delete_artifact(&artifact.id).send().await.unwrap();
            storage.remove(&key).await.unwrap();
        }
    }

    /// A bucket that does not answer for a while: uploads and downloads say so in time, metadata goes on, and it heals.
    async fn a_bucket_out_of_reach_heals(database: Database) {
        let (bucket, wire) = (Bucket::fresh().await, Wire::to(s3::address()).await);
        let mut settings = bucket.settings();
        settings.endpoint = Some(format!("http://{}", wire.address()).parse().unwrap());
        settings.deadline = Duration::from_secs(2);
        let registry = &Harness::with(database, |server| server.storage = StorageTarget::S3(settings)).await;
        let parent = parent(registry).await;
        let artifact = upload(registry, &parent, "before", noise(MIB, 1)).await;
        wire.fall_silent();
        let began = Instant::now();
        let down = registry.client.download_artifact(&artifact.id).bytes().await;
        expect::refused(down, Code::Unavailable, ErrorReason::BackendUnavailable);
        for size in [MIB, PART + 1] {
            let up = registry.client.upload_artifact(&parent, "during").send_bytes(noise(size, 2)).await;
            expect::refused(up, Code::Unavailable, ErrorReason::BackendUnavailable);
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        let meanwhile = registry.client.get_artifact(&artifact.id).send().await.unwrap();
        assert_eq!(meanwhile.content_state(), ArtifactContentState::Stored, "what cannot be reached is not lost");
        wire.speak();
        let again = || async { registry.client.download_artifact(&artifact.id).bytes().await.ok() };
        assert!(wait::until("the bucket again", PATIENCE, again).await == noise(MIB, 1));
        upload(registry, &parent, "during", noise(MIB, 2)).await;
    }
}

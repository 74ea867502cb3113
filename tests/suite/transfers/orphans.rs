//! Bytes that belong to nothing go after a while, and no others.

use super::{MIB, PATIENCE, chunk, directory, files, first, noise, only_file, parent, sha256, start, until_files, upload};
use futures::{StreamExt, stream};
use registry_client::{Artifact, Code, ErrorReason};
use registry_server::serve::Settings;
use registry_tests::{Harness, expect, on_every_database, rows, wait};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnboundedReceiverStream;

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);
const A_MICROSECOND: Duration = Duration::from_micros(1);

/// Looks for what is due all the time.
fn busy(settings: &mut Settings) {
    settings.housekeeping = Duration::from_millis(20);
}

/// Deletes artifacts, and waits until their rows are gone, which their bytes outlive.
async fn purge(registry: &Harness, artifacts: &[&Artifact]) {
    for artifact in artifacts {
        registry.client.delete_artifact(&artifact.id).send().await.unwrap();
    }
    registry.advance(30 * DAY);
    for artifact in artifacts {
        let gone = || async { registry.client.get_artifact(&artifact.id).send().await.err() };
        let error = wait::until("a purge", PATIENCE, gone).await;
        expect::refused(Err::<(), _>(error), Code::NotFound, ErrorReason::ArtifactNotFound);
    }
}

/// Waits until the registry has looked once more for what is due: by then it has removed a mark that was due.
async fn a_round(registry: &Harness) {
    let id = format!("mark-{}", uuid::Uuid::now_v7());
    let model = registry_tests::given::model(registry, &id).await;
    for _ in 0..2 {
        let mark = upload_of_model(registry, &model.name).await;
        purge(registry, &[&mark]).await;
    }
}

async fn upload_of_model(registry: &Harness, model: &str) -> Artifact {
    let upload = registry.client.upload_artifact(model, "mark").send_bytes(model.to_owned());
    upload.await.expect("an upload")
}

/// Leaves an upload in the middle.
fn unfinished(registry: &Harness, start: registry_client::pb::UploadArtifactRequest, bytes: usize) -> JoinHandle<()> {
    let chunks = (0..bytes / MIB).map(|index| chunk(noise(MIB, index as u64)));
    let messages = stream::iter(std::iter::once(start).chain(chunks.collect::<Vec<_>>())).chain(stream::pending());
    let mut stub = registry.client.artifact_service();
    tokio::spawn(async move { drop(stub.upload_artifact(messages).await) })
}

on_every_database! {
    /// The bytes of a purged artifact are removed when their time is over, and not before; those that another artifact has stay.
    async fn what_is_purged_goes_and_nothing_else(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let parent = parent(registry).await;
        let alone = upload(registry, &parent, "alone", noise(10, 1)).await;
        let shared = upload(registry, &parent, "shared", noise(20, 2)).await;
        let sharing = upload(registry, &parent, "sharing", noise(20, 2)).await;
        purge(registry, &[&alone, &shared]).await;
        registry.advance(HOUR - A_MICROSECOND);
        assert_eq!(files(registry).len(), 2, "not yet");
        registry.advance(A_MICROSECOND);
        until_files(registry, 1).await;
        assert!(registry.client.download_artifact(&sharing.id).bytes().await.unwrap() == noise(20, 2));
        purge(registry, &[&sharing]).await;
        registry.advance(HOUR);
        until_files(registry, 0).await;
        wait::until("no rows", PATIENCE, async || rows::all(registry).await["contents"].is_empty().then_some(())).await;
    }

    /// Bytes that nothing had for a while, and that are uploaded again, stay. Bytes that were removed can be uploaded again.
    async fn what_comes_back_stays(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let parent = parent(registry).await;
        for round in 0..3 {
            let first = upload(registry, &parent, "first", noise(10, 1)).await;
            purge(registry, &[&first]).await;
            registry.advance(HOUR - A_MICROSECOND);
            let again = upload(registry, &parent, &format!("again{round}"), noise(10, 1)).await;
            registry.advance(2 * HOUR);
            a_round(registry).await;
            assert!(registry.client.download_artifact(&again.id).bytes().await.unwrap() == noise(10, 1));
            purge(registry, &[&again]).await;
            registry.advance(HOUR);
            let uploads = directory(registry).join("uploads");
            wait::until("no bytes of it", PATIENCE, async || {
                let hash = sha256(&noise(10, 1)).split_off(7);
                (!files(registry).iter().any(|file| file.to_string_lossy().contains(&hash) || file.starts_with(&uploads))).then_some(())
            })
            .await;
        }
    }

    /// What cannot be removed keeps nothing else from being removed, and goes when it can.
    async fn what_is_stuck_stops_nobody(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let parent = parent(registry).await;
        let stuck = upload(registry, &parent, "stuck", noise(10, 1)).await;
        let file = only_file(registry);
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        std::fs::write(file.join("in the way"), "").unwrap();
        purge(registry, &[&stuck]).await;
        registry.advance(HOUR);
        let other = upload(registry, &parent, "other", noise(20, 2)).await;
        purge(registry, &[&other]).await;
        registry.advance(HOUR);
        until_files(registry, 1).await;
        std::fs::remove_dir_all(&file).unwrap();
        wait::until("no rows", PATIENCE, async || rows::all(registry).await["contents"].is_empty().then_some(())).await;
    }

    /// An upload that is broken off leaves nothing.
    async fn what_is_broken_off_goes_at_once(database: Database) {
        let registry = &Harness::start(database).await;
        let parent = parent(registry).await;
        let before = rows::all(registry).await;
        for bytes in [0, 3 * MIB, 9 * MIB] {
            let upload = unfinished(registry, first(start(&parent, "f")), bytes);
            if bytes > 6 * MIB {
                wait::until("bytes on the way", PATIENCE, async || (!files(registry).is_empty()).then_some(())).await;
            }
            upload.abort();
            until_files(registry, 0).await;
            wait::until("no leftovers", PATIENCE, async || (rows::all(registry).await == before).then_some(())).await;
        }
    }

    /// An upload that nobody says to be alive any more is taken for dead: what it left is removed, and it cannot be finished.
    async fn a_dead_upload_cannot_be_finished(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let parent = parent(registry).await;
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let mut stub = registry.client.artifact_service();
        let uploading = tokio::spawn(async move { stub.upload_artifact(UnboundedReceiverStream::new(receiver)).await });
        sender.send(first(start(&parent, "f"))).unwrap();
        (0..9).for_each(|index| sender.send(chunk(noise(MIB, index))).unwrap());
        wait::until("bytes on the way", PATIENCE, async || (!files(registry).is_empty()).then_some(())).await;
        registry.advance(HOUR);
        until_files(registry, 0).await;
        wait::until("no rows", PATIENCE, async || rows::all(registry).await["uploads"].is_empty().then_some(())).await;
        drop(sender);
        let status = uploading.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        let again = upload(registry, &parent, "f", noise(5, 5)).await;
        assert_eq!(again.size_bytes, Some(5));
    }
}

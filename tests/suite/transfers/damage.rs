//! What has happened to the file of an artifact behind the registry's back: no damaged byte comes out, nothing hangs, and the registry
//! says so from then on.

use super::{Harness, MIB, noise, only_file, overwrite, parent, upload};
use futures::TryStreamExt;
use registry_client::{Artifact, ArtifactContentState, Code, Error, ErrorReason, EventType, Model, Release};
use registry_tests::{conformance, expect, given};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

const SIZE: usize = 3 * MIB + 17;

/// Downloads it; what came before it failed, and why.
async fn fails(registry: &Harness, artifact: &Artifact) -> (usize, Error) {
    let attempt = async {
        let mut received = 0;
        let mut download = match registry.client.download_artifact(&artifact.id).stream().await {
            Ok(download) => download,
            Err(error) => return (received, error),
        };
        loop {
            match download.try_next().await {
                Ok(Some(chunk)) => {
                    assert!(chunk == noise(SIZE, 1)[received..received + chunk.len()], "no damaged byte comes out");
                    received += chunk.len();
                }
                Ok(None) => panic!("a damaged artifact came out, {received} bytes of it"),
                Err(error) => return (received, error),
            }
        }
    };
    let (received, error) = timeout(Duration::from_secs(20), attempt).await.expect("an answer, and no hang");
    (received, expect::refused(Err::<(), _>(error), Code::DataLoss, ErrorReason::ArtifactDamaged))
}

async fn damaged(registry: &Harness, by: impl FnOnce(&Path)) -> (Artifact, usize) {
    let parent = parent(registry).await;
    let artifact = upload(registry, &parent, "f", noise(SIZE, 1)).await;
    by(&only_file(registry));
    let (received, error) = fails(registry, &artifact).await;
    assert_eq!(error.resource().unwrap().resource_name, "f");
    let now = registry.client.get_artifact(&artifact.id).send().await.unwrap();
    assert_eq!(now.content_state(), ArtifactContentState::Lost);
    assert_ne!(now.etag, artifact.etag);
    let events = registry.client.list_events().after_revision(artifact.revision).send().await.unwrap().events;
    let [event] = events.try_into().unwrap();
    assert_eq!((event.event_type(), event.resource_id.as_str()), (EventType::Updated, artifact.id.as_str()));
    assert_eq!(event.changed_fields.unwrap().paths, ["content_state"]);
    // It is tried again each time, and told once.
    fails(registry, &artifact).await;
    assert_eq!(given::revision(registry).await, now.revision);
    (now, received)
}

/// What the server does not follow, an attacker would like to be sent.
fn secret(path: &Path) -> std::path::PathBuf {
    let secret = path.with_file_name("secret");
    std::fs::write(&secret, noise(SIZE, 2)).unwrap();
    secret
}

conformance! {
    /// One bit: what was before it comes, in whole chunks, and nothing from it on.
    async fn a_flipped_bit(registry: &Harness) {
        let at = 2 * MIB + 5;
        let flipped = noise(SIZE, 1)[at] ^ 1;
        let (_, received) = damaged(registry, |path| overwrite(path, at as u64, &[flipped])).await;
        assert_eq!(received, 2 * MIB);
    }

    /// A part of it that is whole can be had still.
    async fn beside_a_flipped_bit(registry: &Harness) {
        let flipped = noise(SIZE, 1)[5] ^ 1;
        let (artifact, received) = damaged(registry, |path| overwrite(path, 5, &[flipped])).await;
        assert_eq!(received, 0);
        let part = registry.client.download_artifact(&artifact.id).offset(MIB as u64).bytes().await.unwrap();
        assert!(part == noise(SIZE, 1)[MIB..]);
    }

    /// A file that is shorter than it was.
    async fn a_truncated_file(registry: &Harness) {
        damaged(registry, |path| std::fs::File::options().write(true).open(path).unwrap().set_len(SIZE as u64 - 1).unwrap()).await;
    }

    /// A file that is longer than it was.
    async fn a_file_that_grew(registry: &Harness) {
        damaged(registry, |path| std::fs::File::options().write(true).open(path).unwrap().set_len(SIZE as u64 + 1).unwrap()).await;
    }

    /// No file.
    async fn a_file_that_is_gone(registry: &Harness) {
        damaged(registry, |path| std::fs::remove_file(path).unwrap()).await;
    }

    /// A symbolic link to a file with the right size.
    async fn a_file_replaced_by_a_link(registry: &Harness) {
        damaged(registry, |path| {
            let secret = secret(path);
            std::fs::remove_file(path).unwrap();
            symlink(secret, path).unwrap();
        })
        .await;
    }

    /// A symbolic link to the very bytes: it is not followed either.
    async fn a_file_replaced_by_a_link_to_itself(registry: &Harness) {
        damaged(registry, |path| {
            let elsewhere = path.with_file_name("elsewhere");
            std::fs::rename(path, &elsewhere).unwrap();
            symlink(elsewhere, path).unwrap();
        })
        .await;
    }

    /// A pipe, which whoever opens it would wait at for ever.
    async fn a_file_replaced_by_a_pipe(registry: &Harness) {
        damaged(registry, |path| {
            std::fs::remove_file(path).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        })
        .await;
    }

    /// A directory.
    async fn a_file_replaced_by_a_directory(registry: &Harness) {
        damaged(registry, |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        })
        .await;
    }

    /// The directory around it is a link to one that has the file.
    async fn a_directory_replaced_by_a_link(registry: &Harness) {
        damaged(registry, |path| {
            let (shelf, elsewhere) = (path.parent().unwrap(), path.parent().unwrap().with_file_name("elsewhere"));
            std::fs::rename(shelf, &elsewhere).unwrap();
            symlink(elsewhere, shelf).unwrap();
        })
        .await;
    }

    /// Bytes that are gone are not shared by whoever uploads them again: they are there again, for him, whether anybody has noticed or not.
    async fn what_is_gone_can_be_uploaded_again(registry: &Harness) {
        let parent = parent(registry).await;
        let first = upload(registry, &parent, "first", noise(SIZE, 1)).await;
        std::fs::remove_file(only_file(registry)).unwrap();
        let again = upload(registry, &parent, "again", noise(SIZE, 1)).await;
        assert!(registry.client.download_artifact(&again.id).bytes().await.unwrap() == noise(SIZE, 1));
        let first = registry.client.get_artifact(&first.id).send().await.unwrap();
        assert_eq!(first.content_state(), ArtifactContentState::Lost);
    }

    /// If the bytes are back, a download of the whole finds out, and the registry says so. A part says nothing of the rest.
    async fn what_is_back_is_stored(registry: &Harness) {
        let (artifact, _) = damaged(registry, |path| std::fs::rename(path, path.with_file_name("away")).unwrap()).await;
        let away = only_file(registry);
        let name = std::fs::read_dir(away.parent().unwrap()).unwrap().count();
        assert_eq!(name, 1);
        let hash = artifact.checksum.trim_start_matches("sha256:");
        let db = registry.sql().await;
        let id = content_id(&db).await;
        db.close().await.unwrap();
        std::fs::rename(&away, away.with_file_name(format!("{hash}-{id}"))).unwrap();
        registry.client.download_artifact(&artifact.id).offset(1).bytes().await.unwrap();
        let still = registry.client.get_artifact(&artifact.id).send().await.unwrap();
        assert_eq!(still.content_state(), ArtifactContentState::Lost);
        assert!(registry.client.download_artifact(&artifact.id).bytes().await.unwrap() == noise(SIZE, 1));
        let now = registry.client.get_artifact(&artifact.id).send().await.unwrap();
        assert_eq!(now.content_state(), ArtifactContentState::Stored);
    }

    /// Bytes that are found damaged through one artifact, and sound again, are told to whatever else has them: also to what is
    /// soft-deleted, which comes back all the same, as what it was deleted with.
    async fn damage_does_not_keep_deleted_twins_from_coming_back(registry: &Harness) {
        let client = &registry.client;
        let parent = parent(registry).await;
        let (release, model) = (given::release(registry, "m", "2").await, given::model(registry, "other").await);
        let bytes = noise(SIZE, 1);
        let live = upload(registry, &parent, "live", bytes.clone()).await;
        let of_release = upload(registry, &(&release).into(), "x", bytes.clone()).await;
        let of_model = client.upload_artifact(&model, "x").send_bytes(bytes).await.unwrap();
        client.delete_release(&release).send().await.unwrap();
        client.delete_model(&model).force().send().await.unwrap();
        let flipped = noise(SIZE, 1)[5] ^ 1;
        overwrite(&only_file(registry), 5, &[flipped]);
        fails(registry, &live).await;
        come_back(registry, &release, &model, [&live, &of_release, &of_model], ArtifactContentState::Lost).await;
        client.delete_release(&release).send().await.unwrap();
        client.delete_model(&model).force().send().await.unwrap();
        overwrite(&only_file(registry), 5, &[flipped ^ 1]);
        client.download_artifact(&live.id).bytes().await.unwrap();
        come_back(registry, &release, &model, [&live, &of_release, &of_model], ArtifactContentState::Stored).await;
    }
}

/// Only the first of these artifacts was told by an event; the others are of a release and of a model that are deleted, and come
/// back with them.
async fn come_back(registry: &Harness, release: &Release, model: &Model, of: [&Artifact; 3], state: ArtifactContentState) {
    let client = &registry.client;
    let now = given::revision(registry).await;
    let events = client.list_events().after_revision(now - 1).send().await.unwrap().events;
    assert_eq!(events.iter().map(|event| &event.resource_id).collect::<Vec<_>>(), [&of[0].id]);
    client.undelete_release(release).send().await.unwrap();
    client.undelete_model(model).send().await.unwrap();
    for artifact in of {
        let artifact = client.get_artifact(artifact).send().await.unwrap();
        assert_eq!((artifact.delete_time, artifact.content_state()), (None, state), "{}", artifact.name);
    }
}

/// The id of the one content that the registry knows of.
async fn content_id(db: &sea_orm::DatabaseConnection) -> uuid::Uuid {
    use sea_orm::{ConnectionTrait, Statement};
    let statement = Statement::from_string(db.get_database_backend(), "SELECT id FROM contents");
    db.query_one_raw(statement).await.unwrap().unwrap().try_get("", "id").unwrap()
}

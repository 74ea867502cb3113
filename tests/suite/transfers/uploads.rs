//! Uploads through the client.

use super::{MIB, PATIENCE, files, noise, parent, sha256, until_files, upload};
use futures::future::join_all;
use registry_client::pb::ListAuditEntriesRequest;
use registry_client::{ArtifactContentState, Code, ErrorReason, EventType};
use registry_server::storage::PART;
use registry_tests::{conformance, expect, given, rows, wait};
use sha2::{Digest, Sha512};
use std::sync::{Arc, Mutex};

conformance! {
    /// Bytes of every size come out as they went in, and the registry knows how many they are and what their checksum is.
    async fn what_goes_in_comes_out(registry: &Harness) {
        let parent = parent(registry).await;
        for (index, size) in [0, 1, MIB - 1, MIB, MIB + 1, PART - 1, PART, PART + 1, 2 * PART + 7].into_iter().enumerate() {
            let bytes = noise(size, size as u64);
            let artifact = upload(registry, &parent, &format!("f{index}"), bytes.clone()).await;
            assert_eq!(artifact.size_bytes, Some(i64::try_from(size).unwrap()));
            assert_eq!(artifact.checksum, sha256(&bytes));
            assert_eq!(artifact.content_state(), ArtifactContentState::Stored);
            assert_eq!(artifact.file_path, format!("registry://artifacts/{}", artifact.id));
            assert_eq!(registry.client.get_artifact(&artifact.id).send().await.unwrap(), artifact);
            let found = registry.client.download_artifact(&artifact.id).bytes().await.unwrap();
            assert!(found == bytes, "{size} bytes");
        }
        until_files(registry, 9).await;
    }

    /// What the caller says of the bytes must be so, by whichever algorithm; otherwise nothing is there afterwards.
    async fn what_is_announced_must_arrive(registry: &Harness) {
        let parent = parent(registry).await;
        let bytes = noise(PART + 1000, 1);
        let before = rows::all(registry).await;
        let upload = || registry.client.upload_artifact(&parent, "f");
        for wrong in [sha256(b"other"), format!("sha512:{}", "0".repeat(128)), format!("blake3:{}", "0".repeat(64))] {
            let refused = upload().checksum(wrong).send_bytes(bytes.clone()).await;
            expect::invalid(refused, &[("start.artifact.checksum", "CHECKSUM_MISMATCH")]);
        }
        for wrong in [0, 1, PART as i64, PART as i64 + 1001] {
            let refused = upload().size_bytes(wrong).send_reader(std::io::Cursor::new(bytes.clone())).await;
            expect::invalid(refused, &[("start.artifact.size_bytes", "SIZE_MISMATCH")]);
        }
        until_files(registry, 0).await;
        wait::until("no leftovers", PATIENCE, async || (rows::all(registry).await == before).then_some(())).await;
        let sha512 = format!("sha512:{}", hex::encode(Sha512::digest(&bytes)));
        let blake3 = format!("blake3:{}", blake3::hash(&bytes).to_hex());
        for (index, right) in [sha512, blake3].into_iter().enumerate() {
            let upload = registry.client.upload_artifact(&parent, format!("f{index}")).checksum(&right);
            assert_eq!(upload.send_bytes(bytes.clone()).await.unwrap().checksum, right);
        }
        until_files(registry, 1).await;
    }

    /// Fifty callers at once upload the same bytes under fifty names: they are stored once, and all fifty come out.
    async fn equal_bytes_are_stored_once(registry: &Harness) {
        let parent = parent(registry).await;
        let bytes = noise(PART + 1, 5);
        let uploads = (0..50).map(|index| upload(registry, &parent, Box::leak(format!("f{index}").into_boxed_str()), bytes.clone()));
        let artifacts = join_all(uploads).await;
        until_files(registry, 1).await;
        for artifact in artifacts {
            assert!(registry.client.download_artifact(&artifact.id).bytes().await.unwrap() == bytes);
        }
    }

    /// A change has an id: the same bytes again are answered with the first answer, other bytes are another change.
    async fn a_repeated_upload_is_one(registry: &Harness) {
        let parent = parent(registry).await;
        let id = given::request_id();
        let upload = |bytes| registry.client.upload_artifact(&parent, "f").request_id(&id).send_reader(std::io::Cursor::new(bytes));
        let first = upload(noise(10, 1)).await.unwrap();
        assert_eq!(upload(noise(10, 1)).await.unwrap(), first);
        expect::refused(upload(noise(10, 2)).await, Code::FailedPrecondition, ErrorReason::RequestIdReused);
        until_files(registry, 1).await;
        assert_eq!(given::events_of(registry, &id).await.len(), 1);
    }

    /// An upload is an event and an entry of the audit log like every other change, and one that is refused is in the log too.
    async fn an_upload_is_told(registry: &Harness) {
        let parent = parent(registry).await;
        let id = given::request_id();
        let upload = |id: &str| registry.client.upload_artifact(&parent, "f").request_id(id).send_bytes(noise(10, 1));
        let artifact = upload(&id).await.unwrap();
        let [event] = given::events_of(registry, &id).await.try_into().unwrap();
        assert_eq!((event.event_type(), event.resource_id), (EventType::Created, artifact.id));
        expect::refused(upload(&given::request_id()).await, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
        let entries = || async {
            let page = ListAuditEntriesRequest { page_size: 100, ..Default::default() };
            let entries = registry.client.call(page).send().await.unwrap().entries;
            let codes: Vec<i32> =
                entries.iter().filter(|entry| entry.method.ends_with("/UploadArtifact")).map(|entry| entry.code).collect();
            (codes.len() == 2).then_some(codes)
        };
        let mut codes = wait::until("two entries of the audit log", PATIENCE, entries).await;
        codes.sort_unstable();
        assert_eq!(codes, [Code::Ok as i32, Code::AlreadyExists as i32]);
    }

    /// A caller who names the path of the file, and who is told how far it is.
    async fn a_file_is_uploaded_with_its_progress(registry: &Harness) {
        let parent = parent(registry).await;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.bin");
        let bytes = noise(3 * MIB + 5, 3);
        std::fs::write(&path, &bytes).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let upload = registry.client.upload_artifact(&parent, "model.bin").artifact_type("binary").file_path("/models/model.bin");
        let upload = upload.progress(move |progress| told.lock().unwrap().push((progress.transferred_bytes, progress.total_bytes)));
        let artifact = upload.send_file(&path).await.unwrap();
        assert_eq!((artifact.file_path.as_str(), artifact.checksum), ("/models/model.bin", sha256(&bytes)));
        let total = bytes.len() as u64;
        let expected: Vec<_> = [MIB as u64, 2 * MIB as u64, 3 * MIB as u64, total].map(|done| (done, Some(total))).into();
        assert_eq!(*seen.lock().unwrap(), expected);
        let back = directory.path().join("back.bin");
        assert_eq!(registry.client.download_artifact(&artifact.id).save(&back).await.unwrap().id, artifact.id);
        assert!(std::fs::read(&back).unwrap() == bytes);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left of the download but the file");
        let missing = registry.client.upload_artifact(&parent, "g").send_file(directory.path().join("nothing")).await;
        assert!(matches!(missing, Err(registry_client::Error::File(_))), "{missing:?}");
        until_files(registry, 1).await;
    }

    /// What cannot be read to its end is not uploaded, and leaves nothing.
    async fn a_reader_that_fails_uploads_nothing(registry: &Harness) {
        let parent = parent(registry).await;
        let before = rows::all(registry).await;
        let reader = tokio_util::io::StreamReader::new(futures::stream::iter(
            (0..9).map(|index| if index < 8 { Ok(noise(MIB, index)) } else { Err(std::io::Error::other("no more")) }),
        ));
        let failed = registry.client.upload_artifact(&parent, "f").send_reader(reader).await.unwrap_err();
        assert!(matches!(failed, registry_client::Error::File(_)) && !failed.outcome_unknown(), "{failed}");
        until_files(registry, 0).await;
        wait::until("no leftovers", PATIENCE, async || (rows::all(registry).await == before).then_some(())).await;
        assert!(files(registry).is_empty());
    }
}

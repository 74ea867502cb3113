//! What the messages of an upload must be, one by one.

use super::{MIB, PATIENCE, chunk, first, noise, parent, start, until_files, upload};
use futures::stream;
use registry_client::pb::{UploadArtifactRequest, upload_artifact_request};
use registry_client::{Artifact, Code, ErrorReason};
use registry_tests::{Harness, conformance, raw, rows, wait};
use std::time::Duration;
use tonic::Status;
use tonic_types::StatusExt;

async fn send(registry: &Harness, messages: Vec<UploadArtifactRequest>) -> Result<Artifact, Status> {
    let answer = registry.client.artifact_service().upload_artifact(stream::iter(messages)).await;
    answer.map(|answer| answer.into_inner().artifact.expect("an artifact"))
}

fn invalid(answer: Result<Artifact, Status>, expected: &[(&str, &str)]) {
    let status = answer.expect_err("a refusal");
    assert_eq!((status.code(), raw::reason(&status)), (Code::InvalidArgument, Some(ErrorReason::InvalidField)), "{status:?}");
    let details = status.get_error_details();
    let found: Vec<(&str, &str)> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| (violation.field.as_str(), violation.reason.as_str()))
        .collect();
    assert_eq!(found, expected);
}

conformance! {
    /// The start comes first and once, and what it says keeps to the rules; everything that is wrong with it is told at once.
    async fn a_stream_that_is_no_upload_is_refused(registry: &Harness) {
        let parent = parent(registry).await;
        let before = rows::all(registry).await;
        invalid(send(registry, vec![]).await, &[("start", "REQUIRED")]);
        invalid(send(registry, vec![chunk("x")]).await, &[("start", "REQUIRED")]);
        invalid(send(registry, vec![UploadArtifactRequest { message: None }]).await, &[("message", "REQUIRED")]);
        let begin = || first(start(&parent, "f"));
        invalid(send(registry, vec![begin(), chunk("x"), begin()]).await, &[("start", "FIRST_ONLY")]);
        invalid(send(registry, vec![begin(), UploadArtifactRequest { message: None }]).await, &[("message", "REQUIRED")]);
        invalid(send(registry, vec![begin(), chunk(noise(MIB + 1, 1))]).await, &[("chunk", "BYTES_MAX_LEN")]);
        let empty = upload_artifact_request::Start::default();
        invalid(send(registry, vec![first(empty)]).await, &[("start.parent", "REQUIRED"), ("start.artifact", "REQUIRED")]);
        let mut wrong = start(&parent, "");
        wrong.request_id = "x".to_owned();
        wrong.artifact = Some(Artifact { checksum: "md5:0".to_owned(), size_bytes: Some(-1), file_path: "registry:x".to_owned(), ..Default::default() });
        invalid(
            send(registry, vec![first(wrong)]).await,
            &[
                ("start.artifact.size_bytes", "INT64_GTE"),
                ("start.artifact.checksum", "STRING_PATTERN"),
                ("start.request_id", "STRING_UUID"),
                ("start.artifact.name", "REQUIRED"),
                ("start.artifact.artifact_type", "REQUIRED"),
                ("start.artifact.file_path", "FILE_PATH_RESERVED"),
            ],
        );
        let large = send(registry, vec![begin(), chunk(noise(MIB + 4096, 1))]).await.unwrap_err();
        assert_eq!((large.code(), raw::reason(&large)), (Code::ResourceExhausted, Some(ErrorReason::MessageTooLarge)), "{large:?}");
        until_files(registry, 0).await;
        wait::until("no leftovers", PATIENCE, async || (rows::all(registry).await == before).then_some(())).await;
    }

    /// Chunks may be of any size up to a MiB, also empty.
    async fn chunks_may_be_of_any_size(registry: &Harness) {
        let parent = parent(registry).await;
        let messages = vec![first(start(&parent, "f")), chunk(""), chunk("a"), chunk(noise(MIB, 1)), chunk(""), chunk("b")];
        let artifact = send(registry, messages).await.unwrap();
        assert_eq!(artifact.size_bytes, Some(MIB as i64 + 2));
        let single: Vec<_> = noise(3000, 3).iter().map(|byte| chunk(vec![*byte])).collect();
        let many = [vec![first(start(&parent, "single"))], (0..7).map(|index| chunk(noise(MIB, index))).collect(), single].concat();
        let expected: Vec<u8> = (0..7).flat_map(|index| noise(MIB, index)).chain(noise(3000, 3)).collect();
        let artifact = send(registry, many).await.unwrap();
        assert!(registry.client.download_artifact(&artifact.id).bytes().await.unwrap() == expected);
        let empty = send(registry, vec![first(start("m", "empty"))]).await.unwrap();
        assert_eq!((empty.size_bytes, empty.release_id), (Some(0), None));
    }

    /// A caller who goes away in the middle has uploaded nothing, also if what he sent could have been all.
    async fn who_goes_away_uploads_nothing(registry: &Harness) {
        let parent = parent(registry).await;
        for round in 0..40_u64 {
            let chunks = (0..round % 8).map(|index| chunk(noise(1000, index)));
            let messages: Vec<_> = std::iter::once(first(start(&parent, "f"))).chain(chunks).collect();
            let messages = futures::StreamExt::chain(stream::iter(messages), stream::pending());
            let mut stub = registry.client.artifact_service();
            let uploading = stub.upload_artifact(messages);
            drop(tokio::time::timeout(Duration::from_micros(round * 500), uploading).await);
        }
        let settled = || async { (registry.client.list_artifacts().send().await.unwrap().items.is_empty()).then_some(()) };
        until_files(registry, 0).await;
        wait::until("nothing uploaded", PATIENCE, settled).await;
    }

    /// A name that is taken is told before the bytes are sent.
    async fn nobody_uploads_in_vain(registry: &Harness) {
        let parent = parent(registry).await;
        upload(registry, &parent, "f", noise(1, 1)).await;
        let endless = stream::once(async move { first(start(&parent, "f")) });
        let endless = futures::StreamExt::chain(endless, stream::pending());
        let refused = registry.client.artifact_service().upload_artifact(endless).await.unwrap_err();
        assert_eq!((refused.code(), raw::reason(&refused)), (Code::AlreadyExists, Some(ErrorReason::ArtifactAlreadyExists)));
    }
}

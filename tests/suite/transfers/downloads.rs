//! Downloads: all, parts, and what cannot be had.

use super::{MIB, noise, parent, upload};
use futures::TryStreamExt;
use rand::RngExt;
use registry_client::pb::{ApiKey, Role};
use registry_client::{Code, ErrorReason};
use registry_tests::{conformance, expect, given, keys};

conformance! {
    /// Any part of an artifact is that part of its bytes.
    async fn a_part_is_a_part(registry: &Harness) {
        let parent = parent(registry).await;
        let bytes = noise(5 * MIB + 123, 1);
        let artifact = upload(registry, &parent, "f", bytes.clone()).await;
        let total = bytes.len() as u64;
        let mut random = rand::rng();
        let edges = [0, 1, MIB as u64 - 1, MIB as u64, MIB as u64 + 1, total - 1, total];
        let mut parts: Vec<(u64, u64)> = edges.iter().flat_map(|from| edges.iter().map(|limit| (*from, *limit))).collect();
        parts.extend((0..30).map(|_| (random.random_range(0..=total), random.random_range(0..=total))));
        for (offset, limit) in parts {
            let found = registry.client.download_artifact(&artifact.id).offset(offset).limit(limit).bytes().await.unwrap();
            let end = if limit == 0 { total } else { total.min(offset + limit) };
            assert!(found == bytes[offset as usize..end as usize], "{limit} bytes from {offset}");
        }
        let beyond = registry.client.download_artifact(&artifact.id).offset(total + 1).bytes().await;
        expect::invalid(beyond, &[("offset_bytes", "BEYOND_END")]);
    }

    /// The first message has the artifact and no bytes; no message has more than a MiB.
    async fn the_artifact_comes_first(registry: &Harness) {
        let parent = parent(registry).await;
        let artifact = upload(registry, &parent, "f", noise(2 * MIB + 1, 1)).await;
        let request = registry_client::pb::DownloadArtifactRequest { artifact_id: artifact.id.clone(), ..Default::default() };
        let messages = registry.client.artifact_service().download_artifact(request).await.unwrap().into_inner();
        let messages: Vec<_> = messages.try_collect().await.unwrap();
        assert_eq!((messages[0].artifact.as_ref(), messages[0].chunk.len()), (Some(&artifact), 0));
        let lengths: Vec<usize> = messages[1..].iter().map(|message| message.chunk.len()).collect();
        assert_eq!(lengths, [MIB, MIB, 1]);
        assert!(messages[1..].iter().all(|message| message.artifact.is_none()));
    }

    /// What is not there, not here, or not to be seen cannot be had.
    async fn what_cannot_be_had(registry: &Harness) {
        let parent = parent(registry).await;
        let download = |id: &str| registry.client.download_artifact(id).bytes();
        let nowhere = download("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11").await;
        expect::refused(nowhere, Code::NotFound, ErrorReason::ArtifactNotFound);
        let external = registry.client.create_artifact(&parent, "e").artifact_type("file").file_path("/e").size_bytes(1);
        let external = external.checksum(given::digest(1)).send().await.unwrap();
        expect::refused(download(&external.id).await, Code::FailedPrecondition, ErrorReason::ArtifactNotStored);
        let stored = upload(registry, &parent, "s", noise(10, 1)).await;
        let stranger = ApiKey {
            name: "stranger".to_owned(),
            role: Role::Operator.into(),
            model_name_prefixes: vec!["other".to_owned()],
            ..Default::default()
        };
        let (_, secret) = keys::make_as(registry, stranger).await;
        let stranger = keys::client(registry.endpoint(), &secret).await;
        let unseen = stranger.download_artifact(&stored.id).bytes().await;
        expect::refused(unseen, Code::NotFound, ErrorReason::ArtifactNotFound);
        let unseen = stranger.upload_artifact(&parent, "x").send_bytes(noise(1, 1)).await;
        expect::refused(unseen, Code::NotFound, ErrorReason::ReleaseNotFound);
        registry.client.delete_artifact(&stored.id).send().await.unwrap();
        expect::refused(download(&stored.id).await, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
    }
}

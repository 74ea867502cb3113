//! Updates of artifacts: what can be said of one afterwards, and what never.

use registry_client::{Artifact, Code, ErrorReason, IntoStruct};
use registry_tests::{conformance, expect, given, held, rows};
use serde_json::json;
use std::time::Duration;

const FIELDS: [&str; 7] = ["artifact_type", "file_path", "size_bytes", "platform", "python_version", "metadata", "uploaded_by"];

fn values() -> Artifact {
    Artifact {
        artifact_type: "sdist".into(),
        file_path: "/new".into(),
        size_bytes: Some(0),
        platform: Some("new".into()),
        python_version: Some("new".into()),
        metadata: Some(json!({"new": true}).into_struct().unwrap()),
        uploaded_by: Some("new".into()),
        ..Artifact::default()
    }
}

conformance! {
    /// Each field can be written alone, and what can be unset can be cleared alone; then all others are as they were.
    async fn each_field_of_an_artifact_can_be_written(registry: &Harness) {
        given::model(registry, "m").await;
        let mut expected = given::artifact(registry, "m", "a").await;
        for field in FIELDS {
            registry.advance(Duration::from_secs(1));
            let updated = registry.client.update_artifact_from(&expected, values(), [field]).send().await.unwrap();
            assert_eq!(updated.revision, expected.revision + 1, "{field}");
            let v = values();
            match field {
                "artifact_type" => expected.artifact_type = v.artifact_type,
                "file_path" => expected.file_path = v.file_path,
                "size_bytes" => expected.size_bytes = v.size_bytes,
                "platform" => expected.platform = v.platform,
                "python_version" => expected.python_version = v.python_version,
                "metadata" => expected.metadata = v.metadata,
                "uploaded_by" => expected.uploaded_by = v.uploaded_by,
                other => panic!("{other} is not in this test"),
            }
            let Artifact { etag, revision, update_time, .. } = updated.clone();
            expected = Artifact { etag, revision, update_time, ..expected };
            assert_eq!(updated, expected, "{field}");
            assert_eq!(registry.client.get_artifact(&expected).send().await.unwrap(), expected, "{field}");
        }
        let update = registry.client.update_artifact(&expected).clear_platform().clear_python_version().clear_metadata();
        let cleared = update.clear_uploaded_by().send().await.unwrap();
        assert_eq!((cleared.platform, cleared.python_version, cleared.uploaded_by), (None, None, None));
        assert_eq!(cleared.metadata, Some(prost_types::Struct::default()));
    }

    /// What an artifact is never without cannot be cleared.
    async fn what_is_needed_is_not_cleared(registry: &Harness) {
        given::model(registry, "m").await;
        let artifact = given::artifact(registry, "m", "a").await;
        for field in ["artifact_type", "file_path", "size_bytes"] {
            let answer = registry.client.update_artifact_from(&artifact, Artifact::default(), [field]).send().await;
            expect::invalid(answer, &[(&format!("artifact.{field}"), "REQUIRED")]);
        }
        assert_eq!(registry.client.get_artifact(&artifact).send().await.unwrap(), artifact);
    }

    /// Name and checksum are for ever: the same ones may be sent, other ones are refused, and so are they in a mask.
    async fn which_file_it_is_never_changes(registry: &Harness) {
        given::model(registry, "m").await;
        let artifact = given::artifact(registry, "m", "a").await;
        let others = [
            ("name", Artifact { name: "b".into(), ..Default::default() }),
            ("checksum", Artifact { checksum: given::digest(8), ..Default::default() }),
        ];
        for (field, values) in others {
            let answer = registry.client.update_artifact_from(&artifact, values.clone(), None::<&str>).send().await;
            let error = expect::refused(answer, Code::InvalidArgument, ErrorReason::ImmutableField);
            assert_eq!(expect::fact(&error, "path"), format!("artifact.{field}"));
            let answer = registry.client.update_artifact_from(&artifact, values, [field]).send().await;
            let error = expect::refused(answer, Code::InvalidArgument, ErrorReason::InvalidUpdateMask);
            assert_eq!(expect::fact(&error, "path"), field);
        }
        for path in ["none", "id", "release_id", "content_state", "etag", "metadata.a", "*"] {
            let answer = registry.client.update_artifact_from(&artifact, values(), [path]).send().await;
            expect::refused(answer, Code::InvalidArgument, ErrorReason::InvalidUpdateMask);
        }
        assert_eq!(registry.client.get_artifact(&artifact).send().await.unwrap(), artifact);
    }

    /// An artifact can be read and written back as a whole, and then nothing is written: also one that the registry holds.
    async fn a_whole_artifact_can_be_written_back(registry: &Harness) {
        given::model(registry, "m").await;
        let external = given::artifact(registry, "m", "a").await;
        let stored = given::artifact(registry, "m", "b").await;
        held::give(registry, uuid::Uuid::now_v7(), &[&stored], "STORED").await;
        for artifact in [external, registry.client.get_artifact(&stored).send().await.unwrap()] {
            registry.advance(Duration::from_secs(1));
            let revision = given::revision(registry).await;
            let same = registry.client.update_artifact_from(&artifact, artifact.clone(), None::<&str>).send().await.unwrap();
            assert_eq!(same, artifact);
            let same = registry.client.update_artifact_from(&artifact, artifact.clone(), FIELDS).send().await.unwrap();
            assert_eq!((same, given::revision(registry).await), (artifact, revision));
        }
    }

    /// Where what the registry holds (or has lost) is, and how large it is, is not the caller's to say. The rest is.
    async fn what_the_registry_holds_stays_where_it_is(registry: &Harness) {
        given::model(registry, "m").await;
        for state in ["STORED", "LOST"] {
            let artifact = given::artifact(registry, "m", state).await;
            held::give(registry, uuid::Uuid::now_v7(), &[&artifact], state).await;
            let before = registry.client.get_artifact(&artifact).send().await.unwrap();
            let update = || registry.client.update_artifact(&artifact);
            for (path, update) in [("file_path", update().file_path("/elsewhere")), ("size_bytes", update().size_bytes(8))] {
                let error = expect::refused(update.send().await, Code::InvalidArgument, ErrorReason::ImmutableField);
                assert_eq!(expect::fact(&error, "path"), format!("artifact.{path}"));
            }
            assert_eq!(registry.client.get_artifact(&artifact).send().await.unwrap(), before);
            assert_eq!(update().platform("any").send().await.unwrap().platform.as_deref(), Some("any"));
        }
    }

    /// A path that another live artifact has is refused, and nothing changes; one that is free again can be had.
    async fn a_path_that_is_taken_is_refused(registry: &Harness) {
        given::model(registry, "m").await;
        let (artifact, other) = (given::artifact(registry, "m", "a").await, given::artifact(registry, "m", "b").await);
        let before = rows::all(registry).await;
        let update = || registry.client.update_artifact(&artifact).file_path(&other.file_path);
        for answer in [update().send().await, update().validate_only().send().await] {
            let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
            assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (&*other.id, "false"));
        }
        assert_eq!(rows::all(registry).await, before);
        registry.client.delete_artifact(&other).send().await.unwrap();
        assert_eq!(update().send().await.unwrap().file_path, other.file_path);
        let freed = given::wheel(&registry.client, "m", "c").file_path(&artifact.file_path).send().await.unwrap();
        assert_eq!(freed.file_path, artifact.file_path);
    }

    /// With an etag, an update happens only if nobody was there in between; what is only validated is not made.
    async fn a_stale_etag_of_an_artifact_is_refused(registry: &Harness) {
        given::model(registry, "m").await;
        let first = given::artifact(registry, "m", "a").await;
        let second = registry.client.update_artifact(&first).platform("any").etag(&first.etag).send().await.unwrap();
        let late = registry.client.update_artifact(&first).platform("none").etag(&first.etag).send().await;
        let error = expect::refused(late, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), second.etag);
        let checked = registry.client.update_artifact(&first).platform("none").validate_only().send().await.unwrap();
        assert_eq!((&*checked.id, checked.revision, checked.platform.as_deref()), ("", 0, Some("none")));
        assert_eq!(registry.client.get_artifact(&first).send().await.unwrap(), second);
    }
}

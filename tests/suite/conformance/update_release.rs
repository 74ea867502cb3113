//! Updates of releases: what can be said of one afterwards, and what can be said once.

use registry_client::{Code, ErrorReason, IntoStruct, Release, ReleaseState, pb};
use registry_tests::{conformance, expect, given};
use serde_json::json;
use std::time::Duration;

const FIELDS: [&str; 8] = ["tag", "size_bytes", "release_notes", "metadata", "storage_path", "mlflow_url", "training", "labels"];

fn values() -> Release {
    Release {
        tag: "new".into(),
        size_bytes: Some(0),
        release_notes: Some("new".into()),
        metadata: Some(json!({"new": true}).into_struct().unwrap()),
        storage_path: Some("/new".into()),
        mlflow_url: Some("new".into()),
        training: Some(pb::TrainingMetadata { gpu_count: Some(0), ..Default::default() }),
        labels: [("new".to_owned(), "new".to_owned())].into(),
        ..Release::default()
    }
}

/// What an update may change of a release apart from its fields.
fn with(stored: &Release, expected: Release) -> Release {
    let Release { etag, revision, update_time, updated_by, .. } = stored.clone();
    Release { etag, revision, update_time, updated_by, ..expected }
}

conformance! {
    /// Each field of a release can be written alone and cleared alone, and then all others are as they were.
    async fn each_field_of_a_release_can_be_written_and_cleared(registry: &Harness) {
        given::model(registry, "m").await;
        let mut expected = given::release(registry, "m", "1.0.0").await;
        for (set, values) in [(true, values()), (false, Release::default())] {
            for field in FIELDS {
                let updated = registry.client.update_release_from(&expected, values.clone(), [field]).send().await.unwrap();
                assert_eq!(updated.revision, expected.revision + 1, "{field}");
                let v = values.clone();
                match field {
                    "tag" => expected.tag = if set { v.tag } else { "1.0.0".into() },
                    "size_bytes" => expected.size_bytes = v.size_bytes,
                    "release_notes" => expected.release_notes = v.release_notes,
                    "metadata" => expected.metadata = v.metadata.or_else(|| Some(prost_types::Struct::default())),
                    "storage_path" => expected.storage_path = v.storage_path,
                    "mlflow_url" => expected.mlflow_url = v.mlflow_url,
                    "training" => expected.training = v.training,
                    "labels" => expected.labels = v.labels,
                    other => panic!("{other} is not in this test"),
                }
                expected = with(&updated, expected);
                assert_eq!(updated, expected, "{field}");
                assert_eq!(registry.client.get_release(&expected).send().await.unwrap(), expected, "{field}");
            }
        }
    }

    /// A candidate gets its digest later, once: the same again is no change, another one and none are refused.
    async fn a_digest_is_set_once(registry: &Harness) {
        given::model(registry, "m").await;
        let candidate = given::candidate(registry, "m", "1").await;
        let set = registry.client.update_release(&candidate).digest(given::digest(1)).send().await.unwrap();
        assert_eq!((set.digest.clone(), set.revision), (Some(given::digest(1)), candidate.revision + 1));
        let again = registry.client.update_release(&candidate).digest(given::digest(1)).send().await.unwrap();
        assert_eq!(again, set);
        for digest in [Some(given::digest(2)), None] {
            let values = Release { digest, ..Release::default() };
            let answer = registry.client.update_release_from(&candidate, values, ["digest"]).send().await;
            let error = expect::refused(answer, Code::InvalidArgument, ErrorReason::ImmutableField);
            assert_eq!(expect::fact(&error, "path"), "release.digest");
        }
        let malformed = registry.client.update_release(&candidate).digest("sha256:AB").send().await;
        expect::invalid(malformed, &[("release.digest", "STRING_PATTERN")]);
        assert_eq!(registry.client.get_release(&candidate).send().await.unwrap(), set);
        registry.client.promote_release(&candidate).send().await.unwrap();
    }

    /// Without a mask, a digest that is set is written like any other field.
    async fn a_digest_can_be_set_without_a_mask(registry: &Harness) {
        given::model(registry, "m").await;
        let candidate = given::candidate(registry, "m", "1").await;
        let whole = Release { digest: Some(given::digest(5)), ..candidate.clone() };
        let set = registry.client.update_release_from(&candidate, whole, None::<&str>).send().await.unwrap();
        assert_eq!(set.digest, Some(given::digest(5)));
    }

    /// A release can be read and written back as a whole, and then nothing is written.
    async fn a_whole_release_can_be_written_back(registry: &Harness) {
        given::model(registry, "m").await;
        let before = given::release_in(registry, "m", "1", ReleaseState::Deprecated).await;
        registry.advance(Duration::from_secs(1));
        let same = registry.client.update_release_from(&before, before.clone(), None::<&str>).send().await.unwrap();
        assert_eq!(same, before);
        let same = registry.client.update_release_from(&before, before.clone(), FIELDS).send().await.unwrap();
        assert_eq!(same, before);
        assert_eq!(given::revision(registry).await, before.revision);
    }

    /// With an etag, an update happens only if nobody was there in between; a transition counts as somebody.
    async fn a_stale_etag_of_a_release_is_refused(registry: &Harness) {
        given::model(registry, "m").await;
        let first = given::release(registry, "m", "1").await;
        registry.advance(Duration::from_secs(7));
        let second = registry.client.deprecate_release(&first).send().await.unwrap();
        assert_eq!(second.update_time, Some(given::time(7_000_000)));
        let late = registry.client.update_release(&first).etag(&first.etag).release_notes("n").send().await;
        let error = expect::refused(late, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), second.etag);
        assert_eq!(expect::fact(&error, "currentRevision"), second.revision.to_string());
        let third = registry.client.update_release(&first).etag(&second.etag).release_notes("n").send().await.unwrap();
        assert_ne!(third.etag, second.etag);
    }

    /// Every rule of a release is checked, with the path of the field.
    async fn the_rules_of_a_release_are_checked(registry: &Harness) {
        given::model(registry, "m").await;
        let long = |count: usize| "x".repeat(count);
        let wrong = Release {
            version: "1 0".into(),
            tag: "-a".into(),
            digest: Some("sha256:00".into()),
            quantization: Some(String::new()),
            platform: "linux".into(),
            size_bytes: Some(-1),
            storage_path: Some(long(1001)),
            mlflow_url: Some(long(1001)),
            release_notes: Some(long(65537)),
            base_release_id: Some("none".into()),
            labels: [(String::new(), "v".to_owned())].into(),
            ..Release::default()
        };
        expect::invalid(
            registry.client.create_release_from("m", wrong).send().await,
            &[
                ("release.version", "STRING_PATTERN"),
                ("release.tag", "STRING_PATTERN"),
                ("release.digest", "STRING_PATTERN"),
                ("release.quantization", "STRING_PATTERN"),
                ("release.platform", "STRING_PATTERN"),
                ("release.size_bytes", "INT64_GTE"),
                ("release.storage_path", "STRING_MAX_LEN"),
                ("release.mlflow_url", "STRING_MAX_LEN"),
                ("release.release_notes", "STRING_MAX_LEN"),
                ("release.base_release_id", "STRING_UUID"),
                ("release.labels[\"\"]", "STRING_PATTERN"),
            ],
        );
        let missing = registry.client.create_release("m", "").digest(given::digest(1)).send().await;
        expect::invalid(missing, &[("release.version", "REQUIRED")]);
        for version in ["v1/2", "../1", "1\0", "1:2", "1@2", ".1", "-1", "1\u{e9}"] {
            let answer = registry.client.create_release("m", version).digest(given::digest(1)).send().await;
            let rule = if version.contains('\0') { "STRING_NUL" } else { "STRING_PATTERN" };
            expect::invalid(answer, &[("release.version", rule)]);
        }
        let longest = registry.client.create_release("m", long(500)).digest(given::digest(1)).send().await.unwrap();
        assert_eq!(longest.version.len(), 500);
    }
}

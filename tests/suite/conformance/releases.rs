//! Releases: what is stored of one when it is created, what makes it unique, and how it is found.

use registry_client::{Code, ErrorReason, IntoStruct, ModelId, Release, ReleaseId, ReleaseRef, ReleaseState, ReleaseView, pb};
use registry_tests::{conformance, expect, given};
use serde_json::json;
use std::time::Duration;

conformance! {
    /// Releases of a model are numbered 1, 2, 3 in the order of creation, whatever their versions; a failure leaves no hole.
    async fn releases_are_numbered_in_the_order_of_creation(registry: &Harness) {
        given::model(registry, "m").await;
        given::model(registry, "other").await;
        for (expected, version) in [(1, "2.0.0"), (2, "1.0.0"), (3, "10")] {
            assert_eq!(given::release(registry, "m", version).await.number, expected);
            let twin = registry.client.create_release("m", version).digest(given::digest(2)).send().await;
            expect::refused(twin, Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists);
            registry.client.create_release("m", "9").digest("nonsense").send().await.unwrap_err();
            registry.client.create_release("m", "9").digest(given::digest(2)).validate_only().send().await.unwrap();
        }
        assert_eq!(given::release(registry, "other", "5").await.number, 1);
        assert_eq!(given::release(registry, "m", "0").await.number, 4);
        assert_eq!(registry.client.get_model("m").send().await.unwrap().release_count, Some(4));
    }

    /// What is not said of a release is what most releases are.
    async fn a_release_has_defaults(registry: &Harness) {
        let model = given::model(registry, "m").await;
        registry.advance(Duration::from_secs(1));
        let created = registry.client.create_release("m", "1.0.0").digest(given::digest(7)).send().await.unwrap();
        let expected = Release {
            id: created.id.clone(),
            model_id: model.id.clone(),
            model_name: "m".into(),
            model_storage_path: model.storage_path,
            version: "1.0.0".into(),
            tag: "1.0.0".into(),
            digest: Some(given::digest(7)),
            platform: "linux/amd64".into(),
            architecture: "amd64".into(),
            os: "linux".into(),
            state: ReleaseState::Active.into(),
            promote_time: Some(given::time(1_000_000)),
            metadata: Some(prost_types::Struct::default()),
            create_time: Some(given::time(1_000_000)),
            update_time: Some(given::time(1_000_000)),
            etag: created.etag.clone(),
            revision: model.revision + 1,
            created_by: model.created_by,
            updated_by: model.updated_by,
            artifact_count: Some(0),
            live_deployment_count: Some(0),
            number: 1,
            ..Release::default()
        };
        assert_eq!(created, expected);
        assert!(!created.etag.is_empty());
        assert_eq!(uuid::Uuid::parse_str(&created.id).unwrap().get_version_num(), 7);
        assert_eq!(registry.client.get_release(&created).send().await.unwrap(), expected);
    }

    /// The tag follows from version and quantization unless it is given; what a tag cannot hold becomes "_".
    async fn the_tag_follows_from_version_and_quantization(registry: &Harness) {
        given::model(registry, "m").await;
        let cases = [
            ("1.0.0", None, None, "1.0.0"),
            ("1.0.1", Some("fp16"), None, "1.0.1-fp16"),
            ("1.0.2+build.5", None, None, "1.0.2_build.5"),
            ("1.0.2+a+b", Some("int4.g"), None, "1.0.2_a_b-int4.g"),
            ("1.0.3", Some("fp16"), Some("v1"), "v1"),
            ("1.0.4", None, Some("v1"), "v1"),
        ];
        for (version, quantization, tag, expected) in cases {
            let release = Release {
                version: version.into(),
                quantization: quantization.map(Into::into),
                tag: tag.unwrap_or_default().into(),
                digest: Some(given::digest(1)),
                ..Release::default()
            };
            let created = registry.client.create_release_from("m", release).send().await.unwrap();
            assert_eq!((created.tag.as_str(), created.quantization.as_deref()), (expected, quantization));
        }
        let long = "1".repeat(499);
        let too_long = registry.client.create_release("m", &long).quantization("fp16").digest(given::digest(1)).send().await;
        expect::invalid(too_long, &[("release.tag", "STRING_MAX_LEN")]);
        let tagged = registry.client.create_release("m", &long).quantization("fp16").tag("t").digest(given::digest(1)).send().await;
        assert_eq!(tagged.unwrap().tag, "t");
    }

    /// Operating system and architecture are taken from the platform, with or without a variant.
    async fn os_and_architecture_follow_from_the_platform(registry: &Harness) {
        given::model(registry, "m").await;
        for (platform, os, architecture) in
            [("linux/arm64", "linux", "arm64"), ("linux/arm/v7", "linux", "arm"), ("windows/x86_64", "windows", "x86_64")]
        {
            let create = registry.client.create_release("m", "1").platform(platform).digest(given::digest(1));
            let created = create.send().await.unwrap();
            assert_eq!((created.platform.as_str(), created.os.as_str(), created.architecture.as_str()), (platform, os, architecture));
        }
    }

    /// Only a candidate may lack its digest.
    async fn a_release_needs_a_digest_unless_it_is_a_candidate(registry: &Harness) {
        given::model(registry, "m").await;
        for state in [ReleaseState::Unspecified, ReleaseState::Active] {
            let without = registry.client.create_release("m", "1").initial_state(state).send().await;
            expect::invalid(without, &[("release.digest", "REQUIRED")]);
        }
        let candidate = given::candidate(registry, "m", "1").await;
        assert_eq!((candidate.state(), &candidate.digest, candidate.promote_time), (ReleaseState::Candidate, &None, None));
        let create = registry.client.create_release("m", "2").digest(given::digest(1)).initial_state(ReleaseState::Candidate);
        let with = create.send().await.unwrap();
        assert_eq!((with.state(), with.digest, with.promote_time), (ReleaseState::Candidate, Some(given::digest(1)), None));
    }

    /// A release begins as a candidate or active, and in no other state.
    async fn a_release_begins_as_candidate_or_active(registry: &Harness) {
        given::model(registry, "m").await;
        for state in [ReleaseState::Deprecated, ReleaseState::Archived, ReleaseState::Yanked] {
            let answer = registry.client.create_release("m", "1").digest(given::digest(1)).initial_state(state).send().await;
            expect::invalid(answer, &[("initial_state", "ENUM_IN")]);
        }
    }

    /// Version, quantization and platform together are unique within a model; no quantization is a value like any other.
    async fn a_release_is_unique_by_its_key(registry: &Harness) {
        given::model(registry, "m").await;
        given::model(registry, "n").await;
        let keys = [("1", None, None), ("1", Some("fp16"), None), ("1", None, Some("linux/arm64")), ("1", Some("fp16"), Some("linux/arm64"))];
        let create = |model: &str, (version, quantization, platform): (&str, Option<&str>, Option<&str>), digest| {
            let release = Release {
                version: version.into(),
                quantization: quantization.map(Into::into),
                platform: platform.unwrap_or_default().into(),
                digest: Some(given::digest(digest)),
                ..Release::default()
            };
            registry.client.create_release_from(model, release).send()
        };
        for key in keys {
            let first = create("m", key, 1).await.unwrap();
            create("n", key, 1).await.unwrap();
            let error = expect::refused(create("m", key, 2).await, Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists);
            assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (first.id.as_str(), "false"));
        }
        let explicit = create("m", ("1", None, Some("linux/amd64")), 3).await;
        expect::refused(explicit, Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists);
        create("m", ("1", Some("FP16"), None), 1).await.unwrap();
    }

    /// A release is found by its key and by its id; an empty quantization is none, not any.
    async fn a_release_is_found_by_key_and_by_id(registry: &Harness) {
        given::model(registry, "m").await;
        let create = registry.client.create_release("m", "1").digest(given::digest(1));
        let small = create.clone().quantization("int4").platform("linux/arm64").send().await.unwrap();
        let missing = registry.client.get_release(ReleaseRef::key("m", "1")).send().await;
        expect::refused(missing, Code::NotFound, ErrorReason::ReleaseNotFound);
        let plain = create.send().await.unwrap();
        let key = ReleaseRef::key("m", "1");
        assert_eq!(registry.client.get_release(key.clone()).send().await.unwrap(), plain);
        assert_eq!(registry.client.get_release(key.clone().platform("linux/amd64")).send().await.unwrap(), plain);
        let by_key = registry.client.get_release(key.clone().quantization("int4").platform("linux/arm64")).send().await;
        assert_eq!(by_key.unwrap(), small);
        assert_eq!(registry.client.get_release(ReleaseId::from(&small)).send().await.unwrap(), small);
        let missing = registry.client.get_release(key.quantization("int8")).send().await;
        expect::refused(missing, Code::NotFound, ErrorReason::ReleaseNotFound);
        let no_model = registry.client.get_release(ReleaseRef::key("gone", "1")).send().await.unwrap_err();
        assert_eq!(no_model.code(), Code::NotFound);
    }

    /// The model of a release is named or given by its id, and must be there.
    async fn the_model_of_a_release_must_be_there(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let by_id = registry.client.create_release(ModelId::from(&model), "1").digest(given::digest(1)).send().await.unwrap();
        let by_name = registry.client.create_release("m", "2").digest(given::digest(1)).send().await.unwrap();
        assert_eq!((by_id.model_id.as_str(), by_name.model_id.as_str()), (model.id.as_str(), model.id.as_str()));
        for reference in [registry_client::ModelRef::by_name("gone"), registry_client::ModelRef::by_id(&by_id.id)] {
            let answer = registry.client.create_release(reference, "1").digest(given::digest(1)).send().await;
            expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
        }
    }

    /// The release that another was made from must be there, and is kept.
    async fn the_base_of_a_release_must_be_there(registry: &Harness) {
        given::model(registry, "m").await;
        given::model(registry, "base").await;
        let base = given::release(registry, "base", "1").await;
        let create = registry.client.create_release("m", "1").digest(given::digest(1));
        let derived = create.clone().base_release(&base).send().await.unwrap();
        assert_eq!(derived.base_release_id, Some(base.id));
        assert_eq!(registry.client.get_release(&derived).send().await.unwrap(), derived);
        let revision = given::revision(registry).await;
        let gone = registry.client.create_release("m", "2").digest(given::digest(1));
        let gone = gone.base_release(ReleaseId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11")).send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        let nonsense = registry.client.create_release("m", "2").digest(given::digest(1)).base_release(ReleaseId::new("x")).send().await;
        expect::invalid(nonsense, &[("release.base_release_id", "STRING_UUID")]);
        assert_eq!(given::revision(registry).await, revision);
    }

    /// Everything a caller can say of a release is stored, and comes back from every call that shows all of it.
    async fn every_field_of_a_release_survives(registry: &Harness) {
        given::model(registry, "m").await;
        let base = given::release(registry, "m", "0").await;
        let sent = Release {
            version: "1.2.3-rc.1+build.5".into(),
            tag: "v1".into(),
            digest: Some(format!("sha512:{:0128x}", 5)),
            quantization: Some("int4".into()),
            platform: "linux/arm64/v8".into(),
            size_bytes: Some(i64::MAX),
            release_notes: Some(String::new()),
            metadata: Some(json!({"deep": {"list": [[], {}, null, "x"]}}).into_struct().unwrap()),
            storage_path: Some("/files".into()),
            mlflow_url: Some("https://mlflow/run/1?a=b#c".into()),
            training: Some(pb::TrainingMetadata { provider: Some("unsloth".into()), ..Default::default() }),
            labels: [("a b/c:d".to_owned(), "ü".to_owned())].into(),
            base_release_id: Some(base.id),
            ..Release::default()
        };
        let stored = registry.client.create_release_from("m", sent.clone()).send().await.unwrap();
        let expected = Release {
            version: sent.version,
            tag: sent.tag,
            digest: sent.digest,
            quantization: sent.quantization,
            platform: sent.platform,
            size_bytes: sent.size_bytes,
            release_notes: sent.release_notes,
            metadata: sent.metadata,
            storage_path: sent.storage_path,
            mlflow_url: sent.mlflow_url,
            training: sent.training,
            labels: sent.labels,
            base_release_id: sent.base_release_id,
            ..stored.clone()
        };
        assert_eq!(stored, expected);
        assert_eq!(registry.client.get_release(&stored).send().await.unwrap(), expected);
        assert_eq!(registry.client.batch_get_releases([&stored]).send().await.unwrap(), std::slice::from_ref(&expected));
        assert_eq!(registry.client.resolve_release("m").tag("v1").send().await.unwrap(), expected);
        let page = registry.client.list_releases().view(ReleaseView::Full).page_size(1).send().await.unwrap();
        assert_eq!(page.items, [expected]);
    }
}

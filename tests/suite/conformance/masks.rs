//! Update masks: what they may name, and how.

use registry_client::{Code, ErrorReason, Model, Release, pb};
use registry_tests::{Harness, conformance, expect, given};

async fn model(registry: &Harness, values: Model, paths: &[&str]) -> Result<Model, registry_client::Error> {
    registry.client.update_model_from("m", values, paths.iter().copied()).send().await
}

async fn release(registry: &Harness, of: &Release, values: Release, paths: &[&str]) -> Result<Release, registry_client::Error> {
    registry.client.update_release_from(of, values, paths.iter().copied()).send().await
}

conformance! {
    /// A mask may name its fields in lowerCamelCase, as JSON does.
    async fn camel_case_is_accepted(registry: &Harness) {
        given::model(registry, "m").await;
        let values = Model { base_model: Some("b".into()), is_custom_base_model: true, display_name: Some("n".into()), ..Model::default() };
        let updated = model(registry, values, &["baseModel", "isCustomBaseModel", "display_name"]).await.unwrap();
        assert_eq!((updated.base_model.as_deref(), updated.display_name.as_deref()), (Some("b"), Some("n")));
        assert!(updated.is_custom_base_model);
        let created = given::release(registry, "m", "1").await;
        let values = Release { release_notes: Some("new".into()), size_bytes: Some(5), ..Release::default() };
        let updated = release(registry, &created, values, &["releaseNotes", "sizeBytes"]).await.unwrap();
        assert_eq!((updated.release_notes.as_deref(), updated.size_bytes), (Some("new"), Some(5)));
    }

    /// A field that is named twice, or in both spellings, is written once.
    async fn a_field_may_be_named_twice(registry: &Harness) {
        given::model(registry, "m").await;
        let values = Model { base_model: Some("b".into()), ..Model::default() };
        let updated = model(registry, values, &["base_model", "baseModel", "base_model"]).await.unwrap();
        assert_eq!(updated.base_model.as_deref(), Some("b"));
    }

    /// A mask of a model names fields that can be written, whole and by their own names; anything else is refused, and said.
    async fn a_mask_of_a_model_names_writable_fields(registry: &Harness) {
        let before = given::model(registry, "m").await;
        let refused = [
            "nonsense", "", " ", "description ", "Description", "DESCRIPTION", "base-model", "*", "description.x", "training.strategy",
            "metadata.k", "labels.k", "tags[0]", "model.description", "id", "name", "create_time", "createTime", "update_time",
            "delete_time", "purge_time", "revision", "created_by", "updated_by", "release_count", "etag", "releaseCount", "é",
        ];
        for path in refused {
            let values = Model { description: Some("new".into()), name: "m".into(), ..Model::default() };
            let answer = model(registry, values, &["description", path]).await;
            let error = expect::refused(answer, Code::InvalidArgument, ErrorReason::InvalidUpdateMask);
            assert_eq!(expect::fact(&error, "path"), path);
        }
        let long = "x".repeat(10_000);
        let error = expect::refused(model(registry, Model::default(), &[&long]).await, Code::InvalidArgument, ErrorReason::InvalidUpdateMask);
        assert!(long.starts_with(expect::fact(&error, "path")));
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), before);
    }

    /// The same for a release.
    async fn a_mask_of_a_release_names_writable_fields(registry: &Harness) {
        given::model(registry, "m").await;
        let before = given::release(registry, "m", "1").await;
        let refused = [
            "nonsense", "*", "training.strategy", "id", "model_id", "model_name", "model_storage_path", "model_repository", "version",
            "quantization", "platform", "architecture", "os", "state", "promote_time", "state_reason", "aliases", "create_time",
            "update_time", "delete_time", "purge_time", "etag", "revision", "created_by", "updated_by", "number", "base_release_id",
        ];
        for path in refused {
            let answer = release(registry, &before, before.clone(), &[path]).await;
            let error = expect::refused(answer, Code::InvalidArgument, ErrorReason::InvalidUpdateMask);
            assert_eq!(expect::fact(&error, "path"), path);
        }
        assert_eq!(registry.client.get_release(&before).send().await.unwrap(), before);
    }

    /// A field that never changes may be sent as it is, and not with another value, whatever the mask names.
    async fn an_immutable_field_keeps_its_value(registry: &Harness) {
        let before = given::model(registry, "m").await;
        for paths in [&["description"][..], &[]] {
            let other = Model { name: "n".into(), description: Some("new".into()), ..Model::default() };
            let error = expect::refused(model(registry, other, paths).await, Code::InvalidArgument, ErrorReason::ImmutableField);
            assert_eq!(expect::fact(&error, "path"), "model.name");
        }
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), before);
        let same = Model { name: "m".into(), description: Some("new".into()), ..Model::default() };
        assert_eq!(model(registry, same, &["description"]).await.unwrap().description.as_deref(), Some("new"));
    }

    /// What a release was built from never changes, and the path says what was in the way.
    async fn a_release_keeps_its_identity(registry: &Harness) {
        given::model(registry, "m").await;
        let base = given::release(registry, "m", "0").await;
        let create = registry.client.create_release("m", "1").digest(given::digest(2)).quantization("int8").platform("linux/arm64");
        let before = create.base_release(&base).send().await.unwrap();
        let notes = || Release { release_notes: Some("new".into()), ..Release::default() };
        let others = [
            ("release.version", Release { version: "2".into(), ..notes() }),
            ("release.quantization", Release { quantization: Some("int4".into()), ..notes() }),
            ("release.platform", Release { platform: "linux/amd64".into(), ..notes() }),
            ("release.digest", Release { digest: Some(given::digest(3)), ..notes() }),
            ("release.base_release_id", Release { base_release_id: Some(before.id.clone()), ..notes() }),
        ];
        for (path, other) in others {
            for paths in [&["release_notes"][..], &[]] {
                let answer = release(registry, &before, other.clone(), paths).await;
                let error = expect::refused(answer, Code::InvalidArgument, ErrorReason::ImmutableField);
                assert_eq!(expect::fact(&error, "path"), path);
            }
        }
        assert_eq!(registry.client.get_release(&before).send().await.unwrap(), before);
        let same = Release { release_notes: Some("new".into()), ..before.clone() };
        let updated = release(registry, &before, same, &[]).await.unwrap();
        assert_eq!(updated.release_notes.as_deref(), Some("new"));
    }

    /// A storage path that is named and empty is refused: no model is ever without one.
    async fn a_storage_path_cannot_be_cleared(registry: &Harness) {
        let before = given::model(registry, "m").await;
        let answer = model(registry, Model::default(), &["storage_path"]).await;
        expect::invalid(answer, &[("model.storage_path", "REQUIRED")]);
        let answer = model(registry, Model::default(), &["description", "storagePath"]).await;
        expect::invalid(answer, &[("model.storage_path", "REQUIRED")]);
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), before);
    }

    /// The rules of a field hold when it is written, and do not matter when it is not.
    async fn only_what_is_written_is_checked(registry: &Harness) {
        given::model(registry, "m").await;
        let values = || Model { description: Some("new".into()), company: Some("c".repeat(256)), source: 99, ..Model::default() };
        let refused = model(registry, values(), &["description", "company", "source"]).await;
        expect::invalid(refused, &[("model.company", "STRING_MAX_LEN"), ("model.source", "ENUM_DEFINED_ONLY")]);
        assert_eq!(model(registry, values(), &["description"]).await.unwrap().description.as_deref(), Some("new"));
        let refused = model(registry, values(), &[]).await;
        expect::invalid(refused, &[("model.company", "STRING_MAX_LEN"), ("model.source", "ENUM_DEFINED_ONLY")]);
    }

    /// A path in a mask is a text like any other: without NUL.
    async fn a_path_holds_no_nul(registry: &Harness) {
        given::model(registry, "m").await;
        let update_mask = Some(prost_types::FieldMask { paths: vec!["description".into(), "a\0b".into()] });
        let request = pb::UpdateModelRequest {
            model_ref: Some(registry_client::ModelRef::by_name("m").into()),
            model: Some(Model::default()),
            update_mask,
            validate_only: false,
            request_id: String::new(),
        };
        expect::invalid(registry.client.call(request).send().await, &[("update_mask.paths[1]", "STRING_NUL")]);
    }
}

//! Models: what is stored of one when it is created, and what comes back.

use registry_client::{Code, ErrorReason, IntoStruct, Model, ModelSource, ModelView, pb};
use registry_tests::{conformance, expect, given};
use serde_json::json;

conformance! {
    /// What was sent comes back, and what was not sent comes back absent.
    async fn a_model_without_a_repository_has_none(registry: &Harness) {
        let created = given::model(registry, "erik").await;
        assert_eq!(created.repository, None);
        let read = registry.client.get_model("erik").send().await.unwrap();
        assert_eq!(read, created);
    }

    /// A name is taken once, and the error says by whom.
    async fn a_name_is_taken_once(registry: &Harness) {
        let first = given::model(registry, "erik").await;
        let error = registry.client.create_model("erik", "elsewhere").send().await.unwrap_err();
        assert_eq!(error.code(), Code::AlreadyExists);
        assert_eq!(error.reason(), Some(ErrorReason::ModelAlreadyExists));
        assert_eq!(error.metadata().get("id"), Some(&first.id));
        assert_eq!(error.metadata().get("deleted").map(String::as_str), Some("false"));
        assert_eq!(error.resource().map(|resource| resource.resource_name.as_str()), Some("erik"));
    }

    /// An optional text that is empty is not the same as one that is absent, in any field, and both are kept.
    async fn empty_and_absent_are_different_and_both_survive(registry: &Harness) {
        let empty = || Some(String::new());
        let model = Model {
            name: "empty".into(),
            storage_path: "/empty".into(),
            repository: empty(),
            company: empty(),
            base_model: empty(),
            parameter_count: empty(),
            description: empty(),
            display_name: empty(),
            task: empty(),
            ..Model::default()
        };
        registry.client.create_model_from(model).send().await.unwrap();
        registry.client.create_model("absent", "/absent").send().await.unwrap();
        let texts = |model: &Model| {
            let Model { repository, company, base_model, parameter_count, description, display_name, task, .. } = model.clone();
            [repository, company, base_model, parameter_count, description, display_name, task]
        };
        let page = registry.client.list_models().view(ModelView::Full).send().await.unwrap();
        for read in page.items {
            let expected = if read.name == "empty" { empty() } else { None };
            let got = registry.client.get_model(read.name.as_str()).send().await.unwrap();
            assert_eq!(got, read);
            for text in texts(&read) {
                assert_eq!(text, expected, "{}", read.name);
            }
        }
    }

    /// Serving a model needs a GPU unless somebody says that it does not.
    async fn a_model_requires_a_gpu_unless_told_otherwise(registry: &Harness) {
        for (name, said, stored) in [("a", None, true), ("b", Some(true), true), ("c", Some(false), false)] {
            let model = Model { name: name.into(), storage_path: "/m".into(), requires_gpu: said, ..Model::default() };
            registry.client.create_model_from(model).send().await.unwrap();
            assert_eq!(registry.client.get_model(name).send().await.unwrap().requires_gpu, Some(stored), "{said:?}");
        }
    }

    /// A custom base model stays one, and a recommended one stays that.
    async fn a_custom_base_model_is_told_from_a_recommended_one(registry: &Harness) {
        for custom in [true, false] {
            let name = format!("custom-{custom}");
            let create = registry.client.create_model(&name, "/m").base_model("llama-3").custom_base_model(custom);
            assert_eq!(create.send().await.unwrap().is_custom_base_model, custom);
            let read = registry.client.get_model(&name).send().await.unwrap();
            assert_eq!((read.is_custom_base_model, read.base_model.as_deref()), (custom, Some("llama-3")));
        }
    }

    /// Where a model comes from is kept, and not saying it means: through this API.
    async fn the_source_is_kept_and_manual_by_default(registry: &Harness) {
        use ModelSource::{Filesystem, Manual, Orphaned, Unspecified};
        for (said, stored) in [(Unspecified, Manual), (Manual, Manual), (Filesystem, Filesystem), (Orphaned, Orphaned)] {
            let name = format!("m-{}", i32::from(said));
            let created = registry.client.create_model(&name, "/m").source(said).send().await.unwrap();
            assert_eq!(created.source(), stored);
            assert_eq!(registry.client.get_model(&name).send().await.unwrap().source(), stored);
        }
    }

    /// Tags are a set: one that is sent twice is there once, and the case of letters counts.
    async fn tags_are_a_set(registry: &Harness) {
        let create = registry.client.create_model("m", "/m").tags(["b", "a", "b", "A", "a", "ä b"]);
        let mut tags = create.send().await.unwrap().tags;
        tags.sort();
        assert_eq!(tags, ["A", "a", "b", "ä b"]);
        let mut read = registry.client.get_model("m").send().await.unwrap().tags;
        read.sort();
        assert_eq!(read, tags);
    }

    /// A model without metadata has the empty object, never nothing, wherever all of a model is shown.
    async fn metadata_is_an_empty_object_and_not_absent(registry: &Harness) {
        let created = given::model(registry, "m").await;
        let empty = Some(prost_types::Struct::default());
        assert_eq!(created.metadata, empty);
        assert_eq!(registry.client.get_model("m").send().await.unwrap().metadata, empty);
        assert_eq!(registry.client.batch_get_models(["m"]).send().await.unwrap()[0].metadata, empty);
        let page = registry.client.list_models().view(ModelView::Full).send().await.unwrap();
        assert_eq!(page.items[0].metadata, empty);
        assert_eq!(registry.client.update_model("m").description("new").send().await.unwrap().metadata, empty);
        let given = Model { name: "given".into(), storage_path: "/m".into(), metadata: empty.clone(), ..Model::default() };
        assert_eq!(registry.client.create_model_from(given).send().await.unwrap().metadata, empty);
    }

    /// Two names that differ only in the case of letters, or in punctuation, are two models.
    async fn names_are_case_sensitive(registry: &Harness) {
        let names = ["Model", "model", "my-model", "my_model", "my.model"];
        let mut ids = std::collections::BTreeSet::new();
        for name in names {
            ids.insert(given::model(registry, name).await.id);
        }
        assert_eq!(ids.len(), names.len());
        for name in names {
            assert_eq!(registry.client.get_model(name).send().await.unwrap().name, name);
        }
        expect::refused(registry.client.get_model("MODEL").send().await, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// A new model has an id of version 7, one time for creation and update, an author, and the revision of its creation.
    async fn what_the_server_writes_is_complete(registry: &Harness) {
        registry.advance(std::time::Duration::from_micros(1_500_001));
        let before = given::revision(registry).await;
        let model = given::model(registry, "m").await;
        assert_eq!(uuid::Uuid::parse_str(&model.id).unwrap().get_version_num(), 7);
        assert_eq!(model.id, model.id.to_lowercase());
        assert_eq!(model.create_time, Some(given::time(1_500_001)));
        assert_eq!(model.update_time, model.create_time);
        assert_eq!((model.delete_time, model.purge_time), (None, None));
        assert_eq!(model.revision, before + 1);
        assert_eq!(given::revision(registry).await, model.revision);
        assert!(!model.etag.is_empty() && !model.created_by.is_empty());
        assert_eq!(model.created_by, model.updated_by);
        assert_eq!(model.release_count, Some(0));
    }

    /// What only the server may write is ignored when a model is created, and nothing of it is believed.
    async fn output_only_fields_are_ignored_on_create(registry: &Harness) {
        let lie = Model {
            id: "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11".into(),
            name: "m".into(),
            storage_path: "/m".into(),
            create_time: Some(given::time(-5)),
            update_time: Some(given::time(-5)),
            delete_time: Some(given::time(-5)),
            purge_time: Some(given::time(-5)),
            etag: "old".into(),
            revision: 77,
            created_by: "somebody".into(),
            updated_by: "somebody".into(),
            release_count: Some(9),
            ..Model::default()
        };
        let stored = registry.client.create_model_from(lie.clone()).send().await.unwrap();
        let honest = registry.client.create_model("n", "/m").send().await.unwrap();
        let expected = Model { id: stored.id.clone(), name: "m".into(), etag: stored.etag.clone(), revision: 1, ..honest };
        assert_eq!(stored, expected);
        assert_ne!(stored.id, lie.id);
        assert_ne!(stored.etag, lie.etag);
    }

    /// Everything a caller can say of a model is stored, and comes back from every call that shows all of it.
    async fn every_field_survives(registry: &Harness) {
        let sent = Model {
            name: "org/team/llama-3.1_8B".into(),
            storage_path: "s3://ml-models/companyA/ü/".into(),
            repository: Some("docker.io/acme/llama".into()),
            company: Some("Ångström & Söhne".into()),
            base_model: Some("llama-3".into()),
            parameter_count: Some("8B".into()),
            description: Some("# Title\n\n'; DROP TABLE model; -- \u{1f600}".into()),
            tags: vec!["chat".into(), "gpu".into()],
            metadata: Some(json!({"a": [1, {"b": null}], "": "empty key", "t": true}).into_struct().unwrap()),
            requires_gpu: Some(false),
            server_type: Some("vllm".into()),
            source: ModelSource::Filesystem.into(),
            is_custom_base_model: true,
            training: Some(pb::TrainingMetadata { strategy: Some("qlora".into()), ..Default::default() }),
            display_name: Some("Ллама".into()),
            task: Some("text-generation".into()),
            labels: [("team".to_owned(), "nlp".to_owned()), ("empty".to_owned(), String::new())].into(),
            ..Model::default()
        };
        let stored = registry.client.create_model_from(sent.clone()).send().await.unwrap();
        let Model { id, create_time, update_time, etag, revision, created_by, updated_by, release_count, .. } = stored.clone();
        let expected = Model { id, create_time, update_time, etag, revision, created_by, updated_by, release_count, ..sent };
        assert_eq!(stored, expected);
        assert_eq!(registry.client.get_model(&stored).send().await.unwrap(), expected);
        assert_eq!(registry.client.batch_get_models([&stored]).send().await.unwrap(), [expected.clone()]);
        let page = registry.client.list_models().view(ModelView::Full).send().await.unwrap();
        assert_eq!(page.items, [expected]);
    }

    /// A model that was just created is in the list, and is found by id and by name.
    async fn a_new_model_is_seen_at_once(registry: &Harness) {
        for name in ["first", "second", "third"] {
            let created = given::model(registry, name).await;
            assert_eq!(registry.client.get_model(&created).send().await.unwrap(), created);
            assert_eq!(registry.client.get_model(name).send().await.unwrap(), created);
            let newest = registry.client.list_models().page_size(1).send().await.unwrap();
            assert_eq!(newest.items[0].id, created.id);
        }
    }

    /// A model that is not there is not found, by name or by id, and the error says which.
    async fn a_missing_model_is_not_found(registry: &Harness) {
        let id = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";
        for (reference, name) in [(registry_client::ModelRef::by_id(id), id), (registry_client::ModelRef::by_name("gone"), "gone")] {
            let error = expect::refused(registry.client.get_model(reference).send().await, Code::NotFound, ErrorReason::ModelNotFound);
            assert_eq!(error.resource().map(|resource| resource.resource_name.as_str()), Some(name));
        }
    }

    /// An id is found in whatever case its digits are written.
    async fn an_id_may_be_written_in_capitals(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let capitals = registry_client::ModelRef::by_id(model.id.to_uppercase());
        assert_eq!(registry.client.get_model(&capitals).send().await.unwrap(), model);
        assert_eq!(registry.client.batch_get_models([&capitals]).send().await.unwrap(), [model]);
    }
}

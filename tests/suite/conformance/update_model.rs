//! Updates of models: what is written, what is kept, and what an update costs when it changes nothing.

use registry_client::{Code, ErrorReason, IntoStruct, Model, ModelRef, ModelSource, pb};
use registry_tests::{Harness, conformance, expect, given};
use serde_json::json;
use std::time::Duration;

/// A model with every field set.
async fn full(registry: &Harness) -> Model {
    let create = registry.client.create_model("m", "/m").repository("r").company("c").base_model("b").parameter_count("7B");
    let create = create.description("d").tags(["t1", "t2"]).metadata(json!({"k": 1})).requires_gpu(false).server_type("vllm");
    let create =
        create.source(ModelSource::Filesystem).custom_base_model(true).display_name("n").task("chat").labels([("l", "v")]);
    create.training(pb::TrainingMetadata { gpu_count: Some(8), ..Default::default() }).send().await.unwrap()
}

/// What an update may not change, taken from what it answered.
fn with(stored: &Model, expected: Model) -> Model {
    let Model { etag, revision, update_time, updated_by, .. } = stored.clone();
    Model { etag, revision, update_time, updated_by, ..expected }
}

const FIELDS: [&str; 16] = [
    "storage_path",
    "repository",
    "company",
    "base_model",
    "parameter_count",
    "description",
    "tags",
    "metadata",
    "requires_gpu",
    "server_type",
    "source",
    "is_custom_base_model",
    "training",
    "display_name",
    "task",
    "labels",
];

conformance! {
    /// An update writes the fields that the mask names, whatever else the message holds.
    async fn only_the_named_fields_are_written(registry: &Harness) {
        let before = full(registry).await;
        let values = Model {
            storage_path: "/elsewhere".into(),
            company: Some("other".into()),
            description: Some("new".into()),
            tags: vec!["t3".into()],
            ..Model::default()
        };
        let updated = registry.client.update_model_from("m", values, ["description", "tags"]).send().await.unwrap();
        let expected = Model { description: Some("new".into()), tags: vec!["t3".into()], ..before };
        assert_eq!(updated, with(&updated, expected));
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), updated);
    }

    /// Each field can be written alone, and then all others are as they were.
    async fn each_field_can_be_written_alone(registry: &Harness) {
        let values = Model {
            name: String::new(),
            storage_path: "/new".into(),
            repository: Some("new".into()),
            company: Some("new".into()),
            base_model: Some("new".into()),
            parameter_count: Some("70B".into()),
            description: Some("new".into()),
            tags: vec!["new".into()],
            metadata: Some(json!({"new": true}).into_struct().unwrap()),
            requires_gpu: Some(true),
            server_type: Some("tts".into()),
            source: ModelSource::Orphaned.into(),
            is_custom_base_model: false,
            training: Some(pb::TrainingMetadata { gpu_count: Some(1), ..Default::default() }),
            display_name: Some("new".into()),
            task: Some("new".into()),
            labels: [("new".to_owned(), "new".to_owned())].into(),
            ..Model::default()
        };
        let mut expected = full(registry).await;
        for field in FIELDS {
            let updated = registry.client.update_model_from("m", values.clone(), [field]).send().await.unwrap();
            assert_eq!(updated.revision, expected.revision + 1, "{field}");
            let v = values.clone();
            match field {
                "storage_path" => expected.storage_path = v.storage_path,
                "repository" => expected.repository = v.repository,
                "company" => expected.company = v.company,
                "base_model" => expected.base_model = v.base_model,
                "parameter_count" => expected.parameter_count = v.parameter_count,
                "description" => expected.description = v.description,
                "tags" => expected.tags = v.tags,
                "metadata" => expected.metadata = v.metadata,
                "requires_gpu" => expected.requires_gpu = v.requires_gpu,
                "server_type" => expected.server_type = v.server_type,
                "source" => expected.source = v.source,
                "is_custom_base_model" => expected.is_custom_base_model = v.is_custom_base_model,
                "training" => expected.training = v.training,
                "display_name" => expected.display_name = v.display_name,
                "task" => expected.task = v.task,
                "labels" => expected.labels = v.labels,
                other => panic!("{other} is not in this test"),
            }
            expected = with(&updated, expected);
            assert_eq!(updated, expected, "{field}");
            assert_eq!(registry.client.get_model("m").send().await.unwrap(), expected, "{field}");
        }
    }

    /// A field that the mask names and the message does not set is cleared: absent, empty, or what it is by default.
    async fn a_named_field_that_is_unset_is_cleared(registry: &Harness) {
        let before = full(registry).await;
        let names = FIELDS.into_iter().filter(|field| *field != "storage_path");
        let updated = registry.client.update_model_from("m", Model::default(), names).send().await.unwrap();
        let Model { id, create_time, created_by, release_count, .. } = before;
        let bare = Model {
            id,
            name: "m".into(),
            storage_path: "/m".into(),
            metadata: Some(prost_types::Struct::default()),
            source: ModelSource::Manual.into(),
            create_time,
            created_by,
            release_count,
            requires_gpu: None,
            ..Model::default()
        };
        assert_eq!(updated, with(&updated, bare));
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), updated);
    }

    /// A field is cleared by leaving it unset, and emptied by an empty text: these are different things.
    async fn clearing_and_emptying_are_different(registry: &Harness) {
        full(registry).await;
        let emptied = registry.client.update_model("m").repository("").description("").send().await.unwrap();
        assert_eq!((emptied.repository.as_deref(), emptied.description.as_deref()), (Some(""), Some("")));
        let cleared = registry.client.update_model("m").clear_repository().send().await.unwrap();
        assert_eq!((cleared.repository.as_deref(), cleared.description.as_deref()), (None, Some("")));
    }

    /// Without a mask, the fields that are set are written, and the others stay.
    async fn without_a_mask_what_is_set_is_written(registry: &Harness) {
        let before = full(registry).await;
        let values = Model { description: Some(String::new()), labels: [("a".to_owned(), "b".to_owned())].into(), ..Model::default() };
        let request = |update_mask| {
            let model_ref = Some(ModelRef::from(&before).into());
            pb::UpdateModelRequest { model_ref, model: Some(values.clone()), update_mask, validate_only: false, request_id: String::new() }
        };
        let updated = registry.client.call(request(None)).send().await.unwrap().model.unwrap();
        let expected = Model { description: Some(String::new()), labels: values.labels.clone(), ..before.clone() };
        assert_eq!(updated, with(&updated, expected));
        let again = registry.client.call(request(Some(prost_types::FieldMask::default()))).send().await.unwrap().model.unwrap();
        assert_eq!(again, updated);
    }

    /// A model can be read, changed and written back as a whole: what cannot be written is not in the way.
    async fn a_whole_model_can_be_written_back(registry: &Harness) {
        let read = full(registry).await;
        let same = registry.client.update_model_from(&read, read.clone(), None::<&str>).send().await.unwrap();
        assert_eq!(same, read);
        let changed = Model { company: Some("other".into()), revision: 99, release_count: Some(5), created_by: "x".into(), ..read.clone() };
        let updated = registry.client.update_model_from(&read, changed, None::<&str>).send().await.unwrap();
        assert_eq!(updated, with(&updated, Model { company: Some("other".into()), ..read }));
    }

    /// An update that changes nothing writes nothing: no revision, no new time, no new etag.
    async fn an_update_that_changes_nothing_writes_nothing(registry: &Harness) {
        let before = full(registry).await;
        registry.advance(Duration::from_secs(60));
        let names = FIELDS;
        let same = registry.client.update_model_from("m", before.clone(), names).send().await.unwrap();
        assert_eq!(same, before);
        let same = registry.client.update_model("m").tags(["t2", "t1", "t2"]).labels([("l", "v")]).send().await.unwrap();
        assert_eq!(same, before);
        let empty = pb::UpdateModelRequest { model_ref: Some(ModelRef::from(&before).into()), model: Some(Model::default()), ..Default::default() };
        assert_eq!(registry.client.call(empty).send().await.unwrap().model.unwrap(), before);
        assert_eq!(given::revision(registry).await, before.revision);
    }

    /// A change moves the time of the last change to the time of the call, and nothing else moves it.
    async fn a_change_moves_the_update_time(registry: &Harness) {
        let before = full(registry).await;
        registry.advance(Duration::from_micros(90_000_001));
        given::release(registry, "m", "1.0.0").await;
        assert_eq!(registry.client.get_model("m").send().await.unwrap().update_time, before.update_time);
        let updated = registry.client.update_model("m").description("new").send().await.unwrap();
        assert_eq!(updated.update_time, Some(given::time(90_000_001)));
        assert_eq!(updated.create_time, before.create_time);
        assert_eq!(updated.revision, given::revision(registry).await);
        assert_ne!(updated.etag, before.etag);
    }

    /// Labels and tags are part of the model: a change of them alone is a change of it.
    async fn labels_and_tags_alone_are_a_change(registry: &Harness) {
        let before = full(registry).await;
        let tagged = registry.client.update_model("m").tags(["t1"]).send().await.unwrap();
        assert_eq!((tagged.revision, tagged.tags.as_slice()), (before.revision + 1, ["t1".to_owned()].as_slice()));
        let labelled = registry.client.update_model("m").labels([("l", "w")]).send().await.unwrap();
        assert_eq!(labelled.revision, before.revision + 2);
        assert_ne!(labelled.etag, tagged.etag);
        let cleared = registry.client.update_model("m").clear_tags().clear_labels().send().await.unwrap();
        assert!(cleared.tags.is_empty() && cleared.labels.is_empty());
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), cleared);
    }

    /// With an etag, an update happens only if nobody was there in between; who comes late learns what is current.
    async fn a_stale_etag_is_refused(registry: &Harness) {
        let first = full(registry).await;
        let second = registry.client.update_model("m").etag(&first.etag).description("1").send().await.unwrap();
        for (etag, description) in [(first.etag.as_str(), "2"), ("nonsense", "2"), (first.etag.as_str(), "1")] {
            let late = registry.client.update_model("m").etag(etag).description(description).send().await;
            let error = expect::refused(late, Code::Aborted, ErrorReason::EtagMismatch);
            assert_eq!(expect::fact(&error, "currentEtag"), second.etag);
            assert_eq!(expect::fact(&error, "currentRevision"), second.revision.to_string());
        }
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), second);
        let too_long = registry.client.update_model("m").etag("e".repeat(65)).description("3").send().await;
        expect::invalid(too_long, &[("model.etag", "STRING_MAX_LEN")]);
        registry.client.update_model("m").etag(&second.etag).description("3").send().await.unwrap();
    }

    /// A model that is not there cannot be updated, by name or by id.
    async fn a_missing_model_cannot_be_updated(registry: &Harness) {
        let by_name = registry.client.update_model("m").description("d").send().await;
        expect::refused(by_name, Code::NotFound, ErrorReason::ModelNotFound);
        let id = registry_client::ModelRef::by_id("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        let by_id = registry.client.update_model(id).description("d").send().await;
        expect::refused(by_id, Code::NotFound, ErrorReason::ModelNotFound);
    }
}

//! What is refused because of its form: the code, the reason, the field, the rule.

use registry_client::{IntoStruct, Model, ModelRef, pb};
use registry_tests::{Harness, conformance, expect, given};
use serde_json::json;

type Created = Result<pb::CreateModelResponse, registry_client::Error>;

async fn create(registry: &Harness, model: Model) -> Created {
    registry
        .client
        .call(pb::CreateModelRequest { model: Some(model), validate_only: false, request_id: String::new() })
        .send()
        .await
}

fn model() -> Model {
    Model { name: "m".into(), storage_path: "/m".into(), ..Model::default() }
}

fn text(character: char, count: usize) -> String {
    std::iter::repeat_n(character, count).collect()
}

conformance! {
    /// A model without a storage path is refused, whether the path is left out or empty; the field is named.
    async fn a_model_needs_a_storage_path(registry: &Harness) {
        let without = Model { name: "m".into(), ..Model::default() };
        expect::invalid(create(registry, without).await, &[("model.storage_path", "REQUIRED")]);
        expect::invalid(registry.client.create_model("m", "").send().await, &[("model.storage_path", "REQUIRED")]);
        assert_eq!(given::revision(registry).await, 0);
    }

    /// A storage path has at most 1000 characters, however many bytes they are.
    async fn a_storage_path_has_at_most_1000_characters(registry: &Harness) {
        for (name, character) in [("ascii", 'x'), ("umlaut", 'ü'), ("emoji", '\u{1f600}')] {
            let longest = text(character, 1000);
            let stored = registry.client.create_model(name, &longest).send().await.unwrap();
            assert_eq!(stored.storage_path, longest);
            assert_eq!(registry.client.get_model(name).send().await.unwrap().storage_path, longest);
            let longer = registry.client.create_model(format!("{name}2"), text(character, 1001)).send().await;
            expect::invalid(longer, &[("model.storage_path", "STRING_MAX_LEN")]);
        }
    }

    /// Every text of a model has the length the contract says, counted in characters, and not one more.
    async fn every_length_is_counted_in_characters(registry: &Harness) {
        type Set = fn(&mut Model, String);
        let fields: [(&str, usize, Set); 7] = [
            ("repository", 500, |model, text| model.repository = Some(text)),
            ("company", 255, |model, text| model.company = Some(text)),
            ("base_model", 100, |model, text| model.base_model = Some(text)),
            ("parameter_count", 50, |model, text| model.parameter_count = Some(text)),
            ("description", 16384, |model, text| model.description = Some(text)),
            ("display_name", 255, |model, text| model.display_name = Some(text)),
            ("task", 100, |model, text| model.task = Some(text)),
        ];
        let mut longest = model();
        for (field, most, set) in fields {
            let mut longer = model();
            set(&mut longer, text('ü', most + 1));
            expect::invalid(create(registry, longer).await, &[(&format!("model.{field}"), "STRING_MAX_LEN")]);
            set(&mut longest, text('ü', most));
        }
        let stored = create(registry, longest.clone()).await.unwrap().model.unwrap();
        assert_eq!(stored.description, longest.description);
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), stored);
    }

    /// No text holds a NUL character, wherever it is: PostgreSQL could not store it.
    async fn nul_is_refused_everywhere(registry: &Harness) {
        let nul = || "a\0b".to_owned();
        let document = |json: serde_json::Value| Some(json.into_struct().unwrap());
        let training = |training| Model { training: Some(training), ..model() };
        let cases: Vec<(&str, Model)> = vec![
            ("model.name", Model { name: nul(), ..model() }),
            ("model.storage_path", Model { storage_path: nul(), ..model() }),
            ("model.repository", Model { repository: Some(nul()), ..model() }),
            ("model.company", Model { company: Some(nul()), ..model() }),
            ("model.description", Model { description: Some(nul()), ..model() }),
            ("model.display_name", Model { display_name: Some(nul()), ..model() }),
            ("model.server_type", Model { server_type: Some(nul()), ..model() }),
            ("model.tags[1]", Model { tags: vec!["fine".into(), nul()], ..model() }),
            ("model.labels[\"k\"]", Model { labels: [("k".to_owned(), nul())].into(), ..model() }),
            ("model.labels[\"a\\0b\"]", Model { labels: [(nul(), "v".to_owned())].into(), ..model() }),
            ("model.metadata[\"k\"]", Model { metadata: document(json!({"k": nul()})), ..model() }),
            ("model.metadata[\"a\\0b\"]", Model { metadata: document(json!({nul(): 1})), ..model() }),
            ("model.metadata[\"l\"][1][\"k\"]", Model { metadata: document(json!({"l": [0, {"k": nul()}]})), ..model() }),
            ("model.training.run_uri", training(pb::TrainingMetadata { run_uri: Some(nul()), ..Default::default() })),
            ("model.training.metrics[\"a\\0b\"]", training(pb::TrainingMetadata { metrics: [(nul(), 1.0)].into(), ..Default::default() })),
            (
                "model.training.hyperparameters[\"k\"]",
                training(pb::TrainingMetadata { hyperparameters: document(json!({"k": nul()})), ..Default::default() }),
            ),
        ];
        for (field, model) in cases {
            let error = expect::invalid(create(registry, model).await, &[(field, "STRING_NUL")]);
            assert!(!error.message().contains('\0'), "{field}");
        }
        let by_name = registry.client.get_model(ModelRef::by_name(nul())).send().await;
        expect::invalid(by_name, &[("model_ref.name", "STRING_NUL")]);
        let filter = pb::ModelFilter { companies: vec![nul()], text_query: nul(), ..Default::default() };
        let list = registry.client.list_models().filter(filter).send().await;
        expect::invalid(list, &[("filter.companies[0]", "STRING_NUL"), ("filter.text_query", "STRING_NUL")]);
        assert_eq!(given::revision(registry).await, 0);
    }

    /// A number that is no value of an enum is refused and not guessed at.
    async fn unknown_enum_numbers_are_refused(registry: &Harness) {
        for number in [4, -1, i32::MAX] {
            let unknown = Model { source: number, ..model() };
            expect::invalid(create(registry, unknown).await, &[("model.source", "ENUM_DEFINED_ONLY")]);
        }
        let client = &registry.client;
        let list = pb::ListModelsRequest { order: 99, view: 99, ..Default::default() };
        expect::invalid(client.call(list).send().await, &[("order", "ENUM_DEFINED_ONLY"), ("view", "ENUM_DEFINED_ONLY")]);
        let get = pb::GetModelRequest { model_ref: Some(ModelRef::by_name("m").into()), view: 3 };
        expect::invalid(client.call(get).send().await, &[("view", "ENUM_DEFINED_ONLY")]);
        let filter = pb::ModelFilter { sources: vec![1, 9], ..Default::default() };
        expect::invalid(client.list_models().filter(filter).send().await, &[("filter.sources[1]", "ENUM_DEFINED_ONLY")]);
    }

    /// Everything that is wrong is told at once.
    async fn all_violations_come_in_one_answer(registry: &Harness) {
        let wrong = Model {
            name: "no spaces".into(),
            repository: Some(text('x', 501)),
            tags: vec![String::new()],
            server_type: Some("VLLM".into()),
            source: 7,
            labels: [("-k".to_owned(), text('v', 5001))].into(),
            ..Model::default()
        };
        let error = expect::invalid(
            create(registry, wrong).await,
            &[
                ("model.name", "STRING_PATTERN"),
                ("model.storage_path", "REQUIRED"),
                ("model.repository", "STRING_MAX_LEN"),
                ("model.tags[0]", "STRING_MIN_LEN"),
                ("model.server_type", "STRING_PATTERN"),
                ("model.source", "ENUM_DEFINED_ONLY"),
                ("model.labels[\"-k\"]", "STRING_PATTERN"),
                ("model.labels[\"-k\"]", "STRING_MAX_LEN"),
            ],
        );
        assert!(error.violations().iter().all(|violation| !violation.description.is_empty()));
    }

    /// However much is wrong, at most 24 violations are listed and every client can read the status.
    async fn a_status_stays_small(registry: &Harness) {
        let bad_tags: Vec<String> = (0..64).map(|number| format!("{number}{}", text('\u{1f600}', 200))).collect();
        let cases = [
            Model { tags: bad_tags.clone(), ..model() },
            Model { labels: (0..128).map(|number| (format!("-{number}{}", text('k', 240)), text('v', 1100))).collect(), ..model() },
            Model { labels: (0..128).map(|number| (format!("{number}{}", text('ü', 200)), text('v', 1100))).collect(), ..model() },
            Model { tags: (0..2000).map(|_| String::new()).collect(), ..model() },
            Model { name: text('\u{1}', 100_000), storage_path: text('"', 100_000), tags: bad_tags, ..Model::default() },
        ];
        for case in cases {
            let answer = create(registry, case).await;
            let error = expect::refused(answer, registry_client::Code::InvalidArgument, registry_client::ErrorReason::InvalidField);
            assert!(!error.violations().is_empty());
            assert!(error.violations().iter().all(|violation| violation.field.starts_with("model.")), "{error}");
        }
    }

    /// A batch of references has its violations with the place of each reference.
    async fn violations_name_the_place_in_a_batch(registry: &Harness) {
        let model_refs = vec![ModelRef::by_name("m").into(), pb::ModelRef::default(), ModelRef::by_id("no-uuid").into()];
        let answer = registry.client.call(pb::BatchGetModelsRequest { model_refs, view: 0 }).send().await;
        expect::invalid(answer, &[("model_refs[1].value", "REQUIRED"), ("model_refs[2].id", "STRING_UUID")]);
    }

    /// Counts have limits: 64 tags, 128 labels; a tag has 128 characters and a label key 250, a value 5000.
    async fn counts_have_limits(registry: &Harness) {
        let most = Model {
            tags: (0..64).map(|number| format!("{number:0128}")).collect(),
            labels: (0..128).map(|number| (format!("{number:0250}"), "v".to_owned())).collect(),
            ..model()
        };
        let stored = create(registry, most.clone()).await.unwrap().model.unwrap();
        assert_eq!((stored.tags.len(), stored.labels.len()), (64, 128));
        let long = Model { name: "l".into(), labels: [("k".to_owned(), text('ü', 5000))].into(), ..model() };
        assert_eq!(create(registry, long.clone()).await.unwrap().model.unwrap().labels, long.labels);
        let tags = (0..65).map(|number| number.to_string()).collect();
        expect::invalid(create(registry, Model { tags, ..model() }).await, &[("model.tags", "REPEATED_MAX_ITEMS")]);
        let labels = (0..129).map(|number| (format!("k{number}"), String::new())).collect();
        expect::invalid(create(registry, Model { labels, ..model() }).await, &[("model.labels", "MAP_MAX_PAIRS")]);
        let tags = vec![text('t', 129)];
        expect::invalid(create(registry, Model { tags, ..model() }).await, &[("model.tags[0]", "STRING_MAX_LEN")]);
    }

    /// Without its resource, a request is refused and not taken for one with an empty resource.
    async fn a_request_needs_its_message(registry: &Harness) {
        let client = &registry.client;
        expect::invalid(client.call(pb::CreateModelRequest::default()).send().await, &[("model", "REQUIRED")]);
        expect::invalid(client.call(pb::GetModelRequest::default()).send().await, &[("model_ref", "REQUIRED")]);
        let update = client.call(pb::UpdateModelRequest::default()).send().await;
        expect::invalid(update, &[("model_ref", "REQUIRED"), ("model", "REQUIRED")]);
        let release = client.call(pb::CreateReleaseRequest::default()).send().await;
        expect::invalid(release, &[("model_ref", "REQUIRED"), ("release", "REQUIRED")]);
        let resolve = client.call(pb::ResolveReleaseRequest::default()).send().await;
        expect::invalid(resolve, &[("model_ref", "REQUIRED"), ("selector", "REQUIRED")]);
        let transition = client.call(pb::TransitionReleaseRequest::default()).send().await;
        expect::invalid(transition, &[("release_ref", "REQUIRED"), ("target_state", "REQUIRED")]);
    }
}

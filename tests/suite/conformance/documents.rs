//! JSON documents, training metadata and numbers: what goes in comes out, to the last bit.

use prost_types::value::Kind;
use prost_types::{Duration, ListValue, Struct, Timestamp, Value};
use registry_client::{IntoStruct, Model, TrainingMetadata};
use registry_tests::{Harness, conformance, expect, given};
use serde_json::json;

/// Numbers that a careless way through text or decimals would change.
const NUMBERS: [f64; 17] = [
    0.0,
    0.1,
    -0.1,
    1.0,
    1e308,
    -1e308,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    f64::EPSILON,
    9_007_199_254_740_992.0,
    9_007_199_254_740_993.0,
    1e21,
    123_456_789.123_456_79,
    0.300_000_000_000_000_04,
    1e-7,
];

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn object(members: impl IntoIterator<Item = (String, Value)>) -> Struct {
    Struct { fields: members.into_iter().collect() }
}

fn model(name: &str) -> Model {
    Model { name: name.into(), storage_path: "/m".into(), ..Model::default() }
}

/// Objects in objects, this many, the outermost included.
fn nested(levels: usize) -> Struct {
    (1..levels).fold(object([]), |inner, level| match level % 2 {
        0 => object([("k".to_owned(), value(Kind::StructValue(inner)))]),
        _ => object([("k".to_owned(), value(Kind::StructValue(inner))), ("n".to_owned(), value(Kind::NullValue(0)))]),
    })
}

async fn stored(registry: &Harness, model: Model) -> Model {
    let created = registry.client.create_model_from(model).send().await.unwrap();
    let read = registry.client.get_model(&created).send().await.unwrap();
    assert_eq!(read, created);
    read
}

async fn with_metadata(registry: &Harness, metadata: Struct) -> Result<Model, registry_client::Error> {
    registry.client.create_model_from(Model { metadata: Some(metadata), ..model("m") }).send().await
}

conformance! {
    /// Numbers in metadata, in hyperparameters and among the metrics come back as the same double.
    async fn numbers_come_back_to_the_last_bit(registry: &Harness) {
        let keyed = || NUMBERS.iter().enumerate().map(|(place, number)| (format!("k{place}"), *number));
        let document = object(keyed().map(|(key, number)| (key, value(Kind::NumberValue(number)))));
        let training = TrainingMetadata { hyperparameters: Some(document.clone()), metrics: keyed().collect(), ..Default::default() };
        let sent = Model { metadata: Some(document), training: Some(training), ..model("m") };
        let read = stored(registry, sent).await;
        let training = read.training.unwrap();
        let documents = [read.metadata.unwrap(), training.hyperparameters.unwrap()];
        for (key, number) in keyed() {
            assert_eq!(training.metrics[&key].to_bits(), number.to_bits(), "{number} among the metrics");
            for document in &documents {
                match document.fields[&key].kind {
                    Some(Kind::NumberValue(found)) => assert_eq!(found.to_bits(), number.to_bits(), "{number}"),
                    ref other => panic!("{number} became {other:?}"),
                }
            }
        }
    }

    /// Zero keeps its sign in a document. (Among the metrics it cannot: a map entry that equals zero is left out on the wire.)
    async fn zero_keeps_its_sign(registry: &Harness) {
        let document = object([("k".to_owned(), value(Kind::NumberValue(-0.0)))]);
        let training = TrainingMetadata { hyperparameters: Some(document.clone()), ..Default::default() };
        let sent = Model { metadata: Some(document), training: Some(training), ..model("m") };
        let read = stored(registry, sent).await;
        for document in [read.metadata.unwrap(), read.training.unwrap().hyperparameters.unwrap()] {
            let Some(Kind::NumberValue(found)) = document.fields["k"].kind else { panic!("{document:?}") };
            assert_eq!(found.to_bits(), (-0.0_f64).to_bits());
        }
    }

    /// Every kind of JSON value survives, in any nesting, with any key.
    async fn every_kind_of_value_survives(registry: &Harness) {
        let document = json!({
            "": "empty key", "null": null, "true": true, "false": false, "text": "\u{1f600} \" \\ / \u{8} \n \u{2028} ü", "number": 1.5,
            "list": [null, [], {}, [[[1]]], {"a": {"b": ["c"]}}], "object": {"Z": 1, "a": 2, "ä": 3}, "__proto__": {}, "$ref": "#",
            "'; DROP TABLE model; --": "%s", "a.b": {"c.d": 0},
        });
        let document = document.into_struct().unwrap();
        let sent = Model { metadata: Some(document.clone()), ..model("m") };
        assert_eq!(stored(registry, sent).await.metadata, Some(document.clone()));
        let release = registry.client.create_release("m", "1").digest(given::digest(1)).metadata(document.clone()).send().await.unwrap();
        assert_eq!(registry.client.get_release(&release).send().await.unwrap().metadata, Some(document));
    }

    /// All that is known of a training survives; zero, empty and unknown are different things.
    async fn everything_about_a_training_survives(registry: &Harness) {
        let full = TrainingMetadata {
            duration: Some(Duration { seconds: 3600, nanos: 123_456_000 }),
            peak_vram_bytes: Some(i64::MAX),
            dataset_example_count: Some(1),
            dataset_size_bytes: Some(85_899_345_920),
            dataset_uri: Some("s3://sets/ü".into()),
            strategy: Some("qlora".into()),
            provider: Some("unsloth".into()),
            compute_profile: Some("mid_range".into()),
            gpu_count: Some(i32::MAX),
            gpu_type: Some("nvidia-a100-80gb".into()),
            start_time: Some(Timestamp { seconds: -62_135_596_800, nanos: 0 }),
            end_time: Some(Timestamp { seconds: 253_402_300_799, nanos: 999_999_000 }),
            hyperparameters: Some(json!({"lora": {"rank": 16}}).into_struct().unwrap()),
            metrics: [("eval_loss".to_owned(), 1.27)].into(),
            run_uri: Some("https://mlflow/#/runs/1".into()),
        };
        let zero = TrainingMetadata {
            duration: Some(Duration { seconds: -1, nanos: -5_000 }),
            peak_vram_bytes: Some(0),
            dataset_example_count: Some(0),
            dataset_size_bytes: Some(0),
            dataset_uri: Some(String::new()),
            strategy: Some(String::new()),
            gpu_count: Some(0),
            start_time: Some(Timestamp { seconds: 0, nanos: 0 }),
            hyperparameters: Some(Struct::default()),
            ..TrainingMetadata::default()
        };
        for (number, training) in [full, zero, TrainingMetadata::default()].into_iter().enumerate() {
            let sent = Model { training: Some(training.clone()), ..model(&format!("m{number}")) };
            assert_eq!(stored(registry, sent).await.training, Some(training.clone()));
            let create = registry.client.create_release(format!("m{number}"), "1").digest(given::digest(1)).training(training.clone());
            let release = create.send().await.unwrap();
            assert_eq!(registry.client.get_release(&release).send().await.unwrap().training, Some(training));
        }
        assert_eq!(stored(registry, model("unknown")).await.training, None);
    }

    /// Times are kept to the microsecond; what is finer is cut off, before 1970 too.
    async fn times_are_kept_to_the_microsecond(registry: &Harness) {
        let time = |seconds, nanos| Some(Timestamp { seconds, nanos });
        let training = TrainingMetadata { start_time: time(-5, 999_999_999), end_time: time(5, 1_999), ..TrainingMetadata::default() };
        let kept = TrainingMetadata { start_time: time(-5, 999_999_000), end_time: time(5, 1_000), ..TrainingMetadata::default() };
        let sent = Model { training: Some(training), ..model("m") };
        assert_eq!(stored(registry, sent).await.training, Some(kept));
    }

    /// A document has at most 64 KiB and 16 levels; one more of either is refused.
    async fn documents_have_limits(registry: &Harness) {
        let deepest = nested(16);
        let sent = Model { metadata: Some(deepest.clone()), ..model("deep") };
        assert_eq!(stored(registry, sent).await.metadata, Some(deepest));
        let error = with_metadata(registry, nested(17)).await.unwrap_err();
        assert_eq!(error.violations()[0].reason, "STRUCT_MAX_DEPTH");
        let lists = (0..16).fold(value(Kind::NullValue(0)), |inner, _| value(Kind::ListValue(ListValue { values: vec![inner] })));
        let error = with_metadata(registry, object([("k".to_owned(), lists)])).await.unwrap_err();
        assert_eq!(error.violations()[0].reason, "STRUCT_MAX_DEPTH");
        let text = |bytes: usize| object([("k".to_owned(), value(Kind::StringValue("x".repeat(bytes))))]);
        let fits = (65_000..65_536).rev().map(text).find(|document| prost::Message::encoded_len(document) == 65_536).unwrap();
        let sent = Model { metadata: Some(fits.clone()), ..model("large") };
        assert_eq!(stored(registry, sent).await.metadata, Some(fits));
        expect::invalid(with_metadata(registry, text(65_536)).await, &[("model.metadata", "STRUCT_MAX_BYTES")]);
        let keys = object((0..100_000).map(|number| (number.to_string(), value(Kind::NullValue(0)))));
        let error = with_metadata(registry, keys).await.unwrap_err();
        assert!(matches!(error.code(), registry_client::Code::InvalidArgument | registry_client::Code::ResourceExhausted), "{error}");
    }

    /// What JSON cannot hold is refused, and not quietly turned into something that it can.
    async fn what_json_cannot_hold_is_refused(registry: &Harness) {
        let list = |value| Value { kind: Some(Kind::ListValue(ListValue { values: vec![value] })) };
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let document = object([("k".to_owned(), list(value(Kind::NumberValue(number))))]);
            expect::invalid(with_metadata(registry, document.clone()).await, &[("model.metadata[\"k\"][0]", "DOUBLE_FINITE")]);
            let training = TrainingMetadata { metrics: [("loss".to_owned(), number)].into(), hyperparameters: Some(document), ..Default::default() };
            let answer = registry.client.create_model_from(Model { training: Some(training), ..model("m") }).send().await;
            let paths = [("model.training.metrics[\"loss\"]", "DOUBLE_FINITE"), ("model.training.hyperparameters[\"k\"][0]", "DOUBLE_FINITE")];
            expect::invalid(answer, &paths);
        }
        let nothing = object([("k".to_owned(), Value { kind: None })]);
        expect::invalid(with_metadata(registry, nothing).await, &[("model.metadata[\"k\"]", "VALUE_KIND")]);
    }

    /// Times and durations that protobuf does not know are refused, and negative counts too.
    async fn impossible_times_and_counts_are_refused(registry: &Harness) {
        let time = |seconds, nanos| Some(Timestamp { seconds, nanos });
        for impossible in [time(i64::MAX, 0), time(i64::MIN, 0), time(0, -1), time(0, 1_000_000_000), time(253_402_300_800, 0), time(-62_135_596_801, 0)] {
            let training = TrainingMetadata { start_time: impossible, end_time: impossible, ..Default::default() };
            let answer = registry.client.create_model_from(Model { training: Some(training), ..model("m") }).send().await;
            expect::invalid(answer, &[("model.training.start_time", "TIMESTAMP_RANGE"), ("model.training.end_time", "TIMESTAMP_RANGE")]);
        }
        for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (1, -1), (-1, 1), (0, 1_000_000_000), (315_576_000_001, 0)] {
            let training = TrainingMetadata { duration: Some(Duration { seconds, nanos }), ..Default::default() };
            let answer = registry.client.create_model_from(Model { training: Some(training), ..model("m") }).send().await;
            expect::invalid(answer, &[("model.training.duration", "DURATION_RANGE")]);
        }
        let training = TrainingMetadata {
            peak_vram_bytes: Some(-1),
            dataset_example_count: Some(i64::MIN),
            dataset_size_bytes: Some(-1),
            gpu_count: Some(-1),
            ..Default::default()
        };
        let answer = registry.client.create_model_from(Model { training: Some(training), ..model("m") }).send().await;
        expect::invalid(
            answer,
            &[
                ("model.training.peak_vram_bytes", "INT64_GTE"),
                ("model.training.dataset_example_count", "INT64_GTE"),
                ("model.training.dataset_size_bytes", "INT64_GTE"),
                ("model.training.gpu_count", "INT32_GTE"),
            ],
        );
    }
}

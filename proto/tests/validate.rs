//! Every kind of rule, on the messages that have it: which fields are named and for which reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use prost_types::value::Kind;
use prost_types::{Duration, FieldMask, ListValue, Struct, Timestamp, Value};
use registry_proto::v1 as pb;
use registry_proto::validate::{Validate, Violations, check};

/// What is wrong with a message, as "path: REASON".
fn found(message: &impl Validate) -> Vec<String> {
    match check(message) {
        Ok(()) => Vec::new(),
        Err(Violations { list, total }) => {
            assert!(total >= list.len());
            list.into_iter().map(|violation| format!("{}: {}", violation.field, violation.reason)).collect()
        }
    }
}

#[track_caller]
fn assert_found(message: &impl Validate, expected: &[&str]) {
    assert_eq!(found(message), expected);
}

fn model() -> pb::Model {
    pb::Model { name: "llama-3-7b-companyA".to_owned(), storage_path: "s3://models/a/".to_owned(), ..Default::default() }
}

fn create(change: impl FnOnce(&mut pb::Model)) -> pb::CreateModelRequest {
    let mut model = model();
    change(&mut model);
    pb::CreateModelRequest { model: Some(model), ..Default::default() }
}

fn model_ref(name: &str) -> Option<pb::ModelRef> {
    Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name(name.to_owned())) })
}

fn release_ref(id: &str) -> Option<pb::ReleaseRef> {
    Some(pb::ReleaseRef { value: Some(pb::release_ref::Value::Id(id.to_owned())) })
}

fn release() -> pb::Release {
    pb::Release { version: "1.0.0".to_owned(), ..Default::default() }
}

fn create_release(change: impl FnOnce(&mut pb::Release)) -> pb::CreateReleaseRequest {
    let mut release = release();
    change(&mut release);
    pb::CreateReleaseRequest { model_ref: model_ref("m"), release: Some(release), ..Default::default() }
}

fn update(model: pb::Model, paths: Option<&[&str]>) -> pb::UpdateModelRequest {
    let update_mask = paths.map(|paths| FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() });
    pb::UpdateModelRequest { model_ref: model_ref("m"), model: Some(model), update_mask, ..Default::default() }
}

fn list(filter: pb::ModelFilter) -> pb::ListModelsRequest {
    pb::ListModelsRequest { filter: Some(filter), ..Default::default() }
}

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn document(key: &str, member: Value) -> Struct {
    Struct { fields: BTreeMap::from([(key.to_owned(), member)]) }
}

const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

fn set_alias(alias: &str) -> pb::SetReleaseAliasRequest {
    pb::SetReleaseAliasRequest { release_ref: release_ref(ID), alias: alias.to_owned(), ..Default::default() }
}

/// An object in an object in an object …
fn nested(levels: usize) -> Struct {
    (1..levels).fold(Struct::default(), |inner, _| document("a", value(Kind::StructValue(inner))))
}

#[test]
fn a_sound_request_passes() {
    assert_found(&create(|_| ()), &[]);
    assert_found(&create_release(|_| ()), &[]);
    assert_found(&pb::GetServerInfoRequest {}, &[]);
    assert_found(&pb::ListModelsRequest::default(), &[]);
}

#[test]
fn required_fields() {
    assert_found(&pb::CreateModelRequest::default(), &["model: REQUIRED"]);
    assert_found(&create(|model| model.storage_path.clear()), &["model.storage_path: REQUIRED"]);
    assert_found(&create(|model| *model = pb::Model::default()), &["model.name: REQUIRED", "model.storage_path: REQUIRED"]);
    assert_found(&pb::GetModelRequest::default(), &["model_ref: REQUIRED"]);
    assert_found(&pb::GetModelRequest { model_ref: Some(pb::ModelRef::default()), view: 0 }, &["model_ref.value: REQUIRED"]);
    assert_found(&pb::BatchGetModelsRequest::default(), &["model_refs: REQUIRED"]);
    let step = pb::TransitionReleaseRequest { release_ref: release_ref(ID), ..Default::default() };
    assert_found(&step, &["target_state: REQUIRED"]);
    let request = pb::ResolveReleaseRequest { model_ref: model_ref("m"), ..Default::default() };
    assert_found(&request, &["selector: REQUIRED"]);
}

#[test]
fn numbers_have_a_least_and_a_highest_value() {
    let at = |host_port| {
        let deployment = pb::Deployment { environment: "e".to_owned(), host_port: Some(host_port), ..Default::default() };
        pb::CreateDeploymentRequest { release_ref: release_ref(ID), deployment: Some(deployment), ..Default::default() }
    };
    for (port, expected) in [
        (1, &[][..]),
        (65535, &[]),
        (0, &["deployment.host_port: INT32_GTE"]),
        (65536, &["deployment.host_port: INT32_LTE"]),
        (i32::MAX, &["deployment.host_port: INT32_LTE"]),
    ] {
        assert_found(&at(port), expected);
    }
}

#[test]
fn lengths_are_counted_in_characters() {
    assert_found(&create(|model| model.storage_path = "ä".repeat(1000)), &[]);
    assert_found(&create(|model| model.storage_path = "ä".repeat(1001)), &["model.storage_path: STRING_MAX_LEN"]);
    assert_found(&create(|model| model.storage_path = "a".repeat(1001)), &["model.storage_path: STRING_MAX_LEN"]);
    assert_found(&create(|model| model.tags = vec![String::new()]), &["model.tags[0]: STRING_MIN_LEN"]);
    assert_found(&pb::GetModelRequest { model_ref: model_ref(""), view: 0 }, &["model_ref.name: STRING_MIN_LEN"]);
}

#[test]
fn unset_and_empty_are_different() {
    assert_found(&create(|model| model.description = Some(String::new())), &[]);
    assert_found(&create(|model| model.server_type = None), &[]);
    assert_found(&create(|model| model.server_type = Some(String::new())), &["model.server_type: STRING_PATTERN"]);
    // Where there is no difference, empty means unset.
    assert_found(&create_release(|release| release.tag.clear()), &[]);
    assert_found(&create_release(|release| release.tag = "-".to_owned()), &["release.tag: STRING_PATTERN"]);
}

#[test]
fn no_string_holds_a_nul() {
    assert_found(&create(|model| model.storage_path = "a\0b".to_owned()), &["model.storage_path: STRING_NUL"]);
    assert_found(&create(|model| model.name = "a\0".to_owned()), &["model.name: STRING_NUL"]);
    assert_found(&create(|model| model.company = Some("\0".to_owned())), &["model.company: STRING_NUL"]);
    assert_found(&create(|model| model.tags = vec!["a".to_owned(), "\0".to_owned()]), &["model.tags[1]: STRING_NUL"]);
    assert_found(
        &create(|model| model.labels = BTreeMap::from([("k".to_owned(), "\0".to_owned())])),
        &[r#"model.labels["k"]: STRING_NUL"#],
    );
    assert_found(
        &create(|model| model.labels = BTreeMap::from([("k\0".to_owned(), "v".to_owned())])),
        &[r#"model.labels["k\0"]: STRING_NUL"#],
    );
    assert_found(
        &create(|model| model.metadata = Some(document("k\0", value(Kind::StringValue("\0".to_owned()))))),
        &[r#"model.metadata["k\0"]: STRING_NUL"#, r#"model.metadata["k\0"]: STRING_NUL"#],
    );
    assert_found(
        &list(pb::ModelFilter { text_query: "\0".to_owned(), ..Default::default() }),
        &["filter.text_query: STRING_NUL"],
    );
    assert_found(&pb::ListModelsRequest { page_token: "\0".to_owned(), ..Default::default() }, &["page_token: STRING_NUL"]);
    assert_found(&update(pb::Model::default(), Some(&["a\0"])), &["update_mask.paths[0]: STRING_NUL"]);
}

#[test]
fn patterns_speak_of_the_whole_string() {
    for name in ["a b", "/a", "a//b", "a/", ".a", "a\n", "é"] {
        assert_found(&create(|model| model.name = name.to_owned()), &["model.name: STRING_PATTERN"]);
    }
    assert_found(&create(|model| model.name = "acme/Llama_3.1".to_owned()), &[]);
    assert_found(&create_release(|release| release.digest = Some("sha256:ABC".to_owned())), &["release.digest: STRING_PATTERN"]);
    assert_found(&create_release(|release| release.digest = Some(format!("sha256:{}", "0".repeat(64)))), &[]);
    assert_found(&create_release(|release| release.platform = "linux".to_owned()), &["release.platform: STRING_PATTERN"]);
    assert_found(&create_release(|release| release.platform = "linux/arm/v7".to_owned()), &[]);
}

#[test]
fn uuids() {
    let get = |id: &str| pb::GetReleaseRequest { release_ref: release_ref(id), view: 0 };
    assert_found(&get("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11"), &[]);
    for id in [
        "",
        "x",
        "0193f0c47b1e7c3a9d522f6a1c0b8e11",
        "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e1g",
        "0193f0c4-7b1e-7c3a-9d52+2f6a1c0b8e11",
    ] {
        assert_found(&get(id), &["release_ref.id: STRING_UUID"]);
    }
}

#[test]
fn enums() {
    assert_found(&create(|model| model.source = 99), &["model.source: ENUM_DEFINED_ONLY"]);
    assert_found(&create(|model| model.source = -1), &["model.source: ENUM_DEFINED_ONLY"]);
    assert_found(&pb::GetModelRequest { model_ref: model_ref("m"), view: 3 }, &["view: ENUM_DEFINED_ONLY"]);
    assert_found(
        &list(pb::ModelFilter { sources: vec![1, 99], ..Default::default() }),
        &["filter.sources[1]: ENUM_DEFINED_ONLY"],
    );
    let begin_in = |state| pb::CreateReleaseRequest { initial_state: state, ..create_release(|_| ()) };
    assert_found(&begin_in(1), &[]);
    assert_found(&begin_in(3), &["initial_state: ENUM_IN"]);
    assert_found(&begin_in(99), &["initial_state: ENUM_DEFINED_ONLY"]);
}

#[test]
fn numbers() {
    assert_found(&pb::ListModelsRequest { page_size: -1, ..Default::default() }, &["page_size: INT32_GTE"]);
    assert_found(&create_release(|release| release.size_bytes = Some(-1)), &["release.size_bytes: INT64_GTE"]);
    let training = |training| create(|model| model.training = Some(training));
    assert_found(
        &training(pb::TrainingMetadata { gpu_count: Some(-1), peak_vram_bytes: Some(-1), ..Default::default() }),
        &["model.training.peak_vram_bytes: INT64_GTE", "model.training.gpu_count: INT32_GTE"],
    );
    assert_found(
        &training(pb::TrainingMetadata { metrics: BTreeMap::from([("eval_loss".to_owned(), f64::NAN)]), ..Default::default() }),
        &[r#"model.training.metrics["eval_loss"]: DOUBLE_FINITE"#],
    );
    let request = pb::ResolveReleaseRequest {
        model_ref: model_ref("m"),
        selector: Some(pb::resolve_release_request::Selector::Number(0)),
        ..Default::default()
    };
    assert_found(&request, &["number: INT64_GTE"]);
}

#[test]
fn counts() {
    assert_found(&create(|model| model.tags = vec!["t".to_owned(); 65]), &["model.tags: REPEATED_MAX_ITEMS"]);
    let refs = |count| pb::BatchGetModelsRequest { model_refs: vec![model_ref("m").unwrap(); count], view: 0 };
    assert_found(&refs(250), &[]);
    assert_found(&refs(251), &["model_refs: REPEATED_MAX_ITEMS"]);
    let labels = (0..129).map(|number| (format!("k{number}"), String::new())).collect();
    assert_found(&create(|model| model.labels = labels), &["model.labels: MAP_MAX_PAIRS"]);
}

#[test]
fn keys_and_values_of_maps() {
    let labels = |key: &str, value: &str| create(|model| model.labels = BTreeMap::from([(key.to_owned(), value.to_owned())]));
    assert_found(&labels("team a/b", ""), &[]);
    assert_found(&labels("", ""), &[r#"model.labels[""]: STRING_PATTERN"#]);
    assert_found(&labels("k", &"v".repeat(5001)), &[r#"model.labels["k"]: STRING_MAX_LEN"#]);
    let Err(Violations { list, .. }) = check(&labels(" k", "")) else { panic!("the key is sound") };
    assert!(list[0].description.starts_with("has a key that must match ^"), "{}", list[0].description);
}

#[test]
fn documents() {
    let metadata = |document: Struct| create(|model| model.metadata = Some(document));
    assert_found(&metadata(Struct::default()), &[]);
    assert_found(&metadata(nested(16)), &[]);
    assert_found(&metadata(nested(17)), &[&format!("model.metadata{}: STRUCT_MAX_DEPTH", r#"["a"]"#.repeat(16))]);
    let big = document("a", value(Kind::StringValue("x".repeat(64 * 1024))));
    assert_found(&metadata(big), &["model.metadata: STRUCT_MAX_BYTES"]);
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_found(&metadata(document("a", value(Kind::NumberValue(number)))), &[r#"model.metadata["a"]: DOUBLE_FINITE"#]);
    }
    let list = ListValue { values: vec![value(Kind::NullValue(0)), Value { kind: None }, value(Kind::NullValue(7))] };
    assert_found(
        &metadata(document("a", value(Kind::ListValue(list)))),
        &[r#"model.metadata["a"][1]: VALUE_KIND"#, r#"model.metadata["a"][2]: ENUM_DEFINED_ONLY"#],
    );
    assert_found(
        &create(|model| model.training = Some(pb::TrainingMetadata { hyperparameters: Some(nested(17)), ..Default::default() })),
        &[&format!("model.training.hyperparameters{}: STRUCT_MAX_DEPTH", r#"["a"]"#.repeat(16))],
    );
}

#[test]
fn times_and_durations() {
    let from =
        |seconds, nanos| list(pb::ModelFilter { create_time_from: Some(Timestamp { seconds, nanos }), ..Default::default() });
    assert_found(&from(0, 999_999_999), &[]);
    assert_found(&from(-62_135_596_800, 0), &[]);
    assert_found(&from(253_402_300_799, 0), &[]);
    for (seconds, nanos) in [(-62_135_596_801, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000), (i64::MIN, i32::MIN)] {
        assert_found(&from(seconds, nanos), &["filter.create_time_from: TIMESTAMP_RANGE"]);
    }
    let took = |seconds, nanos| {
        let training = pb::TrainingMetadata { duration: Some(Duration { seconds, nanos }), ..Default::default() };
        create(|model| model.training = Some(training))
    };
    assert_found(&took(-1, -1), &[]);
    assert_found(&took(315_576_000_000, 0), &[]);
    for (seconds, nanos) in
        [(315_576_000_001, 0), (1, -1), (-1, 1), (0, 1_000_000_000), (i64::MIN, i32::MIN), (i64::MAX, i32::MAX)]
    {
        assert_found(&took(seconds, nanos), &["model.training.duration: DURATION_RANGE"]);
    }
}

#[test]
fn durations_with_limits() {
    let watch = |interval| pb::WatchRequest { progress_interval: interval, ..Default::default() };
    let every = |seconds, nanos| watch(Some(Duration { seconds, nanos }));
    assert_found(&watch(None), &[]);
    for (seconds, nanos) in [(1, 0), (1, 1), (15, 0), (299, 999_999_999), (300, 0)] {
        assert_found(&every(seconds, nanos), &[]);
    }
    for (seconds, nanos) in [(0, 999_999_999), (0, 0), (-1, 0), (0, -1), (-315_576_000_000, 0)] {
        assert_found(&every(seconds, nanos), &["progress_interval: DURATION_GTE"]);
    }
    for (seconds, nanos) in [(300, 1), (301, 0), (315_576_000_000, 0)] {
        assert_found(&every(seconds, nanos), &["progress_interval: DURATION_LTE"]);
    }
    // What is no duration at all is neither too short nor too long.
    for (seconds, nanos) in [(1, -1), (-1, 1), (0, 1_000_000_000), (i64::MIN, i32::MIN), (i64::MAX, i32::MAX)] {
        assert_found(&every(seconds, nanos), &["progress_interval: DURATION_RANGE"]);
    }
    let Err(Violations { list, .. }) = check(&every(0, 500_000_000)) else { panic!("it is sound") };
    assert_eq!(list[0].description, "must be at least 1s, is 0.500s");
    let Err(Violations { list, .. }) = check(&every(301, 0)) else { panic!("it is sound") };
    assert_eq!(list[0].description, "must be at most 300s, is 301s");
}

#[test]
fn words_that_are_taken() {
    for alias in ["production", "latest-stable", "latest2", "a"] {
        assert_found(&set_alias(alias), &[]);
    }
    assert_found(&set_alias("latest"), &["alias: STRING_NOT_IN"]);
    assert_found(&set_alias("Latest"), &["alias: STRING_PATTERN"]);
    assert_found(&set_alias("latest-"), &["alias: STRING_PATTERN"]);
    assert_found(&set_alias(""), &["alias: REQUIRED"]);
    assert_found(&set_alias("latest\0"), &["alias: STRING_NUL"]);
    let Err(Violations { list, .. }) = check(&set_alias("latest")) else { panic!("it is sound") };
    assert_eq!(list[0].description, r#"must not be "latest""#);
    // Who only reads may ask for any.
    let request = pb::ResolveReleaseRequest {
        model_ref: model_ref("m"),
        selector: Some(pb::resolve_release_request::Selector::Alias("latest".to_owned())),
        ..Default::default()
    };
    assert_found(&request, &[]);
}

#[test]
fn the_id_of_a_request_is_a_uuid_or_empty() {
    let with = |id: &str| pb::CreateModelRequest { request_id: id.to_owned(), ..create(|_| ()) };
    assert_found(&with(""), &[]);
    assert_found(&with(ID), &[]);
    assert_found(&with(&ID.to_uppercase()), &[]);
    for id in ["x", "0193f0c47b1e7c3a9d522f6a1c0b8e11"] {
        assert_found(&with(id), &["request_id: STRING_UUID"]);
    }
    assert_found(&with("\0"), &["request_id: STRING_NUL"]);
    let delete = |id: &str| pb::DeleteReleaseAliasRequest {
        model_ref: model_ref("m"),
        alias: "production".to_owned(),
        expected_release_id: id.to_owned(),
        request_id: id.to_owned(),
        allow_missing: false,
    };
    assert_found(&delete(""), &[]);
    assert_found(&delete("x"), &["expected_release_id: STRING_UUID", "request_id: STRING_UUID"]);
}

#[test]
fn a_precondition_is_optional_and_sound() {
    use pb::set_release_alias_request::{Absent, Precondition};
    let expect = |precondition| pb::SetReleaseAliasRequest { precondition, ..set_alias("production") };
    assert_found(&expect(None), &[]);
    assert_found(&expect(Some(Precondition::Absent(Absent {}))), &[]);
    assert_found(&expect(Some(Precondition::ExpectedReleaseId(ID.to_owned()))), &[]);
    assert_found(&expect(Some(Precondition::ExpectedReleaseId(String::new()))), &["expected_release_id: STRING_UUID"]);
}

#[test]
fn starts_of_events() {
    let watch = |start| pb::WatchRequest { after_revision: start, ..Default::default() };
    for start in [None, Some(0), Some(i64::MAX)] {
        assert_found(&watch(start), &[]);
    }
    assert_found(&watch(Some(-1)), &["after_revision: INT64_GTE"]);
    let filter = pb::EventFilter { resource_kinds: vec![1, 0, 99], event_types: vec![6, 0, 7], model_ids: vec!["x".to_owned()] };
    assert_found(
        &pb::ListEventsRequest { page_size: -1, after_revision: -1, filter: Some(filter), include_resource: false },
        &[
            "page_size: INT32_GTE",
            "after_revision: INT64_GTE",
            "filter.resource_kinds[1]: ENUM_IN",
            "filter.resource_kinds[2]: ENUM_DEFINED_ONLY",
            "filter.event_types[1]: ENUM_IN",
            "filter.event_types[2]: ENUM_DEFINED_ONLY",
            "filter.model_ids[0]: STRING_UUID",
        ],
    );
    assert_found(&pb::CompactEventsRequest { revision: 0 }, &["revision: REQUIRED"]);
    assert_found(&pb::CompactEventsRequest { revision: -1 }, &["revision: INT64_GTE"]);
    assert_found(&pb::CompactEventsRequest { revision: 1 }, &[]);
}

#[test]
fn filters_are_limited_in_depth_and_in_conditions() {
    let nested = |depth| {
        (0..depth).fold(pb::ModelFilter::default(), |inner, _| pb::ModelFilter { any_of: vec![inner], ..Default::default() })
    };
    assert_found(&list(nested(4)), &[]);
    assert_found(&list(nested(5)), &["filter.any_of[0].any_of[0].any_of[0].any_of[0].any_of[0]: FILTER_MAX_DEPTH"]);
    let one = pb::ModelFilter { name_prefix: "a".to_owned(), requires_gpu: Some(false), ..Default::default() };
    let group = pb::ModelFilter { none_of: vec![one; 16], ..Default::default() };
    let groups = |count| list(pb::ModelFilter { any_of: vec![group.clone(); count], ..Default::default() });
    assert_found(&groups(2), &[]);
    assert_found(&groups(3), &["filter: FILTER_MAX_CONDITIONS"]);
    let selector = pb::LabelSelector::default();
    let filter = pb::ReleaseFilter { labels: vec![selector], ..Default::default() };
    assert_found(
        &pb::ListReleasesRequest {
            filter: Some(pb::ReleaseFilter { none_of: vec![filter], ..Default::default() }),
            ..Default::default()
        },
        &["filter.none_of[0].labels[0].key: REQUIRED", "filter.none_of[0].labels[0].condition: REQUIRED"],
    );
}

#[test]
fn batches_are_checked_item_by_item() {
    let requests = vec![
        pb::ResolveReleaseRequest {
            model_ref: model_ref("m"),
            selector: Some(pb::resolve_release_request::Selector::Latest(pb::resolve_release_request::Latest {})),
            ..Default::default()
        },
        pb::ResolveReleaseRequest::default(),
    ];
    assert_found(
        &pb::BatchResolveReleasesRequest { requests },
        &["requests[1].model_ref: REQUIRED", "requests[1].selector: REQUIRED"],
    );
    let models = |requests| pb::BatchCreateModelsRequest { requests, ..Default::default() };
    assert_found(&models(Vec::new()), &["requests: REQUIRED"]);
    assert_found(&models(vec![create(|_| ()); 251]), &["requests: REPEATED_MAX_ITEMS"]);
    assert_found(&models(vec![create(|_| ()), create(|model| model.name.clear())]), &["requests[1].model.name: REQUIRED"]);
    let releases = pb::BatchCreateReleasesRequest {
        requests: vec![create_release(|release| release.version.clear())],
        ..Default::default()
    };
    assert_found(&releases, &["requests[0].release.version: REQUIRED"]);
}

#[test]
fn output_only_fields_are_not_looked_at() {
    let request = create(|model| {
        model.id = "\0".to_owned();
        model.create_time = Some(Timestamp { seconds: i64::MAX, nanos: -1 });
    });
    assert_found(&request, &[]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let request = create(|model| {
        model.name = "no spaces".to_owned();
        model.storage_path.clear();
        model.tags = vec!["t".to_owned(), String::new()];
        model.source = 99;
        model.labels = BTreeMap::from([("k".to_owned(), "\0".to_owned())]);
        model.etag = "e".repeat(65);
    });
    assert_found(
        &request,
        &[
            "model.name: STRING_PATTERN",
            "model.storage_path: REQUIRED",
            "model.tags[1]: STRING_MIN_LEN",
            "model.source: ENUM_DEFINED_ONLY",
            "model.etag: STRING_MAX_LEN",
            r#"model.labels["k"]: STRING_NUL"#,
        ],
    );
}

#[test]
fn at_most_24_violations_are_listed_and_all_are_counted() {
    let Err(Violations { list, total }) = check(&create(|model| model.tags = vec![String::new(); 40])) else {
        panic!("it is sound")
    };
    assert_eq!((list.len(), total), (24, 40));
}

#[test]
fn descriptions_repeat_little_of_a_value() {
    let Err(violations) = check(&create(|model| model.name = "ü".repeat(255))) else { panic!("it is sound") };
    let description = &violations.list[0].description;
    assert!(description.ends_with(&format!("is \"{}\"…", "ü".repeat(64))), "{description}");
    let Err(violations) = check(&create(|model| model.storage_path = "x".repeat(1001))) else { panic!("it is sound") };
    assert_eq!(violations.to_string(), "model.storage_path must have at most 1000 characters, has 1001");
}

#[test]
fn an_update_checks_what_it_writes() {
    let broken = pb::Model { storage_path: String::new(), company: Some("\0".to_owned()), source: 99, ..Default::default() };
    assert_found(&update(broken.clone(), Some(&["company"])), &["model.company: STRING_NUL"]);
    assert_found(
        &update(broken.clone(), Some(&["storagePath", "source"])),
        &["model.storage_path: REQUIRED", "model.source: ENUM_DEFINED_ONLY"],
    );
    // Without a mask: what is set.
    assert_found(&update(broken.clone(), None), &["model.company: STRING_NUL", "model.source: ENUM_DEFINED_ONLY"]);
    assert_found(&update(broken, Some(&[])), &["model.company: STRING_NUL", "model.source: ENUM_DEFINED_ONLY"]);
    // What a mask should not name is for the mask to refuse.
    assert_found(&update(pb::Model::default(), Some(&["nowhere", "*"])), &[]);
    assert_found(&pb::UpdateModelRequest::default(), &["model_ref: REQUIRED", "model: REQUIRED"]);
}

#[test]
fn an_update_checks_what_is_set_and_cannot_change() {
    let named = |name: &str| update(pb::Model { name: name.to_owned(), ..Default::default() }, Some(&["company"]));
    assert_found(&named(""), &[]);
    assert_found(&named("fine"), &[]);
    assert_found(&named("not fine"), &["model.name: STRING_PATTERN"]);
    let etag = pb::Model { etag: "e".repeat(65), ..Default::default() };
    assert_found(&update(etag, Some(&["company"])), &["model.etag: STRING_MAX_LEN"]);
    let release = pb::Release { digest: Some("md5:0".to_owned()), ..Default::default() };
    let request = pb::UpdateReleaseRequest { release_ref: release_ref(ID), release: Some(release), ..Default::default() };
    assert_found(&request, &["release.digest: STRING_PATTERN"]);
}

/// A number that is REQUIRED and `optional`: nothing said is missing, and 0 is a number like others.
#[test]
fn a_required_number_can_be_zero() {
    let parent = release_ref("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11").map(pb::create_artifact_request::Parent::ReleaseRef);
    let of_size = |size_bytes| {
        let artifact = pb::Artifact {
            name: "iris.whl".to_owned(),
            artifact_type: "wheel".to_owned(),
            file_path: "/iris.whl".to_owned(),
            size_bytes,
            checksum: format!("sha256:{:064}", 0),
            ..Default::default()
        };
        pb::CreateArtifactRequest { parent: parent.clone(), artifact: Some(artifact), ..Default::default() }
    };
    assert_found(&of_size(Some(0)), &[]);
    assert_found(&of_size(None), &["artifact.size_bytes: REQUIRED"]);
    assert_found(&of_size(Some(-1)), &["artifact.size_bytes: INT64_GTE"]);
    let update = |paths: &[&str]| pb::UpdateArtifactRequest {
        artifact_id: "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11".to_owned(),
        artifact: Some(pb::Artifact::default()),
        update_mask: Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() }),
        ..Default::default()
    };
    assert_found(&update(&["size_bytes"]), &["artifact.size_bytes: REQUIRED"]);
    assert_found(&update(&["platform"]), &[]);
}

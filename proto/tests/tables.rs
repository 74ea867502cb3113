//! The tables that are made of the contract: methods, fields, error reasons.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use registry_proto::field::{Cardinality, FIELDS, Field, Kind};
use registry_proto::method::{Idempotency, Method, Policy};
use registry_proto::reason::REASONS;
use registry_proto::request::Request;
use registry_proto::v1::{self as pb, ErrorReason, Role};

fn field(message: &str, name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.message == message && field.name == name)
}

#[test]
fn a_method_is_found_by_its_path() {
    assert_eq!(Method::from_path("/modelregistry.v1.ModelService/CreateModel"), Some(Method::CreateModel));
    for path in ["", "/", "/modelregistry.v1.ModelService/createModel", "/modelregistry.v1.ModelService/CreateModel?x=1"] {
        assert_eq!(Method::from_path(path), None);
    }
    for &method in Method::ALL {
        assert_eq!(Method::from_path(method.path()), Some(method));
        assert_eq!(method.path(), format!("/{}/{}", method.service(), method.name()));
    }
    assert_eq!(Method::ALL.len(), 52);
}

#[test]
fn only_the_server_info_is_public() {
    let public: Vec<&Method> = Method::ALL.iter().filter(|method| method.policy().public).collect();
    assert_eq!(public, [&Method::GetServerInfo]);
    for method in Method::ALL {
        assert_eq!(method.policy().public, method.policy().min_role == Role::Unspecified);
    }
}

#[test]
fn what_writes_is_audited_and_needs_an_operator() {
    for method in Method::ALL {
        let writes = method.idempotency() != Idempotency::NoSideEffects;
        // Whoever takes everything with him leaves a trace, too.
        assert_eq!(method.policy().audited, writes || *method == Method::Export, "{}", method.path());
        assert!(!writes || method.policy().min_role >= Role::Operator, "{}", method.path());
        // What only admins may read is who may call, and who has.
        let of_admins = matches!(method, Method::GetApiKey | Method::ListApiKeys | Method::ListAuditEntries | Method::Export);
        assert!(writes || of_admins || method.policy().min_role <= Role::Viewer, "{}", method.path());
    }
    assert_eq!(Method::CreateModel.policy(), Policy { min_role: Role::Operator, public: false, audited: true });
    assert_eq!(Method::PurgeModel.policy(), Policy { min_role: Role::Admin, public: false, audited: true });
    let admin: Vec<&Method> = Method::ALL.iter().filter(|method| method.policy().min_role == Role::Admin).collect();
    let keys = [
        &Method::CreateApiKey,
        &Method::GetApiKey,
        &Method::ListApiKeys,
        &Method::UpdateApiKey,
        &Method::TransitionApiKey,
        &Method::RotateApiKey,
    ];
    let others = [
        &Method::ListAuditEntries,
        &Method::PurgeModel,
        &Method::PurgeRelease,
        &Method::CompactEvents,
        &Method::Import,
        &Method::Export,
    ];
    assert_eq!(admin, [&keys[..], &others[..]].concat());
}

#[test]
fn what_writes_can_be_repeated() {
    // The answers of two hold a secret, and are not kept.
    let once = Method::ALL.iter().filter(|method| method.idempotency() == Idempotency::Unknown);
    assert_eq!(once.collect::<Vec<_>>(), [&Method::CreateApiKey, &Method::RotateApiKey]);
    let without_id: Vec<&Method> = Method::ALL
        .iter()
        .filter(|method| method.idempotency() != Idempotency::NoSideEffects)
        .filter(|method| field(&format!("modelregistry.v1.{}Request", method.name()), "request_id").is_none())
        .collect();
    let streams = [&Method::UploadArtifact, &Method::Import];
    assert_eq!(without_id, [&Method::CreateApiKey, &Method::RotateApiKey, streams[0], &Method::CompactEvents, streams[1]]);
    // A stream has it in what it begins with.
    assert!(field("modelregistry.v1.UploadArtifactRequest.Start", "request_id").is_some());
    assert!(field("modelregistry.v1.ImportRequest.Options", "import_id").is_some());
    let reads = Method::ALL.iter().filter(|method| method.idempotency() == Idempotency::NoSideEffects);
    for method in reads {
        assert!(field(&format!("modelregistry.v1.{}Request", method.name()), "request_id").is_none(), "{}", method.path());
    }
}

#[test]
fn few_methods_answer_with_a_stream() {
    let streams: Vec<&Method> = Method::ALL.iter().filter(|method| method.is_streaming()).collect();
    assert_eq!(streams, [&Method::DownloadArtifact, &Method::Import, &Method::Export, &Method::Watch]);
}

#[test]
fn a_request_says_what_every_request_of_its_kind_has() {
    const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";
    fn method<R: Request>(_: &R) -> Method {
        R::METHOD
    }
    let mut delete = pb::DeleteModelRequest { request_id: ID.to_owned(), validate_only: true, ..Default::default() };
    assert_eq!(method(&delete), Method::DeleteModel);
    assert_eq!((delete.request_id(), delete.validate_only()), (Some(ID), true));
    delete.request_id_mut().unwrap().clear();
    assert_eq!((delete.request_id(), delete.request_id.as_str()), (Some(""), ""));
    // A method that has an id and cannot be tried out, and one that only reads.
    let mut purge = pb::PurgeModelRequest::default();
    assert!(purge.request_id_mut().is_some() && !purge.validate_only());
    let mut watch = pb::WatchRequest::default();
    assert_eq!((method(&watch), watch.request_id()), (Method::Watch, None));
    assert!(watch.request_id_mut().is_none() && !watch.validate_only());
}

#[test]
fn a_field_says_what_the_contract_says() {
    let path = field("modelregistry.v1.Model", "storage_path").unwrap();
    assert_eq!((path.json_name, path.number, path.kind, path.cardinality), ("storagePath", 3, Kind::String, Cardinality::Plain));
    assert!(path.required && !path.immutable && !path.output_only);
    assert_eq!((path.min_len, path.max_len), (Some(1), Some(1000)));
    let digest = field("modelregistry.v1.Release", "digest").unwrap();
    assert!(digest.immutable && digest.set_once && digest.cardinality == Cardinality::Optional);
    assert_eq!(field("modelregistry.v1.Model", "labels").unwrap().kind, Kind::Map);
    assert_eq!(field("modelregistry.v1.ModelRef", "id").unwrap().cardinality, Cardinality::OneofMember);
    assert_eq!(field("modelregistry.v1.Model", "tags").unwrap().max_items, Some(64));
}

#[test]
fn standard_fields_have_the_same_number_everywhere() {
    for field in FIELDS {
        let expected = match (field.name, field.message) {
            (_, message) if !message.ends_with("Request") && !message.ends_with("Response") => continue,
            ("etag", _) => 13,
            ("validate_only", _) => 14,
            ("request_id", _) => 15,
            ("page_size", _) => 1,
            ("page_token" | "next_page_token", _) => 2,
            ("filter", message) if message.ends_with(".WatchRequest") => 2,
            ("filter" | "total_size", _) => 3,
            ("order", _) => 4,
            ("revision", message) if ["List", "BatchResolve"].iter().any(|kind| message.contains(&format!(".{kind}"))) => 4,
            ("view", _) => 5,
            ("show_deleted", _) => 6,
            ("include_total_size", _) => 7,
            _ => continue,
        };
        assert_eq!(field.number, expected, "{}.{}", field.message, field.name);
    }
}

#[test]
fn every_reason_has_a_code() {
    let names: BTreeSet<&str> = REASONS.iter().map(|reason| reason.name).collect();
    assert_eq!(names.len(), REASONS.len());
    for reason in REASONS {
        assert_eq!(reason.value.as_str_name(), reason.name);
        assert!(reason.doc.starts_with(&format!("Code {}", reason.code)), "{}", reason.name);
    }
    for (reason, number, name, code) in [
        (ErrorReason::ModelNotFound, 20, "ERROR_REASON_MODEL_NOT_FOUND", "NOT_FOUND"),
        (ErrorReason::AliasNotFound, 24, "ERROR_REASON_ALIAS_NOT_FOUND", "NOT_FOUND"),
        (ErrorReason::AliasMoved, 62, "ERROR_REASON_ALIAS_MOVED", "ABORTED"),
        (ErrorReason::ResourceInUse, 80, "ERROR_REASON_RESOURCE_IN_USE", "FAILED_PRECONDITION"),
        (ErrorReason::RequestIdReused, 84, "ERROR_REASON_REQUEST_ID_REUSED", "FAILED_PRECONDITION"),
        (ErrorReason::RevisionCompacted, 100, "ERROR_REASON_REVISION_COMPACTED", "OUT_OF_RANGE"),
        (ErrorReason::RevisionInFuture, 101, "ERROR_REASON_REVISION_IN_FUTURE", "OUT_OF_RANGE"),
    ] {
        let found = REASONS.iter().find(|found| found.value == reason).unwrap();
        assert_eq!((found.value as i32, found.name, found.code), (number, name, code));
    }
}

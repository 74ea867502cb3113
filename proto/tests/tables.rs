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
use registry_proto::v1::{ErrorReason, Role};

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
    assert_eq!(Method::ALL.len(), 14);
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
        assert_eq!(method.policy().audited, writes, "{}", method.path());
        assert_eq!(method.policy().min_role == Role::Operator, writes, "{}", method.path());
    }
    assert_eq!(Method::CreateModel.policy(), Policy { min_role: Role::Operator, public: false, audited: true });
    assert_eq!(Method::CreateModel.idempotency(), Idempotency::Unknown);
    assert_eq!(Method::UpdateModel.idempotency(), Idempotency::Idempotent);
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
            ("filter" | "total_size", _) => 3,
            ("order" | "revision", _) => 4,
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
    let missing = REASONS.iter().find(|reason| reason.value == ErrorReason::ModelNotFound).unwrap();
    assert_eq!((missing.name, missing.code), ("ERROR_REASON_MODEL_NOT_FOUND", "NOT_FOUND"));
}

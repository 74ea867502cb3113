//! What reflection answers with: the contract with its options and comments.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use prost_reflect::{DescriptorPool, ReflectMessage as _};
use registry_proto::FILE_DESCRIPTOR_SET;
use registry_proto::method::Method;
use registry_proto::v1::Role;

#[test]
fn every_method_has_the_policy_of_the_table() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let policy = pool.get_extension_by_name("modelregistry.v1.policy").unwrap();
    let methods: Vec<_> = pool
        .services()
        .filter(|s| s.package_name() == "modelregistry.v1")
        .flat_map(|s| s.methods().collect::<Vec<_>>())
        .collect();
    assert_eq!(methods.len(), Method::ALL.len());
    for method in methods {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let expected = Method::from_path(&path).unwrap().policy();
        let options = method.options();
        assert!(options.has_extension(&policy), "{path}");
        let found = options.get_extension(&policy);
        let found = found.as_message().unwrap();
        assert_eq!(found.descriptor().full_name(), "modelregistry.v1.MethodPolicy");
        let role = found.get_field_by_name("min_role").unwrap().as_enum_number().unwrap();
        assert_eq!(Role::try_from(role), Ok(expected.min_role));
        assert_eq!(found.get_field_by_name("audited").unwrap().as_bool(), Some(expected.audited));
    }
}

#[test]
fn fields_keep_their_rules() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let rules = pool.get_extension_by_name("buf.validate.field").unwrap();
    let field = pool.get_message_by_name("modelregistry.v1.Model").unwrap().get_field_by_name("storage_path").unwrap();
    assert!(field.options().has_extension(&rules));
}

#[test]
fn every_element_of_the_contract_has_a_comment() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    for file in pool.files().filter(|file| file.package_name() == "modelregistry.v1") {
        let file = file.file_descriptor_proto();
        let info = file.source_code_info.as_ref().unwrap();
        let commented = |path: &[i32]| info.location.iter().any(|at| at.path == path && at.leading_comments.is_some());
        for (index, message) in (0..).zip(&file.message_type) {
            assert!(commented(&[4, index]), "{}", message.name());
            for (number, field) in (0..).zip(&message.field) {
                assert!(commented(&[4, index, 2, number]), "{}.{}", message.name(), field.name());
            }
        }
        for (index, service) in (0..).zip(&file.service) {
            assert!(commented(&[6, index]), "{}", service.name());
            for (number, method) in (0..).zip(&service.method) {
                assert!(commented(&[6, index, 2, number]), "{}.{}", service.name(), method.name());
            }
        }
    }
}

#[test]
fn error_details_can_be_decoded() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    for name in ["ErrorInfo", "BadRequest", "ResourceInfo", "PreconditionFailure", "RetryInfo", "QuotaFailure", "RequestInfo"] {
        assert!(pool.get_message_by_name(&format!("google.rpc.{name}")).is_some(), "{name}");
    }
}

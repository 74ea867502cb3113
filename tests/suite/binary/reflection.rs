//! Reflection: the contract as tools read it, in both versions of the protocol.

use prost::Message;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use registry_tests::binary::{Binary, Running};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::{TempDir, tempdir};

async fn server() -> (TempDir, Running) {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    (directory, server)
}

#[derive(Debug, Clone, Copy)]
enum Version {
    V1,
    V1alpha,
}

const VERSIONS: [Version; 2] = [Version::V1, Version::V1alpha];

macro_rules! ask_in {
    ($version:ident, $server:expr, $kind:expr, $what:expr) => {{
        use tonic_reflection::pb::$version::ServerReflectionRequest;
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        let message_request = Some(match $kind {
            "list" => MessageRequest::ListServices($what.to_owned()),
            "file" => MessageRequest::FileByFilename($what.to_owned()),
            _ => MessageRequest::FileContainingSymbol($what.to_owned()),
        });
        let request = ServerReflectionRequest { host: String::new(), message_request };
        let mut client = ServerReflectionClient::new($server.client().await.connection());
        let mut answers = client.server_reflection_info(futures::stream::iter([request])).await.unwrap().into_inner();
        match answers.message().await?.expect("an answer").message_response.expect("an answer") {
            MessageResponse::FileDescriptorResponse(files) => Ok(files.file_descriptor_proto),
            MessageResponse::ListServicesResponse(list) => {
                Ok(list.service.into_iter().map(|service| service.name.into_bytes()).collect())
            }
            other => panic!("{other:?}"),
        }
    }};
}

/// Files, or the names of services.
async fn ask(version: Version, server: &Running, kind: &str, what: &str) -> Result<Vec<Vec<u8>>, tonic::Status> {
    match version {
        Version::V1 => ask_in!(v1, server, kind, what),
        Version::V1alpha => ask_in!(v1alpha, server, kind, what),
    }
}

/// The file of a symbol and everything it imports, as a tool puts it together.
async fn pool(version: Version, server: &Running, symbol: &str) -> DescriptorPool {
    let mut files = BTreeMap::new();
    let mut missing = BTreeSet::new();
    let mut found = ask(version, server, "symbol", symbol).await.unwrap();
    loop {
        for bytes in found {
            let file = prost_types::FileDescriptorProto::decode(bytes.as_slice()).unwrap();
            missing.extend(file.dependency.iter().cloned());
            files.insert(file.name().to_owned(), bytes);
        }
        missing.retain(|name| !files.contains_key(name));
        let Some(next) = missing.first() else { break };
        found = ask(version, server, "file", next).await.unwrap();
    }
    // A FileDescriptorSet is nothing but files, each as field 1: as bytes, so that nothing is lost on the way.
    let mut set = Vec::new();
    for bytes in files.into_values() {
        prost::encoding::bytes::encode(1, &bytes, &mut set);
    }
    DescriptorPool::decode(set.as_slice()).unwrap()
}

fn options(message: &MessageDescriptor, field: &str) -> String {
    message.get_field_by_name(field).unwrap().options().to_string()
}

/// Every service is listed; that of reflection itself in the version that is asked.
#[tokio::test]
async fn lists_every_service() {
    let (_directory, server) = server().await;
    for (version, own) in
        [(Version::V1, "grpc.reflection.v1.ServerReflection"), (Version::V1alpha, "grpc.reflection.v1alpha.ServerReflection")]
    {
        let services = ask(version, &server, "list", "").await.unwrap();
        let services: BTreeSet<String> = services.into_iter().map(|name| String::from_utf8(name).unwrap()).collect();
        let registry = ["ModelService", "ReleaseService", "DeploymentService", "SystemService"]
            .map(|service| format!("modelregistry.v1.{service}"));
        for service in registry.iter().map(String::as_str).chain(["grpc.health.v1.Health", own]) {
            assert!(services.contains(service), "{version:?}: {service} is not among {services:?}");
        }
    }
    server.stop().await;
}

/// A description has the comments and the rules of the contract, so that nobody has to look elsewhere.
#[tokio::test]
async fn describes_with_comments_and_rules() {
    let (_directory, server) = server().await;
    for version in VERSIONS {
        let pool = pool(version, &server, "modelregistry.v1.Model").await;
        let model = pool.get_message_by_name("modelregistry.v1.Model").unwrap();
        let file = model.parent_file().file_descriptor_proto().clone();
        let comments = file.source_code_info.expect("comments").location;
        assert!(comments.iter().any(|at| at.leading_comments().contains("Never empty; stored and returned exactly as given")));
        let path = options(&model, "storage_path");
        assert!(path.contains("google.api.field_behavior") && path.contains("REQUIRED"), "{version:?}: {path}");
        assert!(path.contains("buf.validate.field") && path.contains("max_len:1000"), "{version:?}: {path}");
        assert!(options(&model, "id").contains("OUTPUT_ONLY"), "{version:?}");
        assert!(options(&model, "name").contains("pattern:"), "{version:?}");
    }
    server.stop().await;
}

/// What is in the details of an error is described, for tools that decode them; what is not there is not.
#[tokio::test]
async fn describes_the_details_of_errors() {
    let (_directory, server) = server().await;
    for version in VERSIONS {
        for message in ["BadRequest", "ErrorInfo", "ResourceInfo", "PreconditionFailure", "RetryInfo", "RequestInfo", "Status"] {
            ask(version, &server, "symbol", &format!("google.rpc.{message}"))
                .await
                .unwrap_or_else(|error| panic!("{message}: {error}"));
        }
        let error = ask(version, &server, "symbol", "modelregistry.v1.Nothing").await.unwrap_err();
        assert_eq!(error.code(), tonic::Code::NotFound);
    }
    server.stop().await;
}

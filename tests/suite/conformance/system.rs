//! What the server says of itself: its info, its health, its contract.

use futures::StreamExt;
use registry_tests::{Harness, conformance, given};
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

const SERVICES: [&str; 4] = [
    "modelregistry.v1.ModelService",
    "modelregistry.v1.ReleaseService",
    "modelregistry.v1.SystemService",
    "modelregistry.v1.WatchService",
];

async fn reflect(registry: &Harness, ask: MessageRequest) -> Result<MessageResponse, tonic::Status> {
    let mut client = ServerReflectionClient::new(registry.client.connection());
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(ask) };
    let answers = client.server_reflection_info(futures::stream::iter([request])).await.unwrap().into_inner();
    let answers: Vec<Result<ServerReflectionResponse, tonic::Status>> = answers.collect().await;
    assert_eq!(answers.len(), 1);
    answers.into_iter().next().unwrap().map(|answer| answer.message_response.unwrap())
}

conformance! {
    /// The server tells its limits, and they are the ones of the contract.
    async fn the_limits_are_published(registry: &Harness) {
        let info = registry.client.server_info().send().await.unwrap();
        let limits = info.limits.unwrap();
        assert_eq!((limits.max_request_bytes, limits.max_response_bytes), (512 * 1024, 4 * 1024 * 1024));
        assert_eq!((limits.max_page_size, limits.max_batch_size, limits.max_metadata_bytes), (1000, 250, 64 * 1024));
        assert_eq!(limits.max_deadline, Some(prost_types::Duration { seconds: 30, nanos: 0 }));
        assert_eq!(info.api_packages, ["modelregistry.v1"]);
        assert!(!info.read_only);
    }

    /// The server tells the revision of the last write, and an identity that stays.
    async fn the_revision_follows_every_write(registry: &Harness) {
        let first = registry.client.server_info().send().await.unwrap();
        assert_eq!(first.current_revision, 0);
        assert!(first.compacted_revision <= first.current_revision);
        let id = uuid::Uuid::parse_str(&first.registry_id).unwrap();
        given::model(registry, "m").await;
        registry.client.create_model("m", "/m").send().await.unwrap_err();
        given::release(registry, "m", "1").await;
        registry.client.update_model("m").description("d").send().await.unwrap();
        let last = registry.client.server_info().send().await.unwrap();
        assert_eq!(last.current_revision, 3);
        assert_eq!(uuid::Uuid::parse_str(&last.registry_id).unwrap(), id);
    }

    /// The server is healthy as a whole, each of its services is, and so is what it depends on; nothing else is known.
    async fn the_server_is_healthy(registry: &Harness) {
        let mut health = HealthClient::new(registry.client.raw_channel());
        for service in SERVICES.into_iter().chain(["", "database", "storage"]) {
            let answer = health.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
        }
        let unknown = health.check(HealthCheckRequest { service: "nonsense".into() }).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);
        let mut watch = health.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    }

    /// Reflection lists the services of the contract, and has the types of its errors too.
    async fn the_contract_can_be_read_from_the_server(registry: &Harness) {
        let MessageResponse::ListServicesResponse(list) = reflect(registry, MessageRequest::ListServices(String::new())).await.unwrap() else {
            panic!("no list of services");
        };
        let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
        for service in SERVICES.into_iter().chain(["grpc.health.v1.Health"]) {
            assert!(names.contains(&service), "{service} in {names:?}");
        }
        for symbol in SERVICES.into_iter().chain(["modelregistry.v1.Model", "google.rpc.ErrorInfo", "google.rpc.BadRequest", "modelregistry.v1.ErrorReason"]) {
            let answer = reflect(registry, MessageRequest::FileContainingSymbol(symbol.into())).await.unwrap();
            let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{symbol}: {answer:?}") };
            assert!(!files.file_descriptor_proto.is_empty());
        }
        let answer = reflect(registry, MessageRequest::FileContainingSymbol("modelregistry.v1.Nonsense".into())).await;
        assert_eq!(answer.unwrap_err().code(), Code::NotFound);
    }

    /// What reflection returns has the options too: which fields are required, and their rules.
    async fn reflection_has_the_rules(registry: &Harness) {
        use prost::Message;
        let answer = reflect(registry, MessageRequest::FileContainingSymbol("modelregistry.v1.Model".into())).await.unwrap();
        let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{answer:?}") };
        let pool = prost_reflect::DescriptorPool::decode(registry_proto::FILE_DESCRIPTOR_SET).unwrap();
        let ours = pool.get_message_by_name("modelregistry.v1.Model").unwrap().parent_file().encode_to_vec();
        assert!(files.file_descriptor_proto.contains(&ours), "the file comes as it was compiled, options included");
        let behaviour = pool.get_extension_by_name("google.api.field_behavior").unwrap();
        let name = pool.get_message_by_name("modelregistry.v1.Model").unwrap().get_field_by_name("storage_path").unwrap();
        assert!(name.options().has_extension(&behaviour));
        assert!(prost_types::FileDescriptorProto::decode(ours.as_slice()).is_ok());
    }
}

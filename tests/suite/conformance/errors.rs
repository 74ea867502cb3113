//! What every answer has, also one that fails before anybody looks at it: a reason, a revision, a name.

use prost::Message;
use registry_client::{Code, ErrorReason, ModelRef, pb};
use registry_tests::{conformance, expect, given, raw};

const CREATE: &str = "/modelregistry.v1.ModelService/CreateModel";
const GET: &str = "/modelregistry.v1.ModelService/GetModel";

fn get(name: &str) -> pb::GetModelRequest {
    pb::GetModelRequest { model_ref: Some(ModelRef::by_name(name).into()), view: 0 }
}

fn create(model: pb::Model) -> pb::CreateModelRequest {
    pb::CreateModelRequest { model: Some(model), validate_only: false, request_id: String::new() }
}

#[track_caller]
fn refused(answer: &raw::Answer, code: Code, reason: ErrorReason) {
    assert_eq!((answer.status.code(), answer.reason()), (code, Some(reason)), "{answer:?}");
    assert!(answer.status.details().len() <= 4096 && answer.status.message().len() <= 512, "{answer:?}");
    assert!(answer.body.is_empty(), "{answer:?}");
}

/// The revision that an answer says it covers.
#[track_caller]
fn revision(answer: &raw::Answer) -> i64 {
    answer.header("x-registry-revision").unwrap_or_else(|| panic!("no revision in {answer:?}")).parse().unwrap()
}

conformance! {
    /// Bytes that are no message are refused as such, whatever is wrong with them, and nothing is stored.
    async fn malformed_bytes_are_refused(registry: &Harness) {
        let message = create(pb::Model { name: "m".into(), storage_path: "/m".into(), ..pb::Model::default() }).encode_to_vec();
        let bodies: [&[u8]; 6] = [b"\xff\xff\xff\xff", &message[..message.len() - 1], b"\x0a\x05\x12\x03\xff\xfe\xfd", b"\x0b", b"\x0a\xff\xff\xff\xff\x0f", b"\x08\x01"];
        for body in bodies {
            let answer = raw::call(registry, CREATE, &[], raw::frame(body)).await;
            refused(&answer, Code::InvalidArgument, ErrorReason::MalformedMessage);
        }
        assert_eq!(given::revision(registry).await, 0);
        assert_eq!(raw::call(registry, CREATE, &[], raw::frame(&message)).await.status.code(), Code::Ok);
    }

    /// Fields that this version of the contract does not know are no mistake.
    async fn unknown_fields_are_ignored(registry: &Harness) {
        given::model(registry, "m").await;
        let mut message = get("m").encode_to_vec();
        message.extend_from_slice(b"\xfa\x3e\x05hello");
        assert_eq!(raw::call(registry, GET, &[], raw::frame(&message)).await.status.code(), Code::Ok);
    }

    /// A message that is nested deeper than it can be read is malformed, and the server lives on.
    async fn a_message_nested_too_deep_is_refused(registry: &Harness) {
        for levels in [200, 5_000] {
            let mut filter = Vec::new();
            for _ in 0..levels {
                let mut outer = vec![0x9a, 0x01];
                prost::encoding::encode_varint(u64::try_from(filter.len()).unwrap(), &mut outer);
                outer.append(&mut filter);
                filter = outer;
            }
            let mut message = vec![0x1a];
            prost::encoding::encode_varint(u64::try_from(filter.len()).unwrap(), &mut message);
            message.append(&mut filter);
            let answer = raw::call(registry, "/modelregistry.v1.ModelService/ListModels", &[], raw::frame(&message)).await;
            refused(&answer, Code::InvalidArgument, ErrorReason::MalformedMessage);
        }
        given::model(registry, "m").await;
    }

    /// A method or service that there is not is UNIMPLEMENTED, with a reason, however its path is written.
    async fn an_unknown_method_is_unimplemented(registry: &Harness) {
        let paths = [
            "/modelregistry.v1.ModelService/DropModels", "/modelregistry.v1.ModelService/", "/modelregistry.v1.ModelService", "/",
            "/modelregistry.v2.ModelService/GetModel", "/modelregistry.v1.ModelService/GetModel/", "/modelregistry.v1.ModelService/getmodel",
            "//modelregistry.v1.ModelService/GetModel", "/modelregistry.v1.ModelService/%47etModel", "/modelregistry.v1.WatchService/Look",
            "/x", "/modelregistry.v1.ModelService/../ModelService/GetModel", "/grpc.health.v1.Health/Drop",
            "/grpc.reflection.v1.ServerReflection/Drop",
        ];
        for path in paths {
            let answer = raw::call(registry, path, &[], raw::framed(&get("m"))).await;
            refused(&answer, Code::Unimplemented, ErrorReason::UnknownMethod);
        }
    }

    /// A compression that the server does not know is UNIMPLEMENTED, with a reason.
    async fn an_unknown_compression_is_unimplemented(registry: &Harness) {
        for encoding in ["gzip", "zstd", "nonsense"] {
            let answer = raw::call(registry, GET, &[("grpc-encoding", encoding)], raw::framed(&get("m"))).await;
            refused(&answer, Code::Unimplemented, ErrorReason::UnknownMethod);
        }
    }

    /// A request of more than 512 KiB is refused by its size, before it is read, and one of 512 KiB is not.
    async fn a_request_is_not_too_large(registry: &Harness) {
        let limit = registry.client.server_info().send().await.unwrap().limits.unwrap().max_request_bytes;
        let limit = usize::try_from(limit).unwrap();
        assert_eq!(limit, 512 * 1024);
        let sized = |bytes: usize| {
            let request = |text: usize| create(pb::Model { description: Some("x".repeat(text)), ..pb::Model::default() });
            let overhead = bytes - (bytes - 100..bytes).rev().find(|text| request(*text).encoded_len() <= bytes).unwrap();
            raw::framed(&request(bytes - overhead))
        };
        let fits = sized(limit);
        assert_eq!(fits.len(), limit + 5);
        refused(&raw::call(registry, CREATE, &[], fits).await, Code::InvalidArgument, ErrorReason::InvalidField);
        refused(&raw::call(registry, CREATE, &[], sized(limit + 1)).await, Code::ResourceExhausted, ErrorReason::MessageTooLarge);
        refused(&raw::call(registry, CREATE, &[], sized(4 * limit)).await, Code::ResourceExhausted, ErrorReason::MessageTooLarge);
        let announced = [&[0, 0xff, 0xff, 0xff, 0xff][..], b"short"].concat();
        refused(&raw::call(registry, CREATE, &[], announced).await, Code::ResourceExhausted, ErrorReason::MessageTooLarge);
    }

    /// An answer that would be larger than any client reads is an error that says so, not a torn stream.
    async fn an_answer_is_not_too_large(registry: &Harness) {
        let description = "\u{1f600}".repeat(16_384);
        registry.client.create_model("m", "/m").description(description).send().await.unwrap();
        let answer = registry.client.batch_get_models(vec!["m"; 250]).send().await;
        let error = expect::refused(answer, Code::ResourceExhausted, ErrorReason::MessageTooLarge);
        assert_eq!(expect::fact(&error, "limit"), (4 * 1024 * 1024).to_string());
        assert!(expect::fact(&error, "actual").parse::<usize>().unwrap() > 4 * 1024 * 1024);
        assert_eq!(registry.client.batch_get_models(vec!["m"; 60]).send().await.unwrap().len(), 60);
    }

    /// Every answer tells the revision it stands for: of what was written, of what was read, and when nothing was.
    async fn every_answer_tells_its_revision(registry: &Harness) {
        let client = &registry.client;
        let created = client.create_model("m", "/m").send_with_meta().await.unwrap();
        assert_eq!((created.revision, created.value.revision), (Some(1), 1));
        let read = client.get_model("m").send_with_meta().await.unwrap();
        assert_eq!(read.revision, Some(1));
        let release = client.create_release("m", "1").digest(given::digest(1)).send_with_meta().await.unwrap();
        assert_eq!((release.revision, release.value.revision), (Some(2), 2));
        assert_eq!(client.list_models().send_with_meta().await.unwrap().revision, Some(2));
        assert_eq!(client.create_model("n", "/n").validate_only().send_with_meta().await.unwrap().revision, Some(2));
        assert_eq!(client.server_info().send_with_meta().await.unwrap().revision, Some(2));
        let failures = [
            (GET, raw::framed(&get("gone")), Code::NotFound),
            (GET, raw::framed(&get("")), Code::InvalidArgument),
            (CREATE, raw::framed(&create(pb::Model { name: "m".into(), storage_path: "/m".into(), ..pb::Model::default() })), Code::AlreadyExists),
            (CREATE, raw::frame(b"\xff"), Code::InvalidArgument),
            (CREATE, raw::frame(&[0; 600_000]), Code::ResourceExhausted),
        ];
        for (path, body, code) in failures {
            let answer = raw::call(registry, path, &[], body).await;
            assert_eq!((answer.status.code(), revision(&answer)), (code, 2), "{answer:?}");
        }
        assert_eq!(revision(&raw::call(registry, GET, &[], raw::framed(&get("m"))).await), 2);
    }

    /// A call has a name: the caller's, if it can stand in a log, and otherwise one of the server's, also if the call fails.
    async fn every_answer_has_a_request_id(registry: &Harness) {
        let longest = "x".repeat(64);
        for id in ["a", "req-1_2.3", "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11", &longest] {
            for (path, body) in [(GET, raw::framed(&get("gone"))), (GET, raw::frame(b"\xff")), ("/x", raw::frame(b""))] {
                let answer = raw::call(registry, path, &[("x-request-id", id)], body).await;
                assert_eq!(answer.header("x-request-id"), Some(id));
            }
            let named = registry.client.server_info().correlation_id(id).send_with_meta().await.unwrap();
            assert_eq!(named.request_id.as_deref(), Some(id));
        }
        let longer = "x".repeat(65);
        for id in ["", "a b", "a\"b", "a{b}", &longer, "é", "a/b"] {
            let answer = raw::call(registry, GET, &[("x-request-id", id)], raw::framed(&get("gone"))).await;
            let chosen = answer.header("x-request-id").unwrap();
            assert!(uuid::Uuid::parse_str(chosen).is_ok(), "{id:?} became {chosen:?}");
        }
        let call = || raw::call(registry, GET, &[], raw::framed(&get("gone")));
        assert_ne!(call().await.header("x-request-id"), call().await.header("x-request-id"));
    }

    /// Errors are about what the caller asked, and say nothing of tables, queries or files.
    async fn errors_keep_the_inside_inside(registry: &Harness) {
        given::model(registry, "m").await;
        given::release(registry, "m", "1").await;
        let twin = registry.client.create_release("m", "1").digest(given::digest(1)).send().await.unwrap_err();
        let errors = [registry.client.create_model("m", "/m").send().await.unwrap_err(), registry.client.get_model("x").send().await.unwrap_err(), twin];
        for error in errors {
            let said = format!("{error:?}").to_lowercase();
            for word in ["constraint", "sqlite", "postgres", "select ", "insert ", "sqlx", "table"] {
                assert!(!said.contains(word), "{word}: {said}");
            }
        }
    }
}

//! Callers that do not play by the rules: nothing of what they do reaches a handler it should not, or anybody else.

use http::HeaderValue;
use registry_client::{Code, ErrorReason, pb};
use registry_tests::frames::{Frames, Outcome};
use registry_tests::{Harness, conformance, expect, raw};
use std::time::Duration;
use tokio::net::TcpStream;

const CREATE: &str = "/modelregistry.v1.ModelService/CreateModel";

fn create(name: &str) -> bytes::Bytes {
    let model = pb::Model { name: name.to_owned(), storage_path: "s3://models/".to_owned(), ..Default::default() };
    raw::framed(&pb::CreateModelRequest { model: Some(model), validate_only: false, request_id: String::new() })
}

async fn nothing_was_written(registry: &Harness) {
    let page = registry.client.list_models().send().await.expect("a server that goes on");
    assert!(page.items.is_empty(), "{:?}", page.items);
}

conformance! {
    /// Connections that say nothing take nothing from those that do.
    async fn silence_does_not_block_service(registry: &Harness) {
        let mut silent = Vec::new();
        for _ in 0..200 {
            silent.push(TcpStream::connect(registry.address()).await.expect("a connection"));
        }
        for number in 0..20 {
            let create = registry.client.create_model(format!("model-{number}"), "s3://models/").timeout(Duration::from_secs(5));
            create.send().await.unwrap();
        }
        raw::call(registry, CREATE, &[], create("by-a-new-connection")).await;
        registry.client.get_model("by-a-new-connection").send().await.unwrap();
        assert_eq!(silent.len(), 200);
    }

    /// A path that is not exactly a method's leads to no method.
    async fn only_the_path_of_a_method_leads_to_it(registry: &Harness) {
        for path in [
            "//modelregistry.v1.ModelService/CreateModel",
            "/modelregistry.v1.ModelService//CreateModel",
            "/modelregistry.v1.ModelService/CreateModel/",
            "/modelregistry.v1.ModelService/%43reateModel",
            "/modelregistry.v1.ModelService/createmodel",
            "/modelregistry.v1.ModelService/CreateModel;x=1",
            "/x/../modelregistry.v1.ModelService/CreateModel",
            "/modelregistry.v1.ModelService/DropModel",
            "/modelregistry.v2.ModelService/CreateModel",
            "/",
            "/?/modelregistry.v1.ModelService/CreateModel",
        ] {
            let answer = raw::call(registry, path, &[], create("iris")).await;
            assert_eq!(answer.status.code(), Code::Unimplemented, "{path}: {answer:?}");
            assert_eq!(answer.reason(), Some(ErrorReason::UnknownMethod), "{path}");
        }
        nothing_was_written(registry).await;
    }

    /// What HTTP allows behind a `?` changes nothing about which method it is.
    async fn a_query_does_not_make_another_method(registry: &Harness) {
        let answer = raw::call(registry, &format!("{CREATE}?/modelregistry.v1.SystemService/GetServerInfo"), &[], create("iris")).await;
        assert_eq!(answer.status.code(), Code::Ok, "{answer:?}");
        registry.client.get_model("iris").send().await.unwrap();
        let answer = raw::call(registry, "/modelregistry.v1.SystemService/GetServerInfo?/modelregistry.v1.ModelService/CreateModel", &[], create("lotus")).await;
        assert_eq!(answer.status.code(), Code::Ok, "{answer:?}");
        assert!(registry.client.get_model("lotus").send().await.is_err(), "the query led to another method");
    }

    /// Paths that are no paths are refused before anybody looks at them.
    async fn a_path_without_a_slash_is_refused(registry: &Harness) {
        let paths: [&[u8]; 7] = [
            b"modelregistry.v1.ModelService/CreateModel",
            b"http://registry/modelregistry.v1.ModelService/CreateModel",
            b"*",
            b"",
            b"/modelregistry.v1.ModelService/CreateModel\0",
            b"/modelregistry.v1.ModelService/CreateModel ",
            b"\xff/CreateModel",
        ];
        for path in paths {
            let outcome = Frames::connect(registry.address()).await.request(path, &[], &create("iris")).await;
            println!("{}: {outcome:?}", path.escape_ascii());
        }
        nothing_was_written(registry).await;
        // The same bytes at the right place do write: the tests above would notice.
        let outcome = Frames::connect(registry.address()).await.request(CREATE.as_bytes(), &[], &create("iris")).await;
        assert_eq!(outcome, Outcome::Answered);
        registry.client.get_model("iris").send().await.unwrap();
    }

    /// A message over the limit is refused with the reason, and the connection goes on.
    async fn a_message_over_the_limit_is_refused(registry: &Harness) {
        let create = registry.client.create_model("iris", "s3://models/").description("x".repeat(5 << 20));
        expect::refused(create.send().await, Code::ResourceExhausted, ErrorReason::MessageTooLarge);
        nothing_was_written(registry).await;
    }

    /// A length that nobody could send is not waited for and not made room for.
    async fn an_announced_giant_is_refused(registry: &Harness) {
        let answer = raw::call(registry, CREATE, &[], [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3].as_slice().to_vec()).await;
        assert_eq!(answer.status.code(), Code::ResourceExhausted, "{answer:?}");
        for broken in [vec![7, 0, 0, 0, 0], vec![0, 0, 0, 0, 9, 1], vec![0, 0, 0], vec![1, 0, 0, 0, 2, 1, 1]] {
            let answer = raw::call(registry, CREATE, &[], broken.clone()).await;
            assert!(!matches!(answer.status.code(), Code::Ok | Code::Unknown), "{broken:?}: {answer:?}");
        }
        nothing_was_written(registry).await;
    }

    /// More headers than anybody needs are refused for that call only.
    async fn too_many_headers_are_refused(registry: &Harness) {
        let big = "x".repeat(20 * 1024);
        let mut stub = registry.client.system_service();
        let mut request = tonic::Request::new(pb::GetServerInfoRequest {});
        request.metadata_mut().insert("x-big", big.parse().unwrap());
        stub.get_server_info(request).await.expect_err("20 KB of headers are too many");
        registry.client.call(pb::GetServerInfoRequest {}).send().await.unwrap();
        HeaderValue::from_str(&big).expect("a header in all other respects");
    }
}

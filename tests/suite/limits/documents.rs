//! Documents that are deeper or larger than anybody needs: refused with a reason, and never a bug or a crash.

use ::bytes::Bytes;
use prost::Message;
use registry_client::{Code, ErrorReason, Model};
use registry_tests::{conformance, given, raw};

const CREATE: &str = "/modelregistry.v1.ModelService/CreateModel";

/// A field of bytes: its tag, its length, its content.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 128 {
        bytes.push(u8::try_from(length % 128 + 128).unwrap());
        length /= 128;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend_from_slice(content);
    bytes
}

/// A document in which so many objects, or lists, lie in each other. Made by hand: no library would.
fn nested(levels: usize, lists: bool) -> Vec<u8> {
    let member = |value: &[u8]| field(1, &[field(1, b"k"), field(2, value)].concat());
    let null = vec![1 << 3, 0];
    let deep = (1..levels).fold(null, |inner, _| if lists { field(6, &field(1, &inner)) } else { field(5, &member(&inner)) });
    member(&deep)
}

/// The number of the field `metadata` of a model.
const METADATA: u8 = 10;

/// A request to create a model with that document.
fn request(metadata: &[u8]) -> Bytes {
    let empty = Model { metadata: Some(prost_types::Struct::default()), ..Model::default() };
    assert_eq!(empty.encode_to_vec(), field(METADATA, &[]));
    let model = Model { name: "deep".into(), storage_path: "/m".into(), ..Model::default() };
    raw::frame(&field(1, &[model.encode_to_vec(), field(METADATA, metadata)].concat()))
}

conformance! {
    /// From one level over the limit to a thousand.
    async fn no_depth_is_too_deep_to_be_refused(registry: &Harness) {
        let answer = raw::call(registry, CREATE, &[], request(&nested(16, false))).await;
        assert_eq!(answer.status.code(), Code::Ok, "what is made by hand is a document: {answer:?}");
        for levels in [17, 33, 34, 35, 50, 51, 52, 100, 1000, 10_000] {
            for lists in [false, true] {
                let answer = raw::call(registry, CREATE, &[], request(&nested(levels, lists))).await;
                assert_eq!(answer.status.code(), Code::InvalidArgument, "{levels} {lists}: {answer:?}");
                let reasons = [Some(ErrorReason::InvalidField), Some(ErrorReason::MalformedMessage)];
                assert!(reasons.contains(&answer.reason()), "{levels} {lists}: {answer:?}");
            }
        }
        registry.client.get_model("deep").send().await.unwrap();
    }

    /// A text of a mebibyte, and a hundred thousand keys, one of them again and again.
    async fn no_size_is_too_large_to_be_refused(registry: &Harness) {
        let text = |bytes: usize| field(1, &[field(1, b"k"), field(2, &field(3, &vec![b'x'; bytes]))].concat());
        let key = |key: &str| field(1, &[field(1, key.as_bytes()), field(2, &[1 << 3, 0])].concat());
        let keys: Vec<u8> = (0..100_000).flat_map(|number| key(&format!("{number:x}"))).collect();
        for (what, metadata) in [("1 MiB", text(1 << 20)), ("500 KB", text(500_000)), ("keys", keys)] {
            let answer = raw::call(registry, CREATE, &[], request(&metadata)).await;
            assert!(matches!(answer.status.code(), Code::InvalidArgument | Code::ResourceExhausted), "{what}: {answer:?}");
            assert!(answer.reason().is_some_and(|reason| reason != ErrorReason::Internal), "{what}: {answer:?}");
        }
        // The same key again and again is one key, and the last one counts.
        let again: Vec<u8> = (0..50_000).flat_map(|_| key("k")).collect();
        let answer = raw::call(registry, CREATE, &[], request(&again)).await;
        assert_eq!(answer.status.code(), Code::Ok, "{answer:?}");
        given::model(registry, "next").await;
    }
}

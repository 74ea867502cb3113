//! An answer leaves the server as a whole.

use prost::Message;
use registry_proto::v1 as pb;
use registry_tests::binary::Binary;
use registry_tests::frames::Frames;

const HEADERS: u8 = 1;
const DATA: u8 = 0;

/// Headers, message and status are written by one write, although HTTP/2 would end one after a message of this size: it costs more than
/// the call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_comes_with_the_message() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let client = server.client().await;
    client.create_model("llama", "s3://models/").description("long ".repeat(200)).send().await.unwrap();
    let value = Some(pb::model_ref::Value::Name("llama".to_owned()));
    let request = pb::GetModelRequest { model_ref: Some(pb::ModelRef { value }), ..Default::default() };
    let mut body = vec![0; 5];
    body[4] = u8::try_from(request.encoded_len()).unwrap();
    request.encode(&mut body).unwrap();
    let frames = Frames::connect(server.address()).await;
    let came = frames.at_once(b"/modelregistry.v1.ModelService/GetModel", &body).await;
    assert_eq!(came, (vec![HEADERS, DATA, HEADERS], true));
}

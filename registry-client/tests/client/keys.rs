//! API keys: sent with everything, read by nobody on the way, and never shown.

use futures::StreamExt as _;
use registry_client::pb::model_service_client::ModelServiceClient;
use registry_client::{Client, Error, Method, pb};

use crate::coverage::call;
use crate::fake::{Fake, Seen};

const KEY: &str = "mrk_s3cr3t-c4n4ry";

fn sent(seen: &Seen) -> Vec<&str> {
    seen.metadata.get_all("authorization").iter().map(|value| value.to_str().unwrap()).collect()
}

fn refusal(outcome: Result<Client, Error>) -> String {
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Endpoint(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("c4n4ry"), "{error:?}");
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn the_key_goes_with_every_method() {
    for method in Method::ALL.iter().copied().filter(|method| !matches!(method, Method::Watch | Method::Import | Method::Export))
    {
        let fake = Fake::new([]);
        let client = fake.client.clone().with_api_key(KEY).unwrap();
        let _ = call(&client, method).await; // the empty answer is not always a proper one
        let seen = fake.seen();
        assert_eq!((seen.len(), seen[0].method), (1, method));
        assert_eq!(sent(&seen[0]), [format!("Bearer {KEY}")], "{method:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_goes_with_streams() {
    let fake = Fake::new([]);
    let mut watching = fake.client.clone().with_api_key(KEY).unwrap().watch().stream();
    let answers = async {
        fake.accept_watch().await.start(0, 0).await;
    };
    tokio::join!(watching.next(), answers).0.unwrap().unwrap();
    assert_eq!(sent(&fake.seen()[0]), [format!("Bearer {KEY}")]);
}

#[tokio::test(start_paused = true)]
async fn the_key_goes_with_the_generated_stubs() {
    let fake = Fake::new([]);
    let client = fake.client.clone().with_api_key(KEY).unwrap();
    client.model_service().get_model(pb::GetModelRequest::default()).await.unwrap();
    client.release_service().get_release(pb::GetReleaseRequest::default()).await.unwrap();
    client.system_service().get_server_info(pb::GetServerInfoRequest {}).await.unwrap();
    client.watch_service().list_events(pb::ListEventsRequest::default()).await.unwrap();
    ModelServiceClient::new(client.connection()).get_model(pb::GetModelRequest::default()).await.unwrap();
    let seen = fake.seen();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| sent(seen) == [format!("Bearer {KEY}")]));
}

#[tokio::test(start_paused = true)]
async fn the_key_goes_nowhere_else() {
    let fake = Fake::new([]);
    let client = fake.client.clone().with_api_key(KEY).unwrap();
    fake.client.server_info().send().await.unwrap(); // a clone from before
    ModelServiceClient::new(client.raw_channel()).get_model(pb::GetModelRequest::default()).await.unwrap();
    assert!(fake.seen().iter().all(|seen| sent(seen).is_empty()));
}

#[tokio::test(start_paused = true)]
async fn another_key_takes_the_place_of_the_first_and_a_header_that_is_there_already_stays() {
    let fake = Fake::new([]);
    let client = fake.client.clone().with_api_key("first").unwrap().with_api_key("second").unwrap();
    client.server_info().send().await.unwrap();
    let mut request = tonic::Request::new(pb::GetServerInfoRequest {});
    request.metadata_mut().insert("authorization", "Basic of-my-own".parse().unwrap());
    client.system_service().get_server_info(request).await.unwrap();
    let seen = fake.seen();
    assert_eq!((sent(&seen[0]), sent(&seen[1])), (vec!["Bearer second"], vec!["Basic of-my-own"]));
}

#[tokio::test]
async fn the_builder_sends_it_over_the_network() {
    let fake = Fake::new([]);
    let endpoint = fake.listen().await;
    let client = Client::builder(endpoint).api_key(KEY).connect().await.unwrap();
    client.server_info().send().await.unwrap();
    assert_eq!(sent(&fake.seen()[0]), [format!("Bearer {KEY}")]);
}

#[tokio::test]
async fn nobody_on_the_way_can_read_it() {
    for endpoint in
        ["http://registry.internal:50051", "http://10.0.0.1", "http://[2001:db8::1]:1", "http://localhost.example.org"]
    {
        let text = refusal(Client::builder(endpoint).api_key(KEY).connect_lazy());
        assert!(text.contains("in the clear") && text.contains("https://"), "{endpoint}: {text}");
        let client = Client::builder(endpoint).connect_lazy().unwrap();
        assert_eq!(refusal(client.with_api_key(KEY)), text, "{endpoint}");
        let meshed = Client::builder(endpoint).insecure_plaintext_key();
        meshed.clone().api_key(KEY).connect_lazy().unwrap();
        meshed.connect_lazy().unwrap().with_api_key(KEY).unwrap();
    }
    for endpoint in
        ["http://127.0.0.1:50051", "http://127.8.8.8", "http://[::1]:50051", "http://[::ffff:127.0.0.1]", "http://LocalHost:1"]
    {
        Client::builder(endpoint).api_key(KEY).connect_lazy().unwrap_or_else(|error| panic!("{endpoint}: {error}"));
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_sent_is_refused_and_not_repeated() {
    let fake = Fake::new([]);
    for key in ["", "c4n4ry\n", "c4n4ry\r\nx: y", " c4n4ry", "c4n4ry c4n4ry", "c4n4ry\t", "c4n4ry-ü", "c4n4ry\0"] {
        let built = refusal(Client::builder("http://127.0.0.1:1").api_key(key).connect_lazy());
        assert!(built.contains("API key"), "{built}");
        assert_eq!(refusal(fake.client.clone().with_api_key(key)), built);
    }
}

#[tokio::test]
async fn no_debug_text_shows_it() {
    let builder = Client::builder("http://127.0.0.1:1").api_key(KEY);
    let client = builder.clone().connect_lazy().unwrap();
    let call = client.get_model("iris");
    let texts = [format!("{builder:?}"), format!("{client:?}"), format!("{:?}", client.connection()), format!("{call:?}")];
    for text in texts {
        assert!(!text.contains("c4n4ry"), "{text}");
        assert!(text.contains("api_key: Some"), "that there is one is shown: {text}");
    }
}

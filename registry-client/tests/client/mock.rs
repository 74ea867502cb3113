//! A registry that is a piece of the program: everything but the network is as with a server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use registry_client::{
    Artifact, Client, Code, Error, ErrorReason, Event, MessageStream, Method, Model, Refusal, Registry, Release, ReleaseRef,
    RetryPolicy, TransferItem, WatchItem, async_trait, pb,
};
use tokio::time::Instant;
use tonic::Status;

use crate::coverage::call;

/// Answers nothing.
struct Empty;

impl Registry for Empty {}

#[tokio::test(start_paused = true)]
async fn every_method_that_is_not_overridden_is_unimplemented() {
    let client = Client::over(Empty);
    for &method in Method::ALL {
        let error = match method {
            Method::Watch => client.watch().stream().next().await.unwrap().unwrap_err(),
            Method::Export => client.export().stream().await.unwrap_err(),
            Method::Import => client.import("id").begin().await.unwrap_err(),
            _ => call(&client, method).await.unwrap_err(),
        };
        assert!(matches!(error, Error::Unimplemented(_)), "{method:?}: {error}");
        assert_eq!(error.method(), Some(method));
        assert!(error.message().contains(method.name()), "{error}");
    }
}

/// A client is a registry too, and a client over that asks the first one: every method gets where it should.
#[tokio::test(start_paused = true)]
async fn every_method_is_passed_on_by_a_client_that_is_taken_for_a_registry() {
    let fake = crate::fake::Fake::new([]);
    let client = Client::over(Arc::new(fake.client.clone().with_retry(RetryPolicy::none()))).with_retry(RetryPolicy::none());
    for &method in Method::ALL {
        let refused = || Status::unavailable("no");
        match method {
            Method::Watch => {
                let mut watching = client.watch().stream();
                let (item, _) = futures::join!(watching.next(), fake.refuse_watch(refused()));
                assert!(matches!(item, Some(Ok(WatchItem::Disconnected(_)))), "{item:?}");
            }
            Method::Export => {
                let accept = async { fake.accept_export().await.fail(refused()).await };
                let (outcome, ()) = futures::join!(client.export().stream(), accept);
                assert_eq!(outcome.unwrap_err().code(), Code::Unavailable);
            }
            Method::Import => {
                let (outcome, ()) = futures::join!(client.import("id").begin(), fake.refuse_import(refused()));
                assert_eq!(outcome.unwrap_err().code(), Code::Unavailable);
            }
            _ => _ = call(&client, method).await,
        }
        assert_eq!(fake.seen().last().map(|seen| seen.method), Some(method));
    }
}

/// Fails so often, then answers.
struct Flaky {
    failures: usize,
    calls: Mutex<Vec<(Instant, pb::CreateModelRequest)>>,
    error: fn() -> Error,
}

#[async_trait]
impl Registry for Flaky {
    async fn create_model(&self, request: pb::CreateModelRequest) -> Result<pb::CreateModelResponse, Error> {
        let calls = {
            let mut calls = self.calls.lock().unwrap();
            calls.push((Instant::now(), request.clone()));
            calls.len()
        };
        if calls <= self.failures { Err((self.error)()) } else { Ok(pb::CreateModelResponse { model: request.model }) }
    }
}

fn flaky(failures: usize, error: fn() -> Error) -> (Client, Arc<Flaky>) {
    let flaky = Arc::new(Flaky { failures, calls: Mutex::default(), error });
    (Client::over(Arc::clone(&flaky)), flaky)
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_repeated_with_the_same_id_and_with_pauses() {
    let (client, flaky) = flaky(2, || Refusal::new(ErrorReason::BackendUnavailable).into());
    assert_eq!(client.create_model("iris", "/iris").send().await.unwrap().name, "iris");
    let calls = flaky.calls.lock().unwrap();
    assert_eq!(calls.len(), 3);
    assert!(calls[2].0 - calls[0].0 >= Duration::from_millis(300), "100 and 200 ms at the least");
    assert!(calls.iter().all(|(_, request)| request.request_id == calls[0].1.request_id && !request.request_id.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn what_a_registry_refuses_is_not_repeated_and_arrives_whole() {
    let (client, flaky) = flaky(1, || {
        let refusal = Refusal::new(ErrorReason::InvalidField).message("no such thing").metadata("path", "model.name");
        let refusal =
            refusal.violation("model.name", "STRING_PATTERN", "starts badly").violation("model.tags[0]", "X", "is empty");
        refusal.into()
    });
    let error = client.create_model("iris", "/iris").send().await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert_eq!((error.reason(), error.method()), (Some(ErrorReason::InvalidField), Some(Method::CreateModel)));
    assert_eq!((error.message(), &*error.metadata()["path"]), ("no such thing", "model.name"));
    let fields: Vec<_> = error.violations().iter().map(|violation| (&*violation.field, &*violation.reason)).collect();
    assert_eq!(fields, [("model.name", "STRING_PATTERN"), ("model.tags[0]", "X")]);
    assert!(!error.outcome_unknown());
    assert_eq!(flaky.calls.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_detail_of_a_refusal_arrives() {
    let (client, _) = flaky(9, || {
        let refusal = Refusal::new(ErrorReason::ResourceInUse).resource("model", "iris").blocker("deployments/1");
        refusal.blocker("deployments/2").retry_delay(Duration::from_secs(3)).into()
    });
    let error = client.create_model("iris", "/iris").send().await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::FailedPrecondition, Some(ErrorReason::ResourceInUse)));
    assert_eq!(error.resource().unwrap().resource_name, "iris");
    assert_eq!(error.blockers(), ["deployments/1", "deployments/2"]);
    assert_eq!(error.retry_delay(), Some(Duration::from_secs(3)));
    assert!(error.message().contains("RESOURCE_IN_USE"));
}

/// A status of any other making keeps its code and its words.
#[tokio::test(start_paused = true)]
async fn a_status_arrives_as_it_is() {
    let (client, flaky) = flaky(9, || Status::internal("a bug").into());
    let error = client.with_retry(RetryPolicy::default().max_attempts(5)).create_model("iris", "/iris").send().await.unwrap_err();
    assert_eq!((error.code(), error.message(), error.outcome_unknown()), (Code::Internal, "a bug", true));
    assert_eq!(flaky.calls.lock().unwrap().len(), 5, "nobody who knows has answered");
}

/// Never answers, and counts who asked.
#[derive(Default)]
struct Silent(AtomicUsize);

#[async_trait]
impl Registry for Silent {
    async fn get_server_info(&self, _: pb::GetServerInfoRequest) -> Result<pb::GetServerInfoResponse, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_client_ends_a_call_that_is_not_answered() {
    let silent = Arc::new(Silent::default());
    let begun = Instant::now();
    let error = Client::over(Arc::clone(&silent)).server_info().timeout(Duration::from_secs(15)).send().await.unwrap_err();
    assert!(matches!(error, Error::DeadlineExceeded(_)), "{error}");
    assert_eq!((begun.elapsed().as_secs(), silent.0.load(Ordering::Relaxed)), (15, 2), "an attempt is given up after 10 s");
}

/// Streams in each direction.
#[derive(Default)]
struct Streams {
    uploaded: Mutex<Vec<u8>>,
}

#[async_trait]
impl Registry for Streams {
    async fn upload_artifact(
        &self,
        mut requests: MessageStream<pb::UploadArtifactRequest>,
    ) -> Result<pb::UploadArtifactResponse, Error> {
        let mut artifact = None;
        while let Some(request) = requests.try_next().await? {
            match request.message {
                Some(pb::upload_artifact_request::Message::Start(start)) => artifact = start.artifact,
                Some(pb::upload_artifact_request::Message::Chunk(chunk)) => self.uploaded.lock().unwrap().extend(&chunk),
                None => {}
            }
        }
        Ok(pb::UploadArtifactResponse { artifact })
    }

    async fn download_artifact(
        &self,
        request: pb::DownloadArtifactRequest,
    ) -> Result<MessageStream<pb::DownloadArtifactResponse>, Error> {
        if request.artifact_id != "known" {
            return Err(Refusal::new(ErrorReason::ArtifactNotFound).into());
        }
        let artifact = Artifact { id: request.artifact_id, size_bytes: Some(4), ..Default::default() };
        let first = pb::DownloadArtifactResponse { artifact: Some(artifact), ..Default::default() };
        let chunks = ["we", "ar"].map(|chunk| Ok(pb::DownloadArtifactResponse { artifact: None, chunk: chunk.into() }));
        Ok(stream::iter([Ok(first)]).chain(stream::iter(chunks)).boxed())
    }

    async fn watch(&self, request: pb::WatchRequest) -> Result<MessageStream<pb::WatchResponse>, Error> {
        use pb::watch_response::{Events, Message, Started};
        let after_revision = request.after_revision.unwrap_or(7);
        let started = Message::Started(Started { after_revision, current_revision: 8, compacted_revision: 0 });
        let event = Event { revision: 8, last_in_revision: true, resource_name: "iris".to_owned(), ..Default::default() };
        let events = Message::Events(Events { events: vec![event] });
        let messages = [started, events].map(|message| Ok(pb::WatchResponse { message: Some(message) }));
        let broken = Refusal::new(ErrorReason::BackendUnavailable);
        Ok(stream::iter(messages).chain(stream::iter([Err(broken.into())])).boxed())
    }

    async fn export(&self, _: pb::ExportRequest) -> Result<MessageStream<pb::ExportResponse>, Error> {
        let message = pb::ExportResponse { items: vec![TransferItem::default(); 3], revision: 9, ..Default::default() };
        Ok(stream::iter([Ok(message)]).boxed())
    }

    async fn import(&self, requests: MessageStream<pb::ImportRequest>) -> Result<MessageStream<pb::ImportResponse>, Error> {
        let answers = requests.map_ok(|request| match request.message {
            Some(pb::import_request::Message::Items(items)) => {
                let count = i64::try_from(items.items.len()).unwrap();
                let acknowledged_sequence = items.first_sequence + count - 1;
                pb::ImportResponse { acknowledged_sequence, created_count: count, ..Default::default() }
            }
            _ => pb::ImportResponse::default(),
        });
        Ok(answers.boxed())
    }
}

#[tokio::test(start_paused = true)]
async fn streams_go_both_ways() {
    let streams = Arc::new(Streams::default());
    let client = Client::over(Arc::clone(&streams));
    let artifact = client.upload_artifact(ReleaseRef::key("iris", "1.0"), "w").send_bytes(vec![7; 3_000_000]).await.unwrap();
    assert_eq!((artifact.name.as_str(), streams.uploaded.lock().unwrap().len()), ("w", 3_000_000));
    assert_eq!(client.download_artifact("known").bytes().await.unwrap(), "wear");
    let error = client.download_artifact("unknown").bytes().await.unwrap_err();
    assert_eq!(error.reason(), Some(ErrorReason::ArtifactNotFound));
    let items: Vec<_> = client.export().stream().await.unwrap().try_collect().await.unwrap();
    assert_eq!(items.len(), 3);
    let summary = client.import("id").send(stream::iter(items.into_iter().map(Ok))).await.unwrap();
    assert_eq!((summary.created, summary.failures.len()), (3, 0));
}

/// The registry has answered and waits for more, of which there will be none.
#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_ends_the_import_of_a_client_that_is_taken_for_a_registry() {
    let fake = crate::fake::Fake::new([]);
    let (send, messages) = futures::channel::mpsc::unbounded();
    let options = pb::import_request::Message::Options(pb::import_request::Options::default());
    send.unbounded_send(Ok(pb::ImportRequest { message: Some(options) })).unwrap();
    let (answers, open) = futures::join!(Registry::import(&fake.client, messages.boxed()), fake.accept_import());
    send.unbounded_send(Err(Refusal::new(ErrorReason::BackendUnavailable).into())).unwrap();
    let told: Vec<_> = answers.unwrap().collect().await;
    let [Err(error)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(error.reason(), Some(ErrorReason::BackendUnavailable));
    drop(open);
}

#[tokio::test(start_paused = true)]
async fn a_watch_goes_on_when_the_stream_of_a_fake_breaks() {
    let mut watching = Client::over(Streams::default()).watch().stream();
    let items: Vec<_> = (&mut watching).take(4).try_collect().await.unwrap();
    assert!(matches!(items[0], WatchItem::Connected { resumed: false, .. }), "{items:?}");
    assert!(matches!(&items[1], WatchItem::Event(event) if event.resource_name == "iris"), "{items:?}");
    assert!(matches!(&items[2], WatchItem::Disconnected(_)) && matches!(items[3], WatchItem::Connected { resumed: true, .. }));
}

/// The generated stubs, too, ask the fake; what is no method of the contract is told so.
#[tokio::test(start_paused = true)]
async fn stubs_over_a_fake_reach_it() {
    let (client, _) = flaky(0, || Status::internal("it does not fail").into());
    let model = Some(Model { name: "iris".to_owned(), ..Default::default() });
    let answer = client.model_service().create_model(pb::CreateModelRequest { model, ..Default::default() }).await.unwrap();
    assert_eq!(answer.into_inner().model.unwrap().name, "iris");
    let mut health = tonic::client::Grpc::new(client.connection());
    health.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/Check");
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let status = health.unary(tonic::Request::new(()), path, codec).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

/// A resolver that remembers nothing, because a fake tells no revisions, answers all the same.
#[tokio::test(start_paused = true)]
async fn a_cached_resolver_works_over_a_fake() {
    struct Resolves;

    #[async_trait]
    impl Registry for Resolves {
        async fn resolve_release(&self, _: pb::ResolveReleaseRequest) -> Result<pb::ResolveReleaseResponse, Error> {
            let release = Release { version: "1.0".to_owned(), ..Default::default() };
            Ok(pb::ResolveReleaseResponse { release: Some(release), alias: Some(pb::ReleaseAlias::default()) })
        }
    }

    let resolver = registry_client::CachedResolver::start(&Client::over(Resolves));
    assert_eq!(resolver.resolve("iris", "production").await.unwrap().release.version, "1.0");
}

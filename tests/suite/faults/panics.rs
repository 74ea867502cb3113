//! A panic hurts one call only, wherever it happens: its caller is told INTERNAL and nothing else, and everybody else notices
//! nothing. The panics are built in for these tests, and strike calls by their request ids.

use futures::StreamExt;
use futures::future::join_all;
use registry_client::{Client, Code, Error, ErrorReason};
use registry_server::sabotage::{Fault, PANIC, STRUCK, Sabotage};
use registry_tests::watching::{self, after};
use registry_tests::{Database, Harness, expect, given, on_every_database, raw};
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tonic::{Request, Status};
use tonic_types::StatusExt;
use tracing_subscriber::fmt::MakeWriter;

/// How many calls of a kind panic.
const TIMES: usize = 1000;
/// How many calls there are at once, half of which panic.
const AT_ONCE: usize = 50;

async fn sabotaged(database: Database, fault: Fault) -> Harness {
    Harness::with(database, |settings| settings.sabotage = Sabotage::panic_at(fault)).await
}

/// A call that is struck is told this, and nothing of the reason.
fn internal(error: &Status, request_id: &str) {
    assert_eq!((error.code(), raw::reason(error)), (Code::Internal, Some(ErrorReason::Internal)), "{error:?}");
    let details = error.get_error_details();
    assert_eq!(details.request_info().map(|info| info.request_id.as_str()), Some(request_id), "{error:?}");
    let told = format!("{error:?} {}", String::from_utf8_lossy(error.details()));
    assert!(!told.contains(PANIC) && !told.contains("panicked") && !told.contains(".rs"), "{told}");
}

async fn struck(client: &Client, name: &str) {
    let request_id = format!("{STRUCK}{name}");
    let answer = client.create_model(format!("struck/{name}"), "s3://models/").correlation_id(request_id.as_str()).send().await;
    let error = expect::refused(answer, Code::Internal, ErrorReason::Internal);
    internal(error.status().expect("a status of the server"), &request_id);
}

async fn neighbour(client: &Client, name: &str) -> Result<(), Error> {
    client.create_model(format!("neighbour/{name}"), "s3://models/").send().await.map(drop)
}

/// Calls that panic, and as many on the same connection that do not, at once; which of the models there are afterwards.
async fn writes(database: Database, fault: Fault) -> (usize, usize) {
    let registry = sabotaged(database, fault).await;
    let client = &registry.client;
    for some in 0..TIMES / (AT_ONCE / 2) {
        let calls = (0..AT_ONCE / 2).map(|number| async move {
            let name = format!("{some}-{number}");
            let (name, other) = (name.as_str(), name.as_str());
            let ((), told) = tokio::join!(struck(client, name), neighbour(client, other));
            told.expect("a neighbour is not struck");
        });
        join_all(calls).await;
    }
    // Nothing is stuck, and no revision is missing.
    let names: Vec<String> = client.list_models().items().map(|model| model.expect("a model").name).collect().await;
    let (struck, neighbours): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.starts_with("struck/"));
    let revision = client.list_models().page_size(1).send().await.expect("a page").revision;
    assert_eq!(usize::try_from(revision).unwrap(), names.len());
    let events = watching::listed(client, 0, &Default::default()).await;
    assert_eq!(events.iter().map(|event| event.revision).collect::<BTreeSet<_>>().len(), names.len());
    let counts = (struck.len(), neighbours.len());
    registry.stop().await;
    counts
}

on_every_database! {
    /// In a handler that has not begun: nothing is done.
    async fn a_panic_before_a_write_hurts_one_call(database: Database) {
        assert_eq!(writes(database, Fault::Handler).await, (0, TIMES));
    }

    /// In a handler whose write is done: the write stands, and the caller cannot know.
    async fn a_panic_after_a_write_hurts_one_call(database: Database) {
        assert_eq!(writes(database, Fault::Answer).await, (TIMES, TIMES));
    }

    /// In the writer, in the midst of a batch: what it has written is undone, and what the others have is not.
    async fn a_panic_in_a_use_case_hurts_one_write(database: Database) {
        assert_eq!(writes(database, Fault::UseCase).await, (0, TIMES));
    }
}

/// What a stream comes to that is struck. What it says before may be lost on the way: it is sent together with its end.
async fn struck_stream(client: &Client, request_id: &str) -> Status {
    let mut request = Request::new(after(0));
    request.metadata_mut().insert("x-request-id", request_id.parse().expect("an id"));
    let mut messages = match client.watch_service().watch(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return status,
    };
    loop {
        match messages.message().await {
            Ok(message) => assert!(message.is_some(), "a stream never ends without a reason"),
            Err(status) => return status,
        }
    }
}

/// Streams that panic one after the other, more than there is room for at once; one beside them goes on.
async fn streams(fault: Fault) {
    let most = |settings: &mut registry_server::serve::Settings| {
        settings.sabotage = Sabotage::panic_at(fault);
        settings.calls.watches = 20;
    };
    let registry = Harness::with(Database::Sqlite, most).await;
    let mut neighbour = watching::watch(&registry.client, after(0)).await;
    given::model(&registry, "iris").await;
    assert_eq!(neighbour.event().await.revision, 1);
    for number in 0..TIMES {
        let request_id = format!("{STRUCK}{number}");
        let status = struck_stream(&registry.client, &request_id).await;
        internal(&status, &request_id);
    }
    given::model(&registry, "lotus").await;
    assert_eq!(neighbour.event().await.revision, 2);
    drop(neighbour);
    registry.stop().await;
}

/// While the stream is polled, when its headers have been sent long ago.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_stream_ends_that_stream() {
    streams(Fault::Stream).await;
}

/// In the task that reads for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_while_a_stream_reads_ends_that_stream() {
    streams(Fault::Read).await;
}

/// What is logged while it is listened to.
#[derive(Clone, Default)]
struct Listening(Arc<Mutex<Vec<u8>>>);

impl Listening {
    fn lines(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

impl Write for Listening {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Listening {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The operator finds each by its request id: one line that says what it was. Only this thread is listened to, and the server
/// has no other.
#[tokio::test]
async fn a_panic_is_one_line_of_the_log() {
    let log = Listening::default();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(log.clone()).finish();
    // Without a second one, what other threads log first counts as never listened to.
    let _other = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish());
    let _listening = tracing::subscriber::set_default(subscriber);
    for (fault, says) in [
        (Fault::Handler, PANIC),
        (Fault::Answer, PANIC),
        (Fault::UseCase, "a use case panicked"),
        (Fault::Stream, PANIC),
        (Fault::Read, PANIC),
    ] {
        let registry = sabotaged(Database::Sqlite, fault).await;
        given::model(&registry, "iris").await;
        let name = format!("{fault:?}");
        match fault {
            Fault::Handler | Fault::Answer | Fault::UseCase => struck(&registry.client, &name).await,
            Fault::Stream | Fault::Read => drop(struck_stream(&registry.client, &format!("{STRUCK}{name}")).await),
        }
        registry.stop().await;
        let lines = log.lines();
        let id = format!("{STRUCK}{name}");
        let bugs: Vec<_> = lines.iter().filter(|line| line["request_id"] == id.as_str()).collect();
        let [bug] = *bugs else { panic!("{fault:?}: {lines:#?}") };
        assert_eq!((&bug["level"], &bug["message"]), (&"ERROR".into(), &"a call hit a bug".into()), "{bug}");
        assert!(bug["error"].as_str().expect("a text").contains(says), "{bug}");
    }
}

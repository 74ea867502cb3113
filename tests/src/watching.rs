//! Streams of Watch as they come over the wire, with no client that mends them, and the walk over ListEvents that
//! says what they should have delivered.

use crate::raw::reason;
use registry_client::pb::watch_response::{Message, Started};
use registry_client::pb::{WatchRequest, WatchResponse};
use registry_client::{Client, Code, ErrorReason, Event, EventFilter};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Status, Streaming};
use tonic_types::StatusExt;

/// How long anything may take that is to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks for what is after a revision, and for progress as often as can be.
#[must_use]
pub fn after(revision: i64) -> WatchRequest {
    WatchRequest { after_revision: Some(revision), ..from_now() }
}

/// Asks for what is new, and for progress as often as can be.
#[must_use]
pub fn from_now() -> WatchRequest {
    let second = prost_types::Duration { seconds: 1, nanos: 0 };
    WatchRequest { progress_interval: Some(second), ..WatchRequest::default() }
}

/// A stream that has started.
#[derive(Debug)]
pub struct Watcher {
    /// Its first message.
    pub started: Started,
    messages: Streaming<WatchResponse>,
}

/// Calls Watch and waits for the first message.
///
/// # Errors
/// What the call is refused with. What comes on the stream is not one of them.
///
/// # Panics
/// If the first message is another one, or does not come.
pub async fn open(client: &Client, request: WatchRequest) -> Result<Watcher, Status> {
    let call = async { client.watch_service().watch(request).await };
    let mut messages = timeout(PATIENCE, call).await.expect("an answer to Watch")?.into_inner();
    let first = timeout(PATIENCE, messages.message()).await.expect("a first message").expect("a stream that starts");
    match first.and_then(|first| first.message) {
        Some(Message::Started(started)) => Ok(Watcher { started, messages }),
        other => panic!("a stream starts with {other:?}"),
    }
}

/// The same, of a call that is not refused.
///
/// # Panics
/// If it is.
pub async fn watch(client: &Client, request: WatchRequest) -> Watcher {
    open(client, request).await.expect("a stream")
}

impl Watcher {
    /// The next message.
    ///
    /// # Errors
    /// The status that ends the stream.
    ///
    /// # Panics
    /// If nothing comes, if it ends without a status, or if it starts once more.
    pub async fn next(&mut self) -> Result<Message, Status> {
        let message = timeout(PATIENCE, self.messages.message()).await.expect("a message in time")?;
        match message.expect("a stream never ends without a reason").message.expect("a message with something in it") {
            Message::Started(again) => panic!("a stream starts twice: {again:?}"),
            message => Ok(message),
        }
    }

    /// The events of the next message that has any.
    ///
    /// # Panics
    /// If the stream ends.
    pub async fn message(&mut self) -> Vec<Event> {
        loop {
            if let Message::Events(message) = self.next().await.expect("a stream that goes on") {
                assert!(!message.events.is_empty(), "a message without an event");
                return message.events;
            }
        }
    }

    /// The next event, which is alone in its message.
    ///
    /// # Panics
    /// If it is not, or the stream ends.
    pub async fn event(&mut self) -> Event {
        let [event]: [Event; 1] = self.message().await.try_into().expect("a single event");
        event
    }

    /// The revision of the next message, which has to be progress.
    ///
    /// # Panics
    /// If it is not.
    pub async fn progress(&mut self) -> i64 {
        match self.next().await.expect("a stream that goes on") {
            Message::Progress(progress) => progress.revision,
            other => panic!("instead of progress: {other:?}"),
        }
    }

    /// All messages until everything through a revision has come.
    ///
    /// # Panics
    /// If the stream ends.
    pub async fn messages_through(&mut self, revision: i64) -> Vec<Vec<Event>> {
        let mut messages = Vec::new();
        loop {
            match self.next().await.expect("a stream that goes on") {
                Message::Progress(progress) if progress.revision >= revision => return messages,
                Message::Events(message) => {
                    let last = message.events.last().expect("a message with events");
                    let complete = last.last_in_revision && last.revision >= revision;
                    messages.push(message.events);
                    if complete {
                        return messages;
                    }
                }
                _ => {}
            }
        }
    }

    /// All events until everything through a revision has come.
    ///
    /// # Panics
    /// If the stream ends.
    pub async fn through(&mut self, revision: i64) -> Vec<Event> {
        self.messages_through(revision).await.concat()
    }

    /// The status that ends the stream; whatever comes before is passed over.
    pub async fn end(mut self) -> Status {
        loop {
            if let Err(status) = self.next().await {
                return status;
            }
        }
    }
}

/// The facts of a status that has this code and this reason.
///
/// # Panics
/// If it has others.
#[track_caller]
#[must_use]
pub fn facts(status: &Status, code: Code, expected: ErrorReason) -> HashMap<String, String> {
    assert_eq!((status.code(), reason(status)), (code, Some(expected)), "{status:?}");
    status.get_error_details().error_info().map(|info| info.metadata.clone()).unwrap_or_default()
}

/// Everything that ListEvents has after a revision.
///
/// # Panics
/// If it fails, or does not come to an end.
pub async fn listed(client: &Client, after: i64, filter: &EventFilter) -> Vec<Event> {
    let (mut events, mut after) = (Vec::new(), after);
    loop {
        let page =
            client.list_events().after_revision(after).page_size(1000).filter(filter.clone()).send().await.expect("a page");
        events.extend(page.events);
        if !page.has_more {
            return events;
        }
        assert!(page.through_revision > after, "a walk that stands still at {after}");
        after = page.through_revision;
    }
}

/// Where events are, and whether they are the last of their revision.
#[must_use]
pub fn places(events: &[Event]) -> Vec<(i64, i32, bool)> {
    events.iter().map(|event| (event.revision, event.index, event.last_in_revision)).collect()
}

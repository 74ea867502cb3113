//! One stream after the other: opens them, reads them, notices that they are dead, and goes on where the last one stopped.

use std::time::Duration;
use std::vec;

use backon::{BackoffBuilder as _, ExponentialBackoff};
use registry_proto::method::Method;
use registry_proto::v1::watch_response::{Message, Started};
use registry_proto::v1::{self as pb, WatchResponse};
use tokio::time::{sleep, timeout};
use tonic::{Code, Streaming};

use super::position::Position;
use super::{StartOverReason, WatchItem};
use crate::failure::Failure;
use crate::options::Options;
use crate::{Client, Error, trace};

/// What the registry takes for the progress interval if it is not told one.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(15);
/// How long a message may be on its way.
const SLACK: Duration = Duration::from_secs(5);
/// Between these, whatever the policy and the registry say: attempts are made for ever, and must neither be a burden nor cease.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5 * 60));

/// One stream after the other.
pub(super) struct Follower {
    client: Client,
    request: pb::WatchRequest,
    options: Options,
    /// How long nothing may come.
    patience: Duration,
    position: Position,
    /// Whether there has been a stream yet.
    begun: bool,
    /// After which revision events are lost, and how, until the stream has started over.
    lost: Option<(i64, StartOverReason)>,
    pauses: ExponentialBackoff,
    phase: Phase,
    /// What is to be told next, before anything else.
    next: Option<WatchItem>,
}

enum Phase {
    Closed { pause: Duration },
    Open { messages: Box<Streaming<WatchResponse>>, events: vec::IntoIter<pb::Event> },
}

impl Follower {
    pub(super) fn new(client: Client, request: pb::WatchRequest, options: Options) -> Self {
        let interval = request.progress_interval.and_then(|interval| interval.try_into().ok()).unwrap_or(PROGRESS_INTERVAL);
        Self {
            patience: interval.saturating_mul(2).saturating_add(SLACK),
            position: Position::at(request.after_revision),
            begun: false,
            lost: None,
            pauses: pauses(&options, &client),
            phase: Phase::Closed { pause: Duration::ZERO },
            next: None,
            client,
            request,
            options,
        }
    }

    /// Where another stream could go on after what has been told.
    pub(super) fn revision(&self) -> Option<i64> {
        self.position.through()
    }

    /// What is to be told next. An error is the last.
    pub(super) async fn next(&mut self) -> Result<WatchItem, Error> {
        loop {
            if let Some(item) = self.next.take() {
                return Ok(item);
            }
            match self.step().await {
                Ok(Some(item)) => return Ok(item),
                Ok(None) => {}
                Err(error) => return self.broken(error),
            }
        }
    }

    async fn step(&mut self) -> Result<Option<WatchItem>, Error> {
        match &mut self.phase {
            Phase::Closed { pause } => {
                sleep(*pause).await;
                self.open().await.map(Some)
            }
            Phase::Open { messages, events } => {
                if let Some(event) = events.next() {
                    let new = self.position.advance(&event);
                    return Ok(new.then(|| self.alive(WatchItem::Event(Box::new(event)))));
                }
                match receive(messages, self.patience).await? {
                    Message::Events(batch) => *events = batch.events.into_iter(),
                    Message::Progress(progress) => {
                        self.position.complete(progress.revision);
                        return Ok(Some(self.alive(WatchItem::Progress(progress.revision))));
                    }
                    Message::Started(_) => return Err(Error::protocol(Method::Watch, "a stream started twice")),
                }
                Ok(None)
            }
        }
    }

    /// The stream gets somewhere, so that the pauses begin anew. That it can be opened is not enough.
    fn alive(&mut self, item: WatchItem) -> WatchItem {
        self.pauses = pauses(&self.options, &self.client);
        item
    }

    async fn open(&mut self) -> Result<WatchItem, Error> {
        let after_revision = if self.lost.is_some() { None } else { self.position.through() };
        let request = pb::WatchRequest { after_revision, ..self.request.clone() };
        let limit = self.client.timeout();
        let started = async {
            let started = timeout(limit, start(&self.client, &self.options, request)).await;
            started.unwrap_or_else(|_| Err(Error::deadline(Method::Watch, limit)))
        };
        let (started, messages) = trace::traced(Method::Watch, started).await?;
        let begins = match after_revision {
            // Asked for the oldest that is kept, the registry does not refuse if some are not.
            Some(0) => started.after_revision.max(started.compacted_revision),
            _ => started.after_revision,
        };
        let skipped = after_revision.is_some_and(|after| begins > after);
        if skipped && !self.begun && after_revision != Some(0) {
            return Err(Error::protocol(Method::Watch, "the stream starts after the revision that was asked for"));
        }
        let lost =
            self.lost.take().or((skipped && self.begun).then_some((after_revision.unwrap_or(0), StartOverReason::Compacted)));
        if !self.begun || lost.is_some() {
            self.position = Position::at(Some(begins));
        }
        let resumed = self.begun && lost.is_none();
        self.begun = true;
        self.phase = Phase::Open { messages: Box::new(messages), events: Vec::new().into_iter() };
        let connected = WatchItem::Connected { current_revision: started.current_revision, resumed };
        let Some((lost_after, reason)) = lost else { return Ok(connected) };
        self.next = Some(connected);
        Ok(WatchItem::StartedOver { lost_after, from: begins, reason })
    }

    /// What becomes of a failure. The stream that it happened to is let go.
    fn broken(&mut self, error: Error) -> Result<WatchItem, Error> {
        match StartOverReason::of(&error) {
            Some(reason) if self.begun => {
                self.lost = Some((self.position.through().unwrap_or(0), reason));
            }
            _ if passes(&error) => {}
            _ => return Err(error),
        }
        let pause = self.pauses.next().unwrap_or_default().max(error.retry_delay().unwrap_or_default());
        self.phase = Phase::Closed { pause: pause.clamp(PAUSES.0, PAUSES.1) };
        Ok(WatchItem::Disconnected(error))
    }
}

fn pauses(options: &Options, client: &Client) -> ExponentialBackoff {
    options.retry(client).backoff().without_max_times().build()
}

/// Whether a stream that failed like this can be had later without anybody doing anything about it.
fn passes(error: &Error) -> bool {
    match error {
        Error::Transport(_) | Error::Unavailable(_) | Error::ResourceExhausted(_) | Error::Aborted(_) => true,
        Error::DeadlineExceeded(_) | Error::Cancelled(_) | Error::Internal(_) => true,
        Error::Invalid(_) | Error::NotFound(_) | Error::AlreadyExists(_) | Error::FailedPrecondition(_) => false,
        Error::OutOfRange(_) | Error::Unauthenticated(_) | Error::PermissionDenied(_) | Error::Unimplemented(_) => false,
        Error::Protocol(_) | Error::Endpoint(_) | Error::DataLoss(_) | Error::File(_) => false,
    }
}

/// Opens a stream. Without a deadline, which would be one for the whole of it.
async fn start(
    client: &Client,
    options: &Options,
    request: pb::WatchRequest,
) -> Result<(Started, Streaming<WatchResponse>), Error> {
    options.allowed(Method::Watch)?;
    let opened = client.watch_service().watch(options.request(request)).await;
    let mut messages = opened.map_err(|status| Error::from_status(Method::Watch, status))?.into_inner();
    // The caller has a limit on all of it.
    match receive(&mut messages, Duration::MAX).await? {
        Message::Started(started) => Ok((started, messages)),
        _ => Err(Error::protocol(Method::Watch, "a stream does not begin by saying where it starts")),
    }
}

/// The next message that this client understands.
async fn receive(messages: &mut Streaming<WatchResponse>, patience: Duration) -> Result<Message, Error> {
    let failure = |code, text| Failure::new(Some(Method::Watch), code, text);
    loop {
        match timeout(patience, messages.message()).await {
            Ok(Ok(Some(WatchResponse { message: Some(message) }))) => return Ok(message),
            Ok(Ok(Some(WatchResponse { message: None }))) => {}
            Ok(Ok(None)) => return Err(Error::Transport(failure(Code::Unavailable, "the stream was ended".to_owned()))),
            Ok(Err(status)) => return Err(Error::from_status(Method::Watch, status)),
            Err(_) => {
                let text = format!("nothing was heard for {patience:?}");
                return Err(Error::DeadlineExceeded(failure(Code::DeadlineExceeded, text)));
            }
        }
    }
}

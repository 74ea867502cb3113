//! An import under way: its items go out on one stream after the other until all of them are acknowledged.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff};
use futures_util::future::{Either, select};
use futures_util::stream::{self, Stream, StreamExt as _};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::import_request::{Message, Options};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tonic::Streaming;

use super::import::BegunImport;
use super::told::{ImportedChunk, number};
use super::window::{MESSAGES, Window};
use super::{BEGIN, SILENCE, passes};
use crate::{Client, Error, options, retry, trace};

/// How long the registry may take to end a stream when there is nothing left to say.
const GONE: Duration = Duration::from_secs(10);

/// What becomes of the items of an import, as a stream. Made by [`BegunImport::items`]. Nothing is sent unless it is polled.
///
/// If the connection breaks, or the registry gives the stream up, it goes on with what is not acknowledged, as often in a row as the
/// [`RetryPolicy`](crate::RetryPolicy) says. A stream that ends without an error has brought everything; after an error, what was
/// acknowledged stays, and another import with the same id goes on from there.
pub struct Importing {
    /// Unset when the stream has ended.
    chunks: Option<Chunks>,
}

type Chunks = Pin<Box<dyn Stream<Item = Result<ImportedChunk, Error>> + Send>>;

/// What is to be imported.
type Source = Pin<Box<dyn Stream<Item = io::Result<pb::TransferItem>> + Send>>;

impl Importing {
    pub(super) fn new(begun: BegunImport, source: Source) -> Self {
        let BegunImport { client, options, call, open } = begun;
        let pauses = call.retry(&client).backoff().build();
        let sender = Sender {
            client,
            options,
            call,
            pauses,
            open: Some(open),
            source: Some(source),
            window: Window::default(),
            told: false,
        };
        let chunks = stream::try_unfold(sender, async |mut sender: Sender| Ok(sender.next().await?.map(|chunk| (chunk, sender))));
        Self { chunks: Some(Box::pin(chunks)) }
    }
}

impl Stream for Importing {
    type Item = Result<ImportedChunk, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(chunks) = &mut self.chunks else { return Poll::Ready(None) };
        let chunk = ready!(chunks.as_mut().poll_next(context));
        if !matches!(chunk, Some(Ok(_))) {
            self.chunks = None;
        }
        Poll::Ready(chunk)
    }
}

impl fmt::Debug for Importing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Importing").field("ended", &self.chunks.is_none()).finish_non_exhaustive()
    }
}

/// What sends the items.
struct Sender {
    client: Client,
    options: Options,
    call: options::Options,
    pauses: ExponentialBackoff,
    /// Unset while there is no stream.
    open: Option<Open>,
    /// Unset when all has been taken out of it.
    source: Option<Source>,
    window: Window,
    /// Whether it was said how far the import had come.
    told: bool,
}

impl Sender {
    /// What has become of the next items; none if all are done with.
    async fn next(&mut self) -> Result<Option<ImportedChunk>, Error> {
        loop {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => Open::again(&self.client, &self.call, &self.options, &mut self.pauses).await?,
            };
            if let Some(chunk) = self.begin(&open)? {
                self.open = Some(open);
                return Ok(Some(chunk));
            }
            match self.advance(&mut open).await {
                Ok(Some(answer)) => {
                    self.open = Some(open);
                    self.pauses = self.call.retry(&self.client).backoff().build();
                    return self.tell(answer).map(Some);
                }
                Ok(None) => {
                    open.end().await;
                    return self.done().map(|()| None);
                }
                Err(error) => self.broken(error).await?,
            }
        }
    }

    /// Hears, once for each stream, how far the import has come.
    fn begin(&mut self, open: &Open) -> Result<Option<ImportedChunk>, Error> {
        if self.told {
            return Ok(None);
        }
        self.told = true;
        self.window.send_again();
        let acknowledged_sequence = open.acknowledged_sequence();
        if acknowledged_sequence < self.window.acknowledged_sequence() {
            return Err(Error::protocol(Method::Import, "the registry has forgotten what it acknowledged"));
        }
        let untold = self.window.acknowledge(acknowledged_sequence);
        Ok((untold > 0).then(|| ImportedChunk::untold(&open.begun, untold)))
    }

    /// Sends what there is until an answer comes. None if there is nothing left to send, and no answer due.
    async fn advance(&mut self, open: &mut Open) -> Result<Option<pb::ImportResponse>, Error> {
        loop {
            while let Some(items) = self.window.unsent() {
                open.send(Message::Items(items));
            }
            if let (Some(source), true) = (&mut self.source, self.window.has_room()) {
                let item = if self.window.is_under_way() {
                    match select(source.next(), std::pin::pin!(open.messages.message())).await {
                        Either::Left((item, _)) => item,
                        Either::Right((answer, _)) => return answered(answer).map(Some),
                    }
                } else {
                    source.next().await
                };
                self.take(item)?;
            } else if self.window.is_under_way() {
                let late = |_| Error::deadline(Method::Import, SILENCE);
                return answered(timeout(SILENCE, open.messages.message()).await.map_err(late)?).map(Some);
            } else {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, item: Option<io::Result<pb::TransferItem>>) -> Result<(), Error> {
        match item {
            Some(Ok(item)) => self.window.push(item),
            Some(Err(error)) => return Err(Error::file(Method::Import, None, error)),
            None => {
                self.window.close();
                self.source = None;
            }
        }
        Ok(())
    }

    fn tell(&mut self, answer: pb::ImportResponse) -> Result<ImportedChunk, Error> {
        let mut chunk = ImportedChunk::of(answer, &self.window)?;
        let acknowledged = self.window.acknowledge(chunk.acknowledged_sequence);
        let told = [chunk.skips.len(), chunk.failures.len()].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        let told = told.into_iter().fold(chunk.created.saturating_add(chunk.replaced), u64::saturating_add);
        chunk.untold = acknowledged.saturating_sub(told);
        Ok(chunk)
    }

    /// That an import with this id has not had other items than these.
    fn done(&self) -> Result<(), Error> {
        if self.window.is_empty() && self.window.last_sequence() >= self.window.acknowledged_sequence() {
            return Ok(());
        }
        Err(Error::refused(Method::Import, "import_id", "is that of an import that had more items than these"))
    }

    /// Waits before another stream, if there is to be one.
    async fn broken(&mut self, error: Error) -> Result<(), Error> {
        let forgotten = self.options.validate_only && self.window.acknowledged_sequence() > 0;
        let pause = retry::pause(&error, self.pauses.next(), Duration::MAX).filter(|_| passes(&error) && !forgotten);
        let Some(pause) = pause else { return Err(error) };
        self.told = false;
        sleep(pause).await;
        Ok(())
    }
}

fn answered(answer: Result<Option<pb::ImportResponse>, tonic::Status>) -> Result<pb::ImportResponse, Error> {
    let answer = answer.map_err(|status| Error::from_status(Method::Import, status))?;
    answer.ok_or_else(|| Error::from_status(Method::Import, tonic::Status::unavailable("the stream ended before the import did")))
}

/// A stream whose options were taken.
#[derive(Debug)]
pub(super) struct Open {
    requests: mpsc::Sender<pb::ImportRequest>,
    messages: Streaming<pb::ImportResponse>,
    /// The first answer.
    begun: pb::ImportResponse,
}

impl Open {
    /// Opens a stream, as often as it takes and the policy allows.
    pub(super) async fn again(
        client: &Client,
        call: &options::Options,
        options: &Options,
        pauses: &mut ExponentialBackoff,
    ) -> Result<Self, Error> {
        loop {
            let error = match trace::traced(Method::Import, Self::once(client, call, options)).await {
                Ok(open) => return Ok(open),
                Err(error) => error,
            };
            let pause = retry::pause(&error, pauses.next(), Duration::MAX).filter(|_| passes(&error));
            let Some(pause) = pause else { return Err(error) };
            sleep(pause).await;
        }
    }

    async fn once(client: &Client, call: &options::Options, options: &Options) -> Result<Self, Error> {
        // Room for the options and all messages that are not acknowledged: sending waits for nobody.
        let (requests, mut outgoing) = mpsc::channel(MESSAGES + 1);
        let outgoing = stream::poll_fn(move |context| outgoing.poll_recv(context));
        let mut stub = client.transfer_service();
        let _ = requests.try_send(pb::ImportRequest { message: Some(Message::Options(options.clone())) }); // there is room
        let late = |_| Error::deadline(Method::Import, BEGIN);
        let opened = timeout(BEGIN, stub.import(call.request(outgoing))).await.map_err(late)?;
        let mut messages = opened.map_err(|status| Error::from_status(Method::Import, status))?.into_inner();
        let begun = answered(timeout(BEGIN, messages.message()).await.map_err(late)?)?;
        Ok(Self { requests, messages, begun })
    }

    pub(super) fn acknowledged_sequence(&self) -> u64 {
        number(self.begun.acknowledged_sequence)
    }

    pub(super) fn failed_count(&self) -> u64 {
        number(self.begun.failed_count)
    }

    /// There is always room. Whether the other end is still there, the answers tell.
    fn send(&self, message: Message) {
        let _ = self.requests.try_send(pb::ImportRequest { message: Some(message) });
    }

    /// Says that there is no more, and lets the registry end the stream.
    async fn end(self) {
        let Self { requests, mut messages, begun: _ } = self;
        drop(requests);
        let _ = timeout(GONE, messages.message()).await; // everything is acknowledged
    }
}

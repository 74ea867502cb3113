//! Export: everything that a registry holds comes as a stream of items.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec;

use backon::{BackoffBuilder as _, ExponentialBackoff};
use futures_util::stream::{self, Stream};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use tokio::time::{sleep, timeout};
use tonic::{Code, Streaming};

use super::{BEGIN, SILENCE, passes};
use crate::failure::Failure;
use crate::options::{Options, per_call};
use crate::{Client, Error, ResourceKind, retry, trace};

/// Exports what the registry holds. Made by [`Client::export`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `stream` is called"]
pub struct Export {
    client: Client,
    request: pb::ExportRequest,
    options: Options,
}

per_call!(Export: options);

impl Export {
    pub(super) fn new(client: Client, request: pb::ExportRequest) -> Self {
        Self { client, request, options: Options::default() }
    }

    /// Only resources of this kind, or of one of those that were said before. The audit log is part of an export of all kinds only.
    pub fn kind(mut self, kind: ResourceKind) -> Self {
        self.request.resource_kinds.push(kind.into());
        self
    }

    /// Soft-deleted resources, too. Without this the export has only what is live.
    pub fn include_deleted(mut self) -> Self {
        self.request.include_deleted = true;
        self
    }

    /// Goes on after the [`cursor`](Exporting::cursor) of an export with the same settings that was cut off. Compare the revisions: if
    /// they differ, the two together are not of one point in time.
    pub fn after_cursor(mut self, cursor: impl Into<String>) -> Self {
        self.request.after_cursor = cursor.into();
        self
    }

    /// Begins the export and gives its items as they come, parents before children. Repeated like other calls if it cannot begin for a
    /// passing reason. Without a deadline: it takes as long as its reader takes.
    ///
    /// # Errors
    ///
    /// Whatever the registry refuses with.
    pub async fn stream(self) -> Result<Exporting, Error> {
        let Self { client, request, options } = self;
        options.allowed(Method::Export)?;
        let mut pauses = options.retry(&client).backoff().build();
        let (messages, begun) = begin_again(&client, &options, &request, &mut pauses).await?;
        let pb::ExportResponse { items, cursor, revision, source_revision } = begun;
        let place = Place { cursor: cursor.clone(), revision, source_revision };
        let follower = Follower { pauses, client, request, options, messages, place: place.clone(), items: items.into_iter() };
        Ok(Exporting { items: Some(follower.items()), place })
    }
}

/// Where an export is.
#[derive(Clone, Debug)]
struct Place {
    cursor: String,
    revision: i64,
    source_revision: i64,
}

/// The items of an export, as a stream. Made by [`Export::stream`].
///
/// If the connection breaks, or the registry gives the stream up, it goes on where it was, as often in a row as the
/// [`RetryPolicy`](crate::RetryPolicy) says. That is possible only if nothing was written meanwhile: otherwise the items would not be
/// of one revision, and the stream ends with [`Error::Aborted`]. Export again then. A stream that ends without an error has everything.
pub struct Exporting {
    /// Unset when the stream has ended.
    items: Option<Pin<Box<dyn Stream<Item = Told> + Send>>>,
    place: Place,
}

/// An item, and where the export is after it.
type Told = Result<(pb::TransferItem, Place), Error>;

impl Exporting {
    /// The revision of the registry that all items are of.
    #[must_use]
    pub const fn revision(&self) -> i64 {
        self.place.revision
    }

    /// The greatest revision of anything in the export, for [`Import::source_revision`](super::Import::source_revision). Known from the
    /// beginning.
    #[must_use]
    pub const fn source_revision(&self) -> i64 {
        self.place.source_revision
    }

    /// Where another export can go on ([`Export::after_cursor`]) if this one fails: what came out of the stream since it changed last comes
    /// once more.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.place.cursor
    }
}

impl Stream for Exporting {
    type Item = Result<pb::TransferItem, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(items) = &mut self.items else { return Poll::Ready(None) };
        match ready!(items.as_mut().poll_next(context)) {
            Some(Ok((item, place))) => {
                self.place = place;
                Poll::Ready(Some(Ok(item)))
            }
            end => {
                self.items = None;
                Poll::Ready(end.map(|told| told.map(|(item, _)| item)))
            }
        }
    }
}

impl fmt::Debug for Exporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, place } = self;
        f.debug_struct("Exporting").field("place", place).field("ended", &items.is_none()).finish()
    }
}

/// What reads one stream after the other.
struct Follower {
    client: Client,
    request: pb::ExportRequest,
    options: Options,
    pauses: ExponentialBackoff,
    messages: Streaming<pb::ExportResponse>,
    /// Of the last message that came.
    place: Place,
    /// What is left of it.
    items: vec::IntoIter<pb::TransferItem>,
}

impl Follower {
    fn items(self) -> Pin<Box<dyn Stream<Item = Told> + Send>> {
        // The place before a message is what goes on with all of it, the place after it with what follows.
        let before = self.place.clone();
        let told = stream::try_unfold((self, before), async |(mut follower, mut before): (Self, Place)| {
            loop {
                if let Some(item) = follower.items.next() {
                    if follower.items.as_slice().is_empty() {
                        before = follower.place.clone();
                    }
                    return Ok(Some(((item, before.clone()), (follower, before))));
                }
                if !follower.advance().await? {
                    return Ok(None);
                }
            }
        });
        Box::pin(told)
    }

    /// Takes the next message. False if there is none.
    async fn advance(&mut self) -> Result<bool, Error> {
        loop {
            match receive(&mut self.messages, SILENCE).await {
                Ok(Some(message)) => {
                    self.pauses = self.options.retry(&self.client).backoff().build();
                    let pb::ExportResponse { items, cursor, revision, source_revision } = message;
                    self.place = Place { cursor, revision, source_revision };
                    self.items = items.into_iter();
                    return Ok(true);
                }
                Ok(None) => return Ok(false),
                Err(error) => self.go_on(error).await?,
            }
        }
    }

    /// Opens another stream after one that broke.
    async fn go_on(&mut self, error: Error) -> Result<(), Error> {
        pause(&error, &mut self.pauses).await.ok_or(error)?;
        self.request.after_cursor.clone_from(&self.place.cursor);
        let (messages, begun) = begin_again(&self.client, &self.options, &self.request, &mut self.pauses).await?;
        if (begun.revision, begun.source_revision) != (self.place.revision, self.place.source_revision) {
            return Err(changed(self.place.revision, begun.revision));
        }
        self.messages = messages;
        Ok(())
    }
}

fn changed(from: i64, to: i64) -> Error {
    let text = format!("the registry has gone on from revision {from} to {to} while the export was cut off: export it again");
    Error::Aborted(Failure::new(Some(Method::Export), Code::Aborted, text))
}

/// Opens a stream, as often as it takes and the policy allows, and takes the message that it begins with.
async fn begin_again(
    client: &Client,
    options: &Options,
    request: &pb::ExportRequest,
    pauses: &mut ExponentialBackoff,
) -> Result<(Streaming<pb::ExportResponse>, pb::ExportResponse), Error> {
    loop {
        match trace::traced(Method::Export, begin(client, options, request)).await {
            Ok(begun) => return Ok(begun),
            Err(error) => pause(&error, pauses).await.ok_or(error)?,
        }
    }
}

async fn begin(
    client: &Client,
    options: &Options,
    request: &pb::ExportRequest,
) -> Result<(Streaming<pb::ExportResponse>, pb::ExportResponse), Error> {
    let mut stub = client.transfer_service();
    let opened = timeout(BEGIN, stub.export(options.request(request.clone())))
        .await
        .map_err(|_| Error::deadline(Method::Export, BEGIN))?;
    let mut messages = opened.map_err(|status| Error::from_status(Method::Export, status))?.into_inner();
    match receive(&mut messages, SILENCE).await? {
        Some(begun) => Ok((messages, begun)),
        None => Err(Error::protocol(Method::Export, "the stream does not begin by saying what it is of")),
    }
}

async fn receive(messages: &mut Streaming<pb::ExportResponse>, patience: Duration) -> Result<Option<pb::ExportResponse>, Error> {
    let received = timeout(patience, messages.message()).await.map_err(|_| Error::deadline(Method::Export, patience))?;
    received.map_err(|status| Error::from_status(Method::Export, status))
}

/// Waits before the next stream. Unset if there is to be none.
async fn pause(error: &Error, pauses: &mut ExponentialBackoff) -> Option<()> {
    let pause = retry::pause(error, pauses.next(), Duration::MAX).filter(|_| passes(error))?;
    sleep(pause).await;
    Some(())
}

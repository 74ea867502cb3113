//! DownloadArtifact: the bytes of an artifact come as a stream, into memory or into a file.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, StreamExt as _};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tonic::{Code, Streaming};

use super::transfer::{Checksum, Transfer, left, transfers};
use crate::failure::Failure;
use crate::{Artifact, ArtifactId, Client, Error, trace};

/// How long nothing may come: longer than the registry waits for whoever takes nothing.
const SILENCE: Duration = Duration::from_secs(90);

/// Downloads the bytes of an artifact. Made by [`Client::download_artifact`](crate::Client::download_artifact).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `save`, `bytes` or `stream` is called"]
pub struct DownloadArtifact {
    pub(super) call: Transfer,
    pub(super) request: pb::DownloadArtifactRequest,
    /// Whether `save` replaces nothing.
    pub(super) keeps_existing: bool,
}

impl DownloadArtifact {
    pub(super) fn new(client: Client, artifact: ArtifactId) -> Self {
        let request = pb::DownloadArtifactRequest { artifact_id: artifact.into(), ..Default::default() };
        Self { call: Transfer::new(client, Method::DownloadArtifact), request, keeps_existing: false }
    }

    /// Leaves out so many bytes at the beginning.
    pub fn offset(mut self, bytes: u64) -> Self {
        match i64::try_from(bytes) {
            Ok(bytes) => self.request.offset_bytes = bytes,
            Err(_) => self.call.refuse("offset_bytes", "is more than any artifact has"),
        }
        self
    }

    /// Takes so many bytes at the most. 0 means all that follow.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.request.limit_bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self
    }

    /// [`save`](Self::save) fails with [`Error::File`] if something has the name when the file is complete, and replaces nothing; what has come
    /// stays beside it. On file systems without hard links it fails, too.
    pub fn keep_existing(mut self) -> Self {
        self.keeps_existing = true;
        self
    }

    /// Begins the download and gives its bytes as they come. It is not repeated: what has come is the caller's, who can go on with
    /// another download from [`offset`](Self::offset).
    ///
    /// # Errors
    ///
    /// Whatever the registry refuses with.
    pub async fn stream(self) -> Result<Download, Error> {
        self.call.allowed()?;
        let deadline = self.call.deadline();
        self.open(deadline).await
    }

    /// Downloads everything into memory. If it is the whole artifact, its checksum is verified.
    ///
    /// # Errors
    ///
    /// Whatever the registry refuses with; [`Error::DataLoss`] if what came is not what the checksum says.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let mut download = self.stream().await?;
        let whole = download.is_whole();
        let mut checksum = Checksum::like(&download.artifact.checksum).filter(|_| whole);
        let mut bytes = BytesMut::new();
        while let Some(chunk) = download.next_chunk().await? {
            if let Some(checksum) = &mut checksum {
                checksum.add(&chunk);
            }
            bytes.extend_from_slice(&chunk);
        }
        verify(checksum, &download.artifact)?;
        Ok(bytes.freeze())
    }

    /// Opens the stream and waits for the artifact, which comes first.
    pub(super) async fn open(&self, deadline: Option<Instant>) -> Result<Download, Error> {
        let mut stub = self.call.client.artifact_service();
        let opened = async {
            let request = self.call.request(self.request.clone(), deadline);
            let mut messages = stub.download_artifact(request).await.map_err(failed)?.into_inner();
            match messages.message().await.map_err(failed)? {
                Some(pb::DownloadArtifactResponse { artifact: Some(artifact), chunk: _ }) => Ok((artifact, messages)),
                _ => Err(Error::protocol(Method::DownloadArtifact, "the stream does not begin with an artifact")),
            }
        };
        let opened = async { timeout(SILENCE, opened).await.map_err(|_| silent())? };
        let (artifact, messages) = trace::traced(Method::DownloadArtifact, self.call.until(deadline, opened)).await?;
        let total = u64::try_from(artifact.size_bytes.unwrap_or(0)).unwrap_or(0);
        let offset = u64::try_from(self.request.offset_bytes).unwrap_or(0);
        let wanted = match u64::try_from(self.request.limit_bytes) {
            Ok(limit @ 1..) => limit.min(total.saturating_sub(offset)),
            _ => total.saturating_sub(offset),
        };
        let (messages, call) = (Some(messages), self.call.clone());
        Ok(Download { artifact, messages, call, deadline, waiting: None, offset, received: 0, wanted, total })
    }
}

transfers!(DownloadArtifact);

/// That the bytes are those of the artifact, if their checksum was computed.
pub(super) fn verify(checksum: Option<Checksum>, artifact: &Artifact) -> Result<(), Error> {
    match checksum.map(Checksum::finish) {
        Some(found) if found != artifact.checksum => {
            let what = format!("what came has the checksum {found}, and the artifact {}", artifact.checksum);
            Err(Error::DataLoss(Failure::new(Some(Method::DownloadArtifact), Code::DataLoss, what)))
        }
        _ => Ok(()),
    }
}

fn failed(status: tonic::Status) -> Error {
    Error::from_status(Method::DownloadArtifact, status)
}

fn silent() -> Error {
    Error::deadline(Method::DownloadArtifact, SILENCE)
}

/// The bytes of an artifact as they come: a stream of chunks. Made by [`DownloadArtifact::stream`].
///
/// The registry has compared every chunk with its digest before it was sent. A stream that ends without an error has all that was
/// asked for.
pub struct Download {
    artifact: Artifact,
    messages: Option<Streaming<pb::DownloadArtifactResponse>>,
    call: Transfer,
    deadline: Option<Instant>,
    /// Until when, since somebody has begun to wait in vain: what nobody asks for may take its time.
    waiting: Option<Pin<Box<Sleep>>>,
    offset: u64,
    received: u64,
    wanted: u64,
    total: u64,
}

impl Download {
    /// The artifact that the bytes are of.
    #[must_use]
    pub const fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    const fn is_whole(&self) -> bool {
        self.wanted == self.total
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// The next bytes; `None` at the end, and after an error.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        let Some(messages) = &mut self.messages else { return Poll::Ready(Ok(None)) };
        let next = match messages.poll_next_unpin(context) {
            Poll::Ready(next) => next.transpose().map_err(failed),
            Poll::Pending => Err(ready!(self.poll_patience(context))),
        };
        let next = next.and_then(|next| self.counted(next));
        self.waiting = None;
        if !matches!(next, Ok(Some(_))) {
            self.messages = None;
        }
        Poll::Ready(next)
    }

    /// Why nothing more is waited for: the deadline, or a longer silence than there may be.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let end = || Box::pin(sleep_until(Instant::now() + SILENCE.min(left(self.deadline))));
        ready!(self.waiting.get_or_insert_with(end).as_mut().poll(context));
        Poll::Ready(if left(self.deadline).is_zero() { self.call.late() } else { silent() })
    }

    /// Counts what has come. An end that comes early is none.
    fn counted(&mut self, next: Option<pb::DownloadArtifactResponse>) -> Result<Option<Bytes>, Error> {
        match next {
            Some(message) => {
                self.received = self.received.saturating_add(u64::try_from(message.chunk.len()).unwrap_or(u64::MAX));
                self.call.report(self.offset.saturating_add(self.received), Some(self.total));
                Ok(Some(message.chunk))
            }
            None if self.received == self.wanted => Ok(None),
            None => Err(Error::protocol(Method::DownloadArtifact, "the stream ended before the bytes did")),
        }
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(context).map(Result::transpose)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("artifact", &self.artifact.id)
            .field("received", &self.received)
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

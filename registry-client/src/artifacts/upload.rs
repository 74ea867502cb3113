//! UploadArtifact: a file, bytes or whatever can be read goes to the registry as a stream of messages.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::Retryable as _;
use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use futures_util::stream::{self, Stream, StreamExt as _};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::upload_artifact_request::{Message, Start, start};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::transfer::{CHUNK, Checksum, Transfer, left, transfers};
use crate::fields::{artifact_fields, setters};
use crate::{Artifact, ArtifactParent, Client, Error, retry, trace};

/// How long the answer may take when all bytes have been sent: what is on the way must arrive, and the registry must have it on disk or
/// in its bucket. Much longer than that takes, because afterwards everything is sent once more.
const ANSWER: Duration = Duration::from_secs(10 * 60);
/// How long it may take until the first message is asked for: a connection, and room for one more call on it. A call that is handed to a
/// connection in the moment in which that one ends can be forgotten (hyper 1 leaves it in a queue that nobody reads any more), and is
/// never told; so it is made again.
const BEGIN: Duration = Duration::from_secs(30);
/// How long it may take to be told why a call is over.
const GONE: Duration = Duration::from_secs(10);

/// Uploads the bytes of a new artifact. Made by [`Client::upload_artifact`](crate::Client::upload_artifact).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until one of the `send_…` methods is called"]
pub struct UploadArtifact {
    pub(super) call: Transfer,
    start: Start,
}

impl UploadArtifact {
    /// The field of the message that holds the values.
    const RESOURCE: &str = "start.artifact";

    pub(super) fn new(client: Client, parent: ArtifactParent, artifact: Artifact) -> Self {
        let parent = match parent {
            ArtifactParent::Release(release) => start::Parent::ReleaseRef(release.into()),
            ArtifactParent::Model(model) => start::Parent::ModelRef(model.into()),
        };
        let start = Start { parent: Some(parent), artifact: Some(artifact), request_id: String::new() };
        Self { call: Transfer::new(client, Method::UploadArtifact), start }
    }

    fn write(&mut self, _field: &str) -> &mut Artifact {
        self.start.artifact.get_or_insert_default()
    }

    /// What kind of file it is, for example "wheel". Default: "file".
    pub fn artifact_type(mut self, artifact_type: impl Into<String>) -> Self {
        self.write("artifact_type").artifact_type = artifact_type.into();
        self
    }

    /// Where the file comes from, as a label. Without this the registry gives it a path of its own.
    pub fn file_path(mut self, path: impl Into<String>) -> Self {
        self.write("file_path").file_path = path.into();
        self
    }

    /// The checksum that the bytes must have: "sha256:", "sha512:" or "blake3:" and lower-case hexadecimal digits. The registry refuses
    /// other bytes.
    pub fn checksum(mut self, checksum: impl Into<String>) -> Self {
        self.write("checksum").checksum = checksum.into();
        self
    }

    /// How many bytes there must be. [`send_file`](Self::send_file) and [`send_bytes`](Self::send_bytes) know it by themselves.
    pub fn size_bytes(mut self, size: i64) -> Self {
        self.write("size_bytes").size_bytes = Some(size);
        self
    }

    /// The id of this change, a UUID, instead of a new one for each call: see
    /// [`CreateModel::request_id`](crate::CreateModel::request_id). With the same bytes, the same id gets the first answer.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.start.request_id = id.into();
        self
    }

    /// Uploads a file. Unless [`checksum`](Self::checksum) was called, it is read twice: first for its SHA-256, by which the registry
    /// knows that what arrives is what was there. Repeated like other calls if it fails for a passing reason.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be read or changes meanwhile; whatever the registry refuses with.
    pub async fn send_file(mut self, path: impl AsRef<Path>) -> Result<Artifact, Error> {
        self.call.allowed()?;
        let path = path.as_ref().to_owned();
        let sum = self.start.artifact.as_ref().is_none_or(|artifact| artifact.checksum.is_empty());
        let deadline = self.call.deadline();
        let known = self.call.until(deadline, async { known(&path, sum).await.map_err(|error| file(&path, error)) }).await?;
        self.write("size_bytes").size_bytes = i64::try_from(known.size).ok();
        if let Some(checksum) = known.checksum {
            self.write("checksum").checksum = checksum;
        }
        self.repeated(&Source::Path(path), deadline).await
    }

    /// Uploads bytes that are in memory. Repeated like other calls if it fails for a passing reason.
    ///
    /// # Errors
    ///
    /// Whatever the registry refuses with.
    pub async fn send_bytes(mut self, bytes: impl Into<Bytes>) -> Result<Artifact, Error> {
        self.call.allowed()?;
        let bytes = bytes.into();
        self.write("size_bytes").size_bytes = i64::try_from(bytes.len()).ok();
        let deadline = self.call.deadline();
        self.repeated(&Source::Bytes(bytes), deadline).await
    }

    /// Uploads what can be read from `reader`, to its end. It can be read once, so the call is made once.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be read, in which case the registry keeps nothing of it; whatever the registry refuses with.
    pub async fn send_reader(self, reader: impl AsyncRead + Send + 'static) -> Result<Artifact, Error> {
        self.call.allowed()?;
        let (deadline, start) = (self.call.deadline(), identified(&self.start));
        self.attempt(&start, Box::pin(reader), deadline).await
    }

    async fn repeated(&self, source: &Source, deadline: Option<Instant>) -> Result<Artifact, Error> {
        let start = identified(&self.start);
        let mut in_doubt = false;
        let attempt = async || self.attempt(&start, source.open().await?, deadline).await;
        let outcome = attempt
            .retry(self.call.policy().backoff())
            .when(|error| retry::allowed(true, error))
            .adjust(|error, pause| retry::pause(error, pause, left(deadline)))
            .notify(|error, _| in_doubt |= error.outcome_unknown())
            .await;
        outcome.map_err(|error| error.of_call(false, in_doubt))
    }

    async fn attempt(&self, start: &Start, reader: Reader, deadline: Option<Instant>) -> Result<Artifact, Error> {
        let (ended, end) = oneshot::channel();
        let taken = Arc::new(AtomicU64::new(0));
        let size = start.artifact.as_ref().and_then(|artifact| artifact.size_bytes).and_then(|size| size.try_into().ok());
        let chunks = chunks(Reading { reader, ended: Some(ended), sent: 0, size, call: self.call.clone() });
        let first = pb::UploadArtifactRequest { message: Some(Message::Start(start.clone())) };
        let count = Arc::clone(&taken);
        let messages = stream::once(async { first }).chain(chunks).inspect(move |_| _ = count.fetch_add(1, Ordering::Relaxed));
        let mut stub = self.call.client.artifact_service();
        let answer = Box::pin(stub.upload_artifact(self.call.request(messages, deadline)));
        let late = |patience: Duration| Error::deadline(Method::UploadArtifact, patience);
        let end = async {
            match select(end, pin!(stalled(&taken))).await {
                Either::Left((end, _)) => end,
                Either::Right((Stalled::Unheard, _)) => Ok(Err(unheard())),
                Either::Right((Stalled::Midway, _)) => Ok(Err(late(ANSWER))),
            }
        };
        let work = async {
            match select(answer, pin!(end)).await {
                Either::Left((answer, _)) => finished(answer),
                Either::Right((Ok(Ok(())), answer)) => finished(timeout(ANSWER, answer).await.map_err(|_| late(ANSWER))?),
                // The call is dropped with its stream in the middle: the registry keeps nothing of it.
                Either::Right((Ok(Err(error)), _)) => Err(error),
                // The stream is gone before its end, and so is the call: why, the answer says, if anybody does.
                Either::Right((Err(_), answer)) => finished(timeout(GONE, answer).await.map_err(|_| late(GONE))?),
            }
        };
        trace::traced(Method::UploadArtifact, self.call.until(deadline, work)).await
    }
}

artifact_fields!(setters for UploadArtifact);
transfers!(UploadArtifact);

fn finished(answer: Result<tonic::Response<pb::UploadArtifactResponse>, tonic::Status>) -> Result<Artifact, Error> {
    let answer = answer.map_err(|status| Error::from_status(Method::UploadArtifact, status))?;
    let artifact = answer.into_inner().artifact;
    artifact.ok_or_else(|| Error::protocol(Method::UploadArtifact, "the answer holds no artifact"))
}

/// The same for all attempts, and another one for each call.
fn identified(start: &Start) -> Start {
    let mut start = start.clone();
    if start.request_id.is_empty() {
        start.request_id = crate::call::new_id();
    }
    start
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// Something that can be read as often as it takes.
enum Source {
    Path(PathBuf),
    Bytes(Bytes),
}

impl Source {
    async fn open(&self) -> Result<Reader, Error> {
        match self {
            Self::Path(path) => Ok(Box::pin(File::open(path).await.map_err(|error| file(path, error))?)),
            Self::Bytes(bytes) => Ok(Box::pin(io::Cursor::new(bytes.clone()))),
        }
    }
}

/// What is known of a file before it is sent.
struct Known {
    size: u64,
    checksum: Option<String>,
}

async fn known(path: &Path, sum: bool) -> io::Result<Known> {
    let mut opened = File::open(path).await?;
    let metadata = opened.metadata().await?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file"));
    }
    if !sum {
        return Ok(Known { size: metadata.len(), checksum: None });
    }
    let (mut checksum, mut size) = (Checksum::like("sha256:"), 0_u64);
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = opened.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        size = size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if let Some(checksum) = &mut checksum {
            checksum.add(bytes);
        }
    }
    Ok(Known { size, checksum: checksum.map(Checksum::finish) })
}

fn file(path: &Path, error: io::Error) -> Error {
    Error::file(Method::UploadArtifact, Some(path), error)
}

/// What is being read and sent.
struct Reading {
    reader: Reader,
    /// Is told that everything has been sent, or why it cannot be read on.
    ended: Option<oneshot::Sender<Result<(), Error>>>,
    sent: u64,
    size: Option<u64>,
    call: Transfer,
}

impl Reading {
    fn end(&mut self, how: Result<(), Error>) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(how); // the call may be over
        }
    }
}

/// The messages with the bytes. If they cannot be read, the stream never ends, because its end would say that this is all: the call
/// is given up instead.
fn chunks(reading: Reading) -> impl Stream<Item = pb::UploadArtifactRequest> + Send + 'static {
    stream::unfold(reading, async |mut reading| match fill(&mut reading.reader).await {
        Ok(chunk) if chunk.is_empty() => {
            reading.end(Ok(()));
            None
        }
        Ok(chunk) => {
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            reading.sent = reading.sent.saturating_add(length);
            reading.call.report(reading.sent, reading.size);
            Some((pb::UploadArtifactRequest { message: Some(Message::Chunk(chunk)) }, reading))
        }
        Err(error) => {
            reading.end(Err(Error::file(Method::UploadArtifact, None, error)));
            std::future::pending().await
        }
    })
}

/// What became of a call that does not get on.
#[derive(Debug, PartialEq, Eq)]
enum Stalled {
    /// Not even its first message was asked for.
    Unheard,
    /// Some were.
    Midway,
}

/// Ends when no more messages have been taken for a long time.
async fn stalled(taken: &AtomicU64) -> Stalled {
    sleep(BEGIN).await;
    if taken.load(Ordering::Relaxed) == 0 {
        return Stalled::Unheard;
    }
    loop {
        let before = taken.load(Ordering::Relaxed);
        sleep(ANSWER).await;
        if taken.load(Ordering::Relaxed) == before {
            return Stalled::Midway;
        }
    }
}

/// Nothing was sent, so nothing was done.
fn unheard() -> Error {
    let why = format!("the connection did not take the call for {} s", BEGIN.as_secs());
    Error::from_status(Method::UploadArtifact, tonic::Status::unavailable(why))
}

/// The next chunk: whole, unless it is the last.
async fn fill(reader: &mut Reader) -> io::Result<Bytes> {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while chunk.len() < CHUNK {
        let room = CHUNK - chunk.len();
        if (&mut *reader).take(u64::try_from(room).unwrap_or(u64::MAX)).read_buf(&mut chunk).await? == 0 {
            break;
        }
    }
    Ok(chunk.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_not_taken_is_given_up_soon() {
        let began = Instant::now();
        assert_eq!(stalled(&AtomicU64::new(0)).await, Stalled::Unheard);
        assert_eq!(began.elapsed(), BEGIN);
        assert!(retry::allowed(true, &unheard()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_gets_on_is_not_given_up() {
        let (taken, began) = (AtomicU64::new(1), Instant::now());
        let slow = async {
            for _ in 0..5 {
                sleep(ANSWER / 2).await;
                taken.fetch_add(1, Ordering::Relaxed);
            }
        };
        assert_eq!(futures_util::join!(stalled(&taken), slow).0, Stalled::Midway);
        assert!(began.elapsed() > ANSWER * 3, "{:?}", began.elapsed());
    }
}

//! Downloads: the bytes of an artifact, each chunk compared with its digest before anybody sees it.
//!
//! Bytes that are not what they were are told to the artifacts that have them (LOST). They are tried again all the same when somebody
//! asks: it may have been the storage that was not the right one for a while, and a download of the whole that finds them sound says so.
//! May not: know messages.

use super::Registry;
use super::sums::{CHUNK, CHUNK_DIGEST, of_chunk};
use crate::domain::artifact::ArtifactContentState;
use crate::domain::content::ContentState;
use crate::domain::event::EventType;
use crate::domain::{ArtifactId, Caller, ContentId, Context, Error, Kind, Refused, RequestId};
use crate::storage::{ContentKey, Reader, StorageError};
use crate::store::Tx;
use crate::store::artifacts::{self as stored, Artifact};
use crate::store::contents::{self, Content};
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;

/// How often a chunk is read that is not what it should be: what came over a network may be at fault.
const ATTEMPTS: usize = 2;

/// The bytes of an artifact, as they are read.
#[derive(Debug)]
pub struct Download {
    registry: Registry,
    artifact: Artifact,
    content: Content,
    reader: Option<Reader>,
    /// What is still to be read of the content.
    rest: Range<u64>,
    /// Whether everything is read, from the beginning.
    whole: bool,
}

impl Registry {
    /// Opens the bytes of an artifact, from an offset on, and so many at the most.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Deleted`], [`Error::NotStored`], [`Error::Invalid`] if it begins behind the end, [`Error::Damaged`],
    /// [`Error::StorageUnavailable`].
    pub async fn download(&self, ctx: &Context, id: ArtifactId, offset: u64, limit: Option<u64>) -> Result<Download, Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let artifact = stored::get(&snapshot, id).await?;
        if artifact.row.delete_time.is_some() {
            return Err(Error::Deleted { kind: Kind::Artifact, name: artifact.row.name.to_string() });
        }
        let content = match artifact.row.content_id {
            Some(content) => contents::get(&snapshot, content).await?,
            None => None,
        };
        drop(snapshot);
        let content = content.ok_or_else(|| Error::NotStored { name: artifact.row.name.to_string() })?;
        if offset > content.size {
            let why = format!("is {offset}, and the artifact has {} bytes", content.size);
            return Err(Error::invalid(Refused::new("BEYOND_END", why).at("offset_bytes")));
        }
        let end = limit.map_or(content.size, |limit| offset.saturating_add(limit).min(content.size));
        let whole = offset == 0 && end == content.size;
        let mut download = Download { registry: self.clone(), artifact, content, reader: None, rest: offset..end, whole };
        // That it is not there is known before anything is said.
        download.open().await?;
        Ok(download)
    }
}

impl Download {
    /// The artifact.
    #[must_use]
    pub const fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// The next bytes, one chunk at the most; `None` behind the last.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::StorageUnavailable`], [`Error::NotFound`] if the artifact was purged meanwhile.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.rest.is_empty() {
            self.found_sound().await;
            return Ok(None);
        }
        let chunk = self.chunk();
        let bytes = self.read(&chunk).await?;
        let until = self.rest.end.min(chunk.bytes.end);
        let wanted = within(&chunk.bytes, &(self.rest.start..until))?;
        self.rest.start = until;
        Ok(Some(bytes.slice(wanted)))
    }

    /// The chunk that the next byte is in.
    fn chunk(&self) -> Chunk {
        let length = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        let index = self.rest.start / length;
        let start = index * length;
        Chunk { index, bytes: start..start.saturating_add(length).min(self.content.size) }
    }

    async fn read(&mut self, chunk: &Chunk) -> Result<Bytes, Error> {
        let mut why = StorageError::Missing;
        for _ in 0..ATTEMPTS {
            match self.try_to_read(chunk).await {
                Ok(bytes) => return Ok(bytes),
                Err(unavailable @ StorageError::Unavailable(_)) => return Err(Error::StorageUnavailable(unavailable.into())),
                Err(damaged) => why = damaged,
            }
            self.reader = None;
        }
        Err(self.lost(why).await)
    }

    async fn try_to_read(&mut self, chunk: &Chunk) -> Result<Bytes, StorageError> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.registry.storage.read(&self.key(), chunk.bytes.start, self.content.size).await?,
        };
        let length = usize::try_from(chunk.bytes.end - chunk.bytes.start).unwrap_or(CHUNK);
        let bytes = reader.next(length).await?;
        if self.digest_of(chunk) != Some(of_chunk(&bytes).as_slice()) {
            return Err(StorageError::Damaged(format!("MiB {} has another digest", chunk.index)));
        }
        self.reader = Some(reader);
        Ok(bytes)
    }

    fn digest_of(&self, chunk: &Chunk) -> Option<&[u8]> {
        let start = usize::try_from(chunk.index).ok()?.checked_mul(CHUNK_DIGEST)?;
        self.content.chunk_digests.get(start..start.checked_add(CHUNK_DIGEST)?)
    }

    /// Opens it where the first chunk begins.
    async fn open(&mut self) -> Result<(), Error> {
        let start = self.chunk().bytes.start.min(self.content.size);
        match self.registry.storage.read(&self.key(), start, self.content.size).await {
            Ok(reader) => self.reader = Some(reader),
            Err(unavailable @ StorageError::Unavailable(_)) => return Err(Error::StorageUnavailable(unavailable.into())),
            Err(why) => return Err(self.lost(why).await),
        }
        Ok(())
    }

    fn key(&self) -> ContentKey {
        self.content.key
    }

    /// Tells the artifacts that have them that the bytes are gone, unless this one is gone too.
    async fn lost(&mut self, why: StorageError) -> Error {
        let ctx = self.registry.context(Arc::new(Caller::registry()), RequestId::fresh());
        let change = (self.content.id, ArtifactContentState::Lost);
        let name = self.artifact.row.name.to_string();
        match self.registry.run(&ctx, change, content_is).await {
            Ok(false) => Error::not_found(Kind::Artifact, self.artifact.row.id),
            Ok(true) => Error::Damaged { name, cause: why.into() },
            Err(error) => {
                tracing::warn!(%error, content = %self.content.id, "could not note that bytes are lost");
                Error::Damaged { name, cause: why.into() }
            }
        }
    }

    /// Everything was what it should be: if it was thought to be lost, it is not.
    async fn found_sound(&mut self) {
        if !self.whole || self.artifact.row.content_state != ArtifactContentState::Lost {
            return;
        }
        let ctx = self.registry.context(Arc::new(Caller::registry()), RequestId::fresh());
        let change: (ContentId, _) = (self.content.id, ArtifactContentState::Stored);
        if let Err(error) = self.registry.run(&ctx, change, content_is).await {
            tracing::warn!(%error, content = %self.content.id, "could not note that bytes are there again");
        }
    }
}

/// Tells all artifacts that have these bytes what is known of them now, and of the live ones everybody. False if there is none. Sound bytes that are equal to others
/// stay what they are said to be: they are stored once.
pub(super) async fn content_is(tx: Tx, command: Arc<(ContentId, ArtifactContentState)>) -> Result<bool, Error> {
    let (id, state) = *command;
    let (from, to) = match state {
        ArtifactContentState::Lost => (ContentState::Stored, ContentState::Lost),
        ArtifactContentState::Stored => (ContentState::Lost, ContentState::Stored),
        ArtifactContentState::External => return Err(Error::bug("bytes that the registry holds are said to be elsewhere")),
    };
    if to == ContentState::Stored && contents::has_equal(&tx, id).await? {
        return Ok(true);
    }
    if contents::change(&tx, id, from, to).await? {
        // Also if nothing live has them.
        tx.keep();
        for artifact in stored::content_is(&tx, id, state).await? {
            tx.record(EventType::Updated, &artifact, &["content_state"]);
        }
    }
    stored::has_content(&tx, id).await
}

/// One of the pieces that have a digest.
struct Chunk {
    index: u64,
    bytes: Range<u64>,
}

/// Where one range is in the bytes of another.
fn within(whole: &Range<u64>, part: &Range<u64>) -> Result<Range<usize>, Error> {
    let place = |at: u64| at.checked_sub(whole.start).and_then(|at| usize::try_from(at).ok());
    match (place(part.start), place(part.end)) {
        (Some(start), Some(end)) => Ok(start..end),
        _ => Err(Error::bug("a range is not within its chunk")),
    }
}

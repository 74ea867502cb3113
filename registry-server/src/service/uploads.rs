//! Uploads: bytes come, are counted and digested, and are durable before the artifact that has them is registered.
//!
//! Whatever may lie in the storage and belongs to nothing has a row in the database before it lies there ([`crate::store::uploads`]):
//! of a server that dies half way, another one finds what it left. May not: know messages.

mod lease;
mod leftovers;
mod task;

use super::{Registry, artifacts, downloads};
use crate::domain::artifact::{ArtifactContentState, NewArtifact};
use crate::domain::content::NewContent;
use crate::domain::name::{Checksum, ContentHash};
use crate::domain::upload::{Announced, NewUpload};
use crate::domain::{ArtifactId, Caller, Context, Error, RequestId, Scope, UploadId};
use crate::storage::{LARGEST, StorageError};
use crate::store::artifacts::Artifact;
use crate::store::contents::Content;
use crate::store::{Answer, Tx, Written, answers, contents, uploads};
use bytes::Bytes;
use lease::Room;
use leftovers::Leftovers;
use std::sync::Arc;
use task::Task;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// An upload whose bytes are coming. Dropped, it is cleared away.
#[derive(Debug)]
pub struct Receiving {
    steps: mpsc::Sender<Step>,
    ended: JoinHandle<Result<Option<Received>, Error>>,
}

/// What the task of an upload is to do next.
#[derive(Debug)]
enum Step {
    Take(Bytes),
    Finish,
}

/// Bytes that have all come and are durable, and that no artifact has yet.
#[derive(Debug)]
pub struct Received {
    /// What they are.
    pub content: NewContent,
    /// Their checksum, as the artifact names it.
    pub checksum: Checksum,
    leftovers: Leftovers,
    /// Says that the upload is alive, until it is registered.
    kept: AbortOnDropHandle<()>,
}

impl Registry {
    /// Whether an artifact of this name could be registered now: a caller should not send its bytes in vain. Of one who asks again
    /// for a change that was made, nobody can say that without them.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Deleted`] (the release or model), [`Error::Exists`].
    pub async fn may_upload(&self, ctx: &Context, new: &NewUpload, change: Option<Uuid>) -> Result<(), Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        match change {
            Some(change) if answers::is_kept(&snapshot, ctx.actor(), change).await? => Ok(()),
            _ => artifacts::may_register(&snapshot, new).await,
        }
    }

    /// Begins an upload. What can be refused before the bytes come is.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`], [`Error::QuotaExceeded`].
    pub async fn receive(&self, announced: Announced) -> Result<Receiving, Error> {
        let ctx = self.context(Arc::new(Caller::registry()), RequestId::fresh());
        let id: UploadId = ctx.new_id();
        if let Some(size) = announced.size {
            self.refuse_too_large(size)?;
            if let Some(room) = Room::of(self, id, size) {
                room.is_there(&self.store.snapshot(&Scope::everything()).await?).await?;
            }
        }
        let task = Task::new(announced, Leftovers { registry: self.clone(), ctx, id, none: true });
        let (steps, next) = mpsc::channel(1);
        Ok(Receiving { steps, ended: tokio::spawn(task.run(next)) })
    }

    fn refuse_too_large(&self, actual: u64) -> Result<(), Error> {
        let limit = self.quota.artifact;
        if actual > limit { Err(too_large(limit, actual)) } else { Ok(()) }
    }

    /// Registers the artifact that has these bytes, under this id. Those that are not needed, because the registry has equal ones or
    /// nothing was registered, are cleared away.
    ///
    /// # Errors
    /// Those of [`store`].
    pub async fn store_artifact<R: Answer>(
        &self,
        ctx: &Context,
        (id, new): (ArtifactId, NewArtifact),
        received: Received,
        answer: impl Fn(Artifact, &Context) -> R + Send + Sync + 'static,
    ) -> Result<Written<R>, Error> {
        let Received { content, checksum: _, mut leftovers, kept } = received;
        self.look_at_equal(&content.sha256).await?;
        let key = contents::key(content.upload.uuid(), &content.sha256)?;
        let written = self.write(ctx, (id, new, content), store, answer).await;
        drop(kept);
        // If the answer of the database was lost, nobody knows whether the bytes are needed. Once the lease is over, it is known.
        leftovers.none = matches!(written, Err(Error::OutcomeUnknown(_)));
        if matches!(written, Err(Error::UploadForgotten)) {
            // Whoever took it for dead may have looked before the bytes were there.
            self.storage.abandon(key.id(), None, Some(&key)).await.map_err(of_storage)?;
        }
        written
    }

    /// Whether equal bytes that the registry holds are there. If they are gone, they must not be shared by whoever brings them back.
    async fn look_at_equal(&self, sha256: &ContentHash) -> Result<(), Error> {
        let equal = contents::equal(&self.store.snapshot(&Scope::everything()).await?, sha256).await?;
        let Some(Content { id, key, size, .. }) = equal else { return Ok(()) };
        match self.storage.read(&key, 0, size).await {
            Err(StorageError::Missing | StorageError::Damaged(_)) => {
                let ctx = self.context(Arc::new(Caller::registry()), RequestId::fresh());
                self.run(&ctx, (id, ArtifactContentState::Lost), downloads::content_is).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl Receiving {
    /// The next bytes. What is wrong with them may be told with those that come later.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are more than were announced, [`Error::LimitExceeded`], [`Error::QuotaExceeded`],
    /// [`Error::StorageFull`], [`Error::StorageUnavailable`], [`Error::UploadForgotten`] and those of the database.
    pub async fn take(&mut self, bytes: Bytes) -> Result<(), Error> {
        match self.steps.send(Step::Take(bytes)).await {
            Ok(()) => Ok(()),
            Err(_) => self.outcome().await.map(drop),
        }
    }

    /// All bytes have come: they are compared with what was announced, and durable when this returns.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they are not what was announced; those of [`take`](Self::take).
    pub async fn finish(mut self) -> Result<Received, Error> {
        // If the task has ended already, it says why.
        let _ = self.steps.send(Step::Finish).await;
        self.outcome().await
    }

    async fn outcome(&mut self) -> Result<Received, Error> {
        let ended = (&mut self.ended).await.map_err(|panic| Error::Internal(panic.into()))??;
        ended.ok_or_else(|| Error::bug("an upload ended by itself"))
    }
}

/// Registers an artifact whose bytes are in the storage. If the registry has equal ones already, it shares those.
///
/// # Errors
/// Those of [`artifacts::create`], and [`Error::UploadForgotten`].
pub async fn store(tx: Tx, command: Arc<(ArtifactId, NewArtifact, NewContent)>) -> Result<Artifact, Error> {
    let (id, new, content) = &*command;
    let content = match contents::take_equal(&tx, &content.sha256).await? {
        Some(equal) => equal,
        None => {
            if !uploads::finish(&tx, content.upload).await? {
                return Err(Error::UploadForgotten);
            }
            contents::insert(&tx, content).await?
        }
    };
    artifacts::register(&tx, new, *id, Some(content)).await
}

fn too_large(limit: u64, actual: u64) -> Error {
    Error::LimitExceeded { subject: "bytes of the artifact".to_owned(), limit, actual }
}

/// What the storage says, as an upload hears it.
pub(super) fn of_storage(error: StorageError) -> Error {
    match error {
        full @ StorageError::Full => Error::StorageFull(full.into()),
        StorageError::TooLarge => too_large(LARGEST, LARGEST.saturating_add(1)),
        error => Error::StorageUnavailable(error.into()),
    }
}

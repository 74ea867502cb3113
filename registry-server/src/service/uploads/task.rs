//! The task of an upload: it alone tells the storage what to do, and is never interrupted in the middle of something whose end nobody
//! would see. It writes what has come while the next bytes are on their way.

use super::lease::{self, Room};
use super::leftovers::Leftovers;
use super::{Received, Step, of_storage};
use crate::domain::content::NewContent;
use crate::domain::name::{Checksum, ContentHash};
use crate::domain::upload::Announced;
use crate::domain::{Error, Refused};
use crate::service::sums::{Sum, Sums};
use crate::storage::{self, ContentKey, PART, StorageError};
use crate::store::entity::upload;
use crate::store::uploads::Renewal;
use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// How much of the quota an upload takes at a time that has not said how large it is.
const STEP: u64 = 64 << 20;

/// How many bytes the storage is given at once: a caller may send them one by one.
const GATHERED: usize = 256 * 1024;

/// An upload, in its task.
#[derive(Debug)]
pub(super) struct Task {
    announced: Announced,
    sums: Sums,
    reserved: u64,
    bytes: Held,
    /// What has come and is not enough to be passed on.
    gathered: BytesMut,
    leftovers: Leftovers,
}

/// The bytes that have come.
#[derive(Debug)]
enum Held {
    /// Few enough to be held until they have all come.
    Few(BytesMut),
    /// On their way to the storage, and kept alive.
    Many(storage::Upload, AbortOnDropHandle<()>),
}

impl Task {
    pub(super) fn new(announced: Announced, leftovers: Leftovers) -> Self {
        let sums = Sums::new(announced.checksum.as_ref());
        Self { announced, sums, reserved: 0, bytes: Held::Few(BytesMut::new()), gathered: BytesMut::new(), leftovers }
    }

    /// Until it is finished, fails, or nobody is there any more who could finish it.
    pub(super) async fn run(mut self, mut steps: mpsc::Receiver<Step>) -> Result<Option<Received>, Error> {
        while let Some(step) = steps.recv().await {
            match step {
                Step::Take(bytes) => self.take(bytes).await?,
                Step::Finish => return self.finish().await.map(Some),
            }
        }
        Ok(None)
    }

    async fn take(&mut self, bytes: Bytes) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.sums.add(&bytes);
        let size = self.sums.size();
        if let Some(announced) = self.announced.size.filter(|announced| size > *announced) {
            return Err(wrong_size(announced, "more"));
        }
        self.leftovers.registry.refuse_too_large(size)?;
        if let Held::Few(held) = &mut self.bytes {
            if held.len().saturating_add(bytes.len()) <= PART {
                held.extend_from_slice(&bytes);
                return Ok(());
            }
            let few = std::mem::take(held).freeze();
            self.begin().await?;
            self.write(few).await?;
        }
        if size > self.reserved && self.leftovers.registry.quota.total.is_some() {
            self.reserve_more(size).await?;
        }
        self.write(bytes).await
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        if self.gathered.is_empty() && bytes.len() >= GATHERED {
            return self.pass_on(bytes).await;
        }
        self.gathered.extend_from_slice(&bytes);
        if self.gathered.len() >= GATHERED { self.pass_on_gathered().await } else { Ok(()) }
    }

    async fn pass_on_gathered(&mut self) -> Result<(), Error> {
        let bytes = self.gathered.split().freeze();
        if bytes.is_empty() { Ok(()) } else { self.pass_on(bytes).await }
    }

    async fn pass_on(&mut self, bytes: Bytes) -> Result<(), Error> {
        match &mut self.bytes {
            Held::Few(_) => Err(Error::bug("an upload that has not begun is written to")),
            Held::Many(upload, _) => {
                let written = upload.write(bytes).await;
                written.map_err(|error| self.failed(error))
            }
        }
    }

    /// What a storage does that has not answered in time may come after whatever is done now: it is cleared away when the lease is over.
    fn failed(&mut self, error: StorageError) -> Error {
        let error = of_storage(error);
        self.leftovers.none |= matches!(error, Error::StorageUnavailable(_));
        error
    }

    /// Begins to write to the storage what is too much to be held.
    async fn begin(&mut self) -> Result<(), Error> {
        self.note(self.announced.size.unwrap_or_else(|| self.sums.size()), None).await?;
        let begun = self.leftovers.registry.storage.begin(self.leftovers.id.uuid()).await;
        let upload = begun.map_err(|error| self.failed(error))?;
        if upload.ticket().is_some()
            && let Err(error) = self.renew(None, &upload, self.reserved).await
        {
            // Nobody but this task knows the ticket.
            let Leftovers { registry, id, .. } = &self.leftovers;
            if let Err(left) = registry.storage.abandon(id.uuid(), upload.ticket(), None).await {
                tracing::warn!(error = %crate::chain::of(&left), upload = %id, "an upload was left in the storage that nobody can find");
            }
            return Err(error);
        }
        self.bytes = Held::Many(upload, self.kept());
        Ok(())
    }

    fn kept(&self) -> AbortOnDropHandle<()> {
        let Leftovers { registry, ctx, id, .. } = &self.leftovers;
        lease::kept(registry.clone(), ctx.clone(), *id)
    }

    /// Writes the upload down, before anything of it is in the storage.
    async fn note(&mut self, reserved: u64, sha256: Option<ContentHash>) -> Result<(), Error> {
        let Leftovers { registry, ctx, id, .. } = &self.leftovers;
        let row = upload::Model {
            id: *id,
            sha256,
            ticket: None,
            reserved_bytes: number(reserved),
            lease_time: ctx.now(),
            condemned: false,
            create_time: ctx.now(),
        };
        let noted = registry.run(ctx, (row, Room::of(registry, *id, reserved)), lease::begin).await;
        // Until it is known that the row is not there, it may be.
        self.leftovers.none = noted.is_err() && !matches!(noted, Err(Error::OutcomeUnknown(_)));
        self.reserved = reserved;
        noted
    }

    /// Takes more of the quota: some in advance or, if there is not as much, what is needed now.
    async fn reserve_more(&mut self, size: u64) -> Result<(), Error> {
        let Held::Many(upload, _) = &self.bytes else { return Ok(()) };
        let enough = size.saturating_add(STEP);
        self.reserved = match self.renew(None, upload, enough).await {
            Err(Error::QuotaExceeded { .. }) => self.renew(None, upload, size).await.map(|()| size)?,
            renewed => renewed.map(|()| enough)?,
        };
        Ok(())
    }

    async fn renew(&self, sha256: Option<ContentHash>, upload: &storage::Upload, reserved: u64) -> Result<(), Error> {
        let Leftovers { registry, ctx, id, .. } = &self.leftovers;
        let ticket = upload.ticket().map(str::to_owned);
        let renewal = Renewal { id: *id, sha256, ticket, reserved_bytes: number(reserved) };
        registry.run(ctx, (renewal, Room::of(registry, *id, reserved)), lease::renew).await
    }

    /// All bytes have come: they are what was announced, and durable when this returns.
    async fn finish(mut self) -> Result<Received, Error> {
        let Sum { size, sha256, chunks, checksum } = std::mem::replace(&mut self.sums, Sums::new(None)).finish();
        let checksum: Checksum = checksum.parse().map_err(|refused: Refused| Error::bug(refused.to_string()))?;
        compare(&self.announced, size, &checksum)?;
        let (id, hash) = (self.leftovers.id, ContentHash::from(&sha256));
        self.pass_on_gathered().await?;
        let key = ContentKey::new(sha256, id.uuid());
        let kept = match std::mem::replace(&mut self.bytes, Held::Few(BytesMut::new())) {
            Held::Few(held) => {
                self.note(size, Some(hash.clone())).await?;
                let kept = self.kept();
                let put = self.leftovers.registry.storage.put(&key, held.freeze()).await;
                put.map_err(|error| self.failed(error))?;
                kept
            }
            Held::Many(upload, kept) => {
                self.renew(Some(hash.clone()), &upload, size).await?;
                let finished = upload.finish(&key).await;
                finished.map_err(|error| self.failed(error))?;
                kept
            }
        };
        let content = NewContent { upload: id, sha256: hash, size_bytes: number(size), chunk_digests: chunks };
        Ok(Received { content, checksum, leftovers: self.leftovers, kept })
    }
}

fn compare(announced: &Announced, size: u64, checksum: &Checksum) -> Result<(), Error> {
    if let Some(announced) = announced.size.filter(|announced| *announced != size) {
        return Err(wrong_size(announced, &size.to_string()));
    }
    match announced.checksum.as_ref().filter(|announced| *announced != checksum) {
        Some(announced) => {
            let why = format!("is {announced}, and the checksum of what was sent is {checksum}");
            Err(Error::invalid(Refused::new("CHECKSUM_MISMATCH", why).at("start.artifact.checksum")))
        }
        None => Ok(()),
    }
}

fn wrong_size(announced: u64, sent: &str) -> Error {
    let why = format!("is {announced}, and {sent} bytes were sent");
    Error::invalid(Refused::new("SIZE_MISMATCH", why).at("start.artifact.size_bytes"))
}

fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

//! The bytes of artifacts, in a directory of this machine or in a bucket. Content is written once under a key that is never used again, is
//! durable before anybody is told of it, and is read piece by piece.
//!
//! May not: know the database, messages, or who asks; hash (whoever writes knows what he wrote, and whoever reads compares); hold
//! a content as a whole in memory.

mod error;
mod key;
mod local;
mod s3;
mod target;

pub use error::StorageError;
pub use key::ContentKey;
pub use target::{BadStorageUrl, Endpoint, S3Credentials, S3Location, S3Settings, StorageTarget, StorageUrl};

use bytes::Bytes;
use local::Local;
use s3::Bucket;
use std::sync::Arc;
use uuid::Uuid;

/// The largest content for [`Storage::put`], and the size of the parts in which larger ones are sent to where they are kept.
///
/// 10,000 parts, the most that S3 takes, are more than 50 GiB.
pub const PART: usize = 6 * 1024 * 1024;

/// The largest content that a bucket takes.
pub const LARGEST: u64 = 10_000 * 6 * 1024 * 1024;

/// Where the bytes of artifacts are. A clone is the same storage.
#[derive(Debug, Clone)]
pub struct Storage(Place);

#[derive(Debug, Clone)]
enum Place {
    Local(Arc<Local>),
    S3(Arc<Bucket>),
}

impl Storage {
    /// Opens it. A directory is made if it is missing, and must be usable; whether a bucket is, only [`probe`](Self::probe) tells.
    ///
    /// # Errors
    /// [`StorageError`]: it cannot be used at all.
    pub async fn open(target: &StorageTarget) -> Result<Self, StorageError> {
        match target {
            StorageTarget::Directory(path) => Ok(Self(Place::Local(Local::open(path.clone()).await?))),
            StorageTarget::S3(settings) => Ok(Self(Place::S3(Bucket::open(settings)?))),
        }
    }

    /// Keeps a small content, of [`PART`] bytes at most. It is durable at its key when this returns. If it fails, or is dropped,
    /// something may be left: [`abandon`](Self::abandon) with the id of the key, and the key, removes it.
    ///
    /// # Errors
    /// [`StorageError::Full`], [`StorageError::TooLarge`] or [`StorageError::Unavailable`].
    pub async fn put(&self, key: &ContentKey, content: Bytes) -> Result<(), StorageError> {
        if content.len() > PART {
            return Err(StorageError::TooLarge);
        }
        match &self.0 {
            Place::Local(local) => local.put(*key, content).await,
            Place::S3(bucket) => bucket.put(key, content).await,
        }
    }

    /// Begins a content of any size. What it leaves until it is finished is found again by its id, from any server.
    ///
    /// # Errors
    /// [`StorageError::Full`] or [`StorageError::Unavailable`].
    pub async fn begin(&self, upload: Uuid) -> Result<Upload, StorageError> {
        match &self.0 {
            Place::Local(local) => Ok(Upload(Writing::Local(local.begin(upload).await?))),
            Place::S3(bucket) => Ok(Upload(Writing::S3(bucket.begin(upload).await?))),
        }
    }

    /// Removes whatever an upload of this id left: what was written, what [`Upload::finish`] or [`put`](Self::put) made at a key
    /// that is not wanted, and nothing else. `ticket` is [`Upload::ticket`]. What was never there, or is gone, is no error. Not
    /// while the upload may still go on: what comes after would stay.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`]: something may be left, try again later.
    pub async fn abandon(&self, upload: Uuid, ticket: Option<&str>, made: Option<&ContentKey>) -> Result<(), StorageError> {
        match &self.0 {
            // A file is found by the id alone.
            Place::Local(local) => local.abandon(upload, made.copied()).await,
            Place::S3(bucket) => bucket.abandon(upload, ticket, made).await,
        }
    }

    /// Removes a content. One that is not there is no error. Whoever reads it already may fail.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`]: it may be there still, try again later.
    pub async fn remove(&self, key: &ContentKey) -> Result<(), StorageError> {
        match &self.0 {
            Place::Local(local) => local.remove(*key).await,
            Place::S3(bucket) => bucket.remove(key).await,
        }
    }

    /// Reads a content from `offset` on. `size` is how large it must be as a whole.
    ///
    /// # Errors
    /// [`StorageError::Missing`] if nothing is at the key, [`StorageError::Damaged`] if what is there has another size or is no
    /// content at all, [`StorageError::Unavailable`].
    pub async fn read(&self, key: &ContentKey, offset: u64, size: u64) -> Result<Reader, StorageError> {
        match &self.0 {
            Place::Local(local) => Ok(Reader(Reading::Local(local.read(*key, offset, size).await?))),
            Place::S3(bucket) => Ok(Reader(Reading::S3(bucket.read(key, offset, size).await?))),
        }
    }

    /// Writes something small under a name of its own, reads it back and removes it.
    ///
    /// # Errors
    /// [`StorageError`]: what an upload would meet now.
    pub async fn probe(&self) -> Result<(), StorageError> {
        match &self.0 {
            Place::Local(local) => local.probe().await,
            Place::S3(bucket) => bucket.probe().await,
        }
    }
}

/// A content that is being written, in memory for a part at most. Dropped before it is finished, it leaves something for
/// [`Storage::abandon`].
#[derive(Debug)]
pub struct Upload(Writing);

#[derive(Debug)]
enum Writing {
    Local(local::Upload),
    S3(s3::Upload),
}

impl Upload {
    /// What [`Storage::abandon`] needs besides the id. To be written down before the first [`write`](Self::write): without it
    /// nobody finds what a server leaves that crashes.
    #[must_use]
    pub const fn ticket(&self) -> Option<&str> {
        match &self.0 {
            Writing::Local(_) => None,
            Writing::S3(upload) => Some(upload.ticket()),
        }
    }

    /// The next bytes. Not durable yet. After an error, or if it is dropped half way, the upload can only be abandoned.
    ///
    /// # Errors
    /// [`StorageError::Full`], [`StorageError::TooLarge`] or [`StorageError::Unavailable`].
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        match &mut self.0 {
            Writing::Local(upload) => upload.write(bytes).await,
            Writing::S3(upload) => upload.write(bytes).await,
        }
    }

    /// Makes what was written the content of this key. It is durable when this returns, and nothing else is left of the upload.
    ///
    /// # Errors
    /// [`StorageError::Full`] or [`StorageError::Unavailable`]: it may be there or not, and is to be abandoned.
    pub async fn finish(self, key: &ContentKey) -> Result<(), StorageError> {
        match self.0 {
            Writing::Local(upload) => upload.finish(*key).await,
            Writing::S3(upload) => upload.finish(key).await,
        }
    }
}

/// A content that is being read.
#[derive(Debug)]
pub struct Reader(Reading);

#[derive(Debug)]
enum Reading {
    Local(local::Reader),
    S3(s3::Reader),
}

impl Reader {
    /// The next `length` bytes, exactly. Whoever asks for more than there is learns that the content is damaged.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] if it ends before, [`StorageError::Missing`] if it was removed meanwhile,
    /// [`StorageError::Unavailable`].
    pub async fn next(&mut self, length: usize) -> Result<Bytes, StorageError> {
        match &mut self.0 {
            Reading::Local(reader) => reader.next(length).await,
            Reading::S3(reader) => reader.next(length).await,
        }
    }
}

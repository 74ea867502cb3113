//! One content in a bucket: written in parts, of which one is in memory, and read as it comes.
//!
//! May not: hold more than a part.

use super::{Bucket, PART, patiently};
use crate::storage::{ContentKey, StorageError};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::multipart::{MultipartStore, PartId};
use object_store::{GetResultPayload, PutPayload};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How many parts S3 takes.
const PARTS: usize = 10_000;

/// A content that is being written.
#[derive(Debug)]
pub(in crate::storage) struct Upload {
    bucket: Arc<Bucket>,
    id: Uuid,
    ticket: String,
    parts: Vec<PartId>,
    held: Held,
    /// A part was begun and did not end well: whether it is there is not known.
    broken: bool,
}

impl Upload {
    pub(super) fn new(bucket: Arc<Bucket>, id: Uuid, ticket: String) -> Self {
        Self { bucket, id, ticket, parts: Vec::new(), held: Held::default(), broken: false }
    }

    pub(in crate::storage) const fn ticket(&self) -> &str {
        self.ticket.as_str()
    }

    pub(in crate::storage) async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        self.held.add(bytes);
        while let Some(part) = self.held.part() {
            self.send(part).await?;
        }
        Ok(())
    }

    pub(in crate::storage) async fn finish(mut self, key: &ContentKey) -> Result<(), StorageError> {
        let size = self.written();
        let rest = self.held.rest();
        if rest.content_length() > 0 || self.broken {
            self.send(rest).await?;
        }
        let Self { bucket, id, ticket, parts, .. } = self;
        let finish = async {
            let path = bucket.upload(id);
            match bucket.within_for(size, bucket.s3.complete_multipart(&path, &ticket, parts)).await {
                // What the answer to a repetition would be. Whether it is there is asked below.
                Ok(_) | Err(StorageError::Missing) => bucket.move_to(id, key, size).await,
                Err(error) => Err(error),
            }
        };
        finish.await.map_err(StorageError::while_writing)
    }

    fn written(&self) -> u64 {
        let whole = u64::try_from(self.parts.len() * PART).unwrap_or(u64::MAX);
        whole.saturating_add(u64::try_from(self.held.size).unwrap_or(u64::MAX))
    }

    async fn send(&mut self, part: PutPayload) -> Result<(), StorageError> {
        if self.broken {
            return Err(StorageError::unavailable("a write before this one did not end well"));
        }
        if self.parts.len() == PARTS {
            return Err(StorageError::TooLarge);
        }
        self.broken = true;
        let (path, number) = (self.bucket.upload(self.id), self.parts.len());
        let sent = self.bucket.within(self.bucket.s3.put_part(&path, &self.ticket, number, part)).await;
        self.parts.push(sent.map_err(StorageError::while_writing)?);
        self.broken = false;
        Ok(())
    }
}

/// Bytes that make no part yet.
#[derive(Debug, Default)]
pub(super) struct Held {
    pieces: Vec<Bytes>,
    size: usize,
}

impl Held {
    pub(super) fn add(&mut self, bytes: Bytes) {
        self.size += bytes.len();
        self.pieces.push(bytes);
    }

    /// A whole part, if there is one. All have the same size, as some servers want them.
    pub(super) fn part(&mut self) -> Option<PutPayload> {
        if self.size < PART {
            return None;
        }
        let mut last = self.pieces.pop()?;
        let beyond = last.split_off(last.len() - (self.size - PART).min(last.len()));
        self.pieces.push(last);
        let part = self.rest();
        self.add(beyond);
        Some(part)
    }

    /// What is left.
    pub(super) fn rest(&mut self) -> PutPayload {
        self.size = 0;
        std::mem::take(&mut self.pieces).into_iter().filter(|piece| !piece.is_empty()).collect()
    }
}

/// A content that is being read.
pub(in crate::storage) struct Reader {
    key: ContentKey,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    /// What came and was not asked for yet.
    held: Bytes,
    deadline: Duration,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(key: ContentKey, content: GetResultPayload, deadline: Duration) -> Self {
        let GetResultPayload::Stream(stream) = content;
        Self { key, stream, held: Bytes::new(), deadline }
    }

    pub(super) fn empty(key: ContentKey, deadline: Duration) -> Self {
        Self { key, stream: stream::empty().boxed(), held: Bytes::new(), deadline }
    }

    pub(in crate::storage) async fn next(&mut self, length: usize) -> Result<Bytes, StorageError> {
        let mut read = BytesMut::new();
        while read.len() < length {
            if self.held.is_empty() {
                let next = async { self.stream.next().await.transpose() };
                let Some(bytes) = patiently(self.deadline, next).await? else {
                    return Err(StorageError::Damaged(format!("{} ends too early", self.key)));
                };
                self.held = bytes;
            }
            let wanted = self.held.len().min(length - read.len());
            let bytes = self.held.split_to(wanted);
            if wanted == length {
                return Ok(bytes);
            }
            read.extend_from_slice(&bytes);
        }
        Ok(read.freeze())
    }
}

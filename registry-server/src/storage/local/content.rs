//! One content in a file: written from the beginning to the end, and read from anywhere.
//!
//! May not: know where it is kept.

use super::blocking;
use super::root::Root;
use crate::storage::{ContentKey, StorageError};
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use uuid::Uuid;

/// So many bytes are handed to another thread at once, because that costs more than to write a few.
const PIECE: usize = 1024 * 1024;

/// A file that is being written.
#[derive(Debug)]
pub(in crate::storage) struct Upload {
    root: Arc<Root>,
    id: Uuid,
    file: Arc<File>,
    held: Vec<Bytes>,
    /// Something was begun and did not end well: what is in the file is not known.
    broken: bool,
}

impl Upload {
    pub(super) fn new(root: Arc<Root>, id: Uuid, file: File) -> Self {
        Self { root, id, file: Arc::new(file), held: Vec::new(), broken: false }
    }

    pub(in crate::storage) async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        self.held.push(bytes);
        if self.held.iter().map(Bytes::len).sum::<usize>() < PIECE { Ok(()) } else { self.flush().await }
    }

    pub(in crate::storage) async fn finish(mut self, key: ContentKey) -> Result<(), StorageError> {
        self.flush().await?;
        let Self { root, id, file, held: _, broken: _ } = self;
        let finish = move || {
            file.sync_data()?;
            root.publish(&root.uploads()?, &id.to_string(), &key)
        };
        blocking(finish).await.map_err(StorageError::while_writing)
    }

    async fn flush(&mut self) -> Result<(), StorageError> {
        if self.broken {
            return Err(StorageError::unavailable("a write before this one did not end well"));
        }
        self.broken = true;
        let (file, held) = (Arc::clone(&self.file), std::mem::take(&mut self.held));
        let write = move || held.iter().try_for_each(|bytes| (&*file).write_all(bytes)).map_err(StorageError::from);
        blocking(write).await.map_err(StorageError::while_writing)?;
        self.broken = false;
        Ok(())
    }
}

/// A file that is being read.
#[derive(Debug)]
pub(in crate::storage) struct Reader {
    key: ContentKey,
    file: Arc<File>,
    at: u64,
}

impl Reader {
    pub(super) fn new(key: ContentKey, file: File, at: u64) -> Self {
        Self { key, file: Arc::new(file), at }
    }

    pub(in crate::storage) async fn next(&mut self, length: usize) -> Result<Bytes, StorageError> {
        let (file, at, key) = (Arc::clone(&self.file), self.at, self.key);
        let read = move || {
            let mut bytes = vec![0; length];
            match file.read_exact_at(&mut bytes, at) {
                Ok(()) => Ok(Bytes::from(bytes)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    Err(StorageError::Damaged(format!("{key} ends before {length} bytes from {at} on")))
                }
                Err(error) => Err(error.into()),
            }
        };
        let bytes = blocking(read).await?;
        self.at = self.at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Ok(bytes)
    }
}

//! Content in a directory of this machine: `sha256/ab/<digest>-<id>`, and `uploads/<id>` until it is finished.
//!
//! May not: follow a link below the directory; open what is no file; tell of bytes that would not survive a crash; do file work
//! on a thread of the runtime.

mod content;
mod directory;
mod root;

pub(super) use content::{Reader, Upload};

use super::{ContentKey, StorageError};
use bytes::Bytes;
use root::Root;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What a probe writes.
const PROBE: &[u8] = b"A probe of the registry. It may be removed at any time.\n";

/// A directory.
#[derive(Debug)]
pub(super) struct Local {
    root: Arc<Root>,
    /// One probe at a time: on a disk that hangs, each keeps its thread.
    probing: Arc<Semaphore>,
}

impl Local {
    pub(super) async fn open(path: PathBuf) -> Result<Arc<Self>, StorageError> {
        let root = blocking(move || Root::open(path)).await?;
        Ok(Arc::new(Self { root: Arc::new(root), probing: Arc::new(Semaphore::new(1)) }))
    }

    pub(super) async fn put(&self, key: ContentKey, content: Bytes) -> Result<(), StorageError> {
        let root = Arc::clone(&self.root);
        let put = move || {
            let (uploads, name) = (root.uploads()?, key.id().to_string());
            // Of an earlier attempt.
            uploads.remove(&name)?;
            let mut file = uploads.create(&name)?;
            file.write_all(&content)?;
            file.sync_data()?;
            root.publish(&uploads, &name, &key)
        };
        blocking(put).await.map_err(StorageError::while_writing)
    }

    pub(super) async fn begin(&self, upload: Uuid) -> Result<Upload, StorageError> {
        let root = Arc::clone(&self.root);
        let file = blocking(move || root.uploads()?.create(&upload.to_string())).await.map_err(StorageError::while_writing)?;
        Ok(Upload::new(Arc::clone(&self.root), upload, file))
    }

    pub(super) async fn abandon(&self, upload: Uuid, made: Option<ContentKey>) -> Result<(), StorageError> {
        let root = Arc::clone(&self.root);
        let abandon = move || {
            let uploads = root.uploads()?;
            uploads.remove(&upload.to_string())?;
            uploads.sync()?;
            made.map_or(Ok(()), |key| root.remove(&key))
        };
        blocking(abandon).await.map_err(StorageError::while_writing)
    }

    pub(super) async fn remove(&self, key: ContentKey) -> Result<(), StorageError> {
        let root = Arc::clone(&self.root);
        blocking(move || root.remove(&key)).await.map_err(StorageError::while_writing)
    }

    pub(super) async fn read(&self, key: ContentKey, offset: u64, size: u64) -> Result<Reader, StorageError> {
        let root = Arc::clone(&self.root);
        blocking(move || {
            let (file, found) = root.content(&key)?;
            if found != size {
                return Err(StorageError::Damaged(format!("{key} has {found} bytes, and {size} were put there")));
            }
            Ok(Reader::new(key, file, offset))
        })
        .await
    }

    /// Without waiting for the disk, which may be busy and healthy: what is asked is whether it can be written and read.
    pub(super) async fn probe(&self) -> Result<(), StorageError> {
        let stuck = |_| StorageError::unavailable("the probe before this one has not come back");
        let permit = Arc::clone(&self.probing).try_acquire_owned().map_err(stuck)?;
        let root = Arc::clone(&self.root);
        blocking(move || {
            let _until_it_comes_back = permit;
            probe(&root)
        })
        .await
        .map_err(StorageError::while_writing)
    }
}

#[expect(clippy::disallowed_methods, reason = "the name of a file that is gone at once, and the id of nothing")]
fn probe(root: &Root) -> Result<(), StorageError> {
    let (probes, name) = (root.probes()?, Uuid::new_v4().to_string());
    let mut file = probes.create(&name)?;
    let read = file.write_all(PROBE).and_then(|()| {
        let (mut file, mut read) = (file, Vec::new());
        file.rewind().and_then(|()| file.read_to_end(&mut read)).map(|_| read)
    });
    probes.remove(&name)?;
    if read? == PROBE { Ok(()) } else { Err(StorageError::unavailable("what was written is not what is read")) }
}

/// File work, where it may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, StorageError> + Send + 'static) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work).await.map_err(StorageError::unavailable)?
}

//! The bytes of artifacts, through the room that keeps them: whole and durable at their key, gone when they are removed, and
//! never anybody else's.

#[cfg(feature = "s3")]
mod bucket;
mod contents;
mod fake;
mod hostile;
mod local;

use bytes::Bytes;
use registry_server::storage::{ContentKey, PART, Storage, StorageError, StorageTarget};
use uuid::Uuid;

const MIB: usize = 1024 * 1024;
/// In how many bytes contents are written and read here: what comes in one message of an upload.
const CHUNK: usize = 256 * 1024;

/// A key for any content: the storage does not look whether the digest is the right one.
fn key(id: Uuid) -> ContentKey {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(id.as_bytes());
    digest[16..].copy_from_slice(id.as_bytes());
    digest[0] = 0xab;
    ContentKey::new(digest, id)
}

/// So many bytes, none like its neighbours, and others for another seed.
fn content(size: usize, seed: u64) -> Bytes {
    let words = (0..size.div_ceil(8)).map(|number| u64::try_from(number).unwrap() + (seed << 40));
    let mut bytes: Vec<u8> = words.flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
    bytes.truncate(size);
    bytes.into()
}

/// A content of any size, in chunks, as an upload brings it.
async fn upload(storage: &Storage, id: Uuid, content: &Bytes) -> Result<ContentKey, StorageError> {
    let mut upload = storage.begin(id).await?;
    for start in (0..content.len()).step_by(CHUNK) {
        upload.write(content.slice(start..content.len().min(start + CHUNK))).await?;
    }
    upload.finish(&key(id)).await?;
    Ok(key(id))
}

/// What is at the key from `offset` on, in chunks, as a download takes it.
async fn download(storage: &Storage, key: &ContentKey, offset: usize, size: usize) -> Result<Vec<u8>, StorageError> {
    let [from, whole] = [offset, size].map(|number| u64::try_from(number).unwrap());
    let mut reader = storage.read(key, from, whole).await?;
    let mut read = Vec::new();
    while offset + read.len() < size {
        read.extend_from_slice(&reader.next(CHUNK.min(size - offset - read.len())).await?);
    }
    Ok(read)
}

/// Nothing is at the key.
async fn assert_missing(storage: &Storage, key: &ContentKey, size: usize) {
    let read = download(storage, key, 0, size.max(1)).await;
    assert!(matches!(read, Err(StorageError::Missing)), "{read:?}");
}

//! Bytes of artifacts: they go in and come out as they were, or not at all.

#[cfg(feature = "s3")]
mod bucket;
mod damage;
mod downloads;
mod limits;
mod memory;
mod messages;
mod orphans;
#[cfg(feature = "postgres")]
mod replicas;
mod save;
mod stopping;
mod uploads;

use bytes::Bytes;
use registry_client::pb::{UploadArtifactRequest, upload_artifact_request};
use registry_client::{Artifact, ArtifactParent, ReleaseRef};
use registry_server::storage::StorageTarget;
use registry_tests::{Harness, given, wait};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;
use upload_artifact_request::{Message, Start, start};

const MIB: usize = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes that are not like each other, the same for the same seed.
fn noise(length: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// A registry has a model `m` with a release `1`.
async fn parent(registry: &Harness) -> ReleaseRef {
    given::model(registry, "m").await;
    ReleaseRef::from(&given::release(registry, "m", "1").await)
}

async fn upload(registry: &Harness, parent: &ReleaseRef, name: &str, bytes: Bytes) -> Artifact {
    registry.client.upload_artifact(parent, name).send_bytes(bytes).await.expect("an upload")
}

/// What the first message of an upload holds.
fn start(parent: impl Into<ArtifactParent>, name: &str) -> Start {
    let parent = match parent.into() {
        ArtifactParent::Release(release) => start::Parent::ReleaseRef(release.into()),
        ArtifactParent::Model(model) => start::Parent::ModelRef(model.into()),
        other => panic!("{other:?}"),
    };
    let artifact = Artifact { name: name.to_owned(), artifact_type: "file".to_owned(), ..Default::default() };
    Start { parent: Some(parent), artifact: Some(artifact), request_id: String::new() }
}

fn first(start: Start) -> UploadArtifactRequest {
    UploadArtifactRequest { message: Some(Message::Start(start)) }
}

fn chunk(bytes: impl Into<Bytes>) -> UploadArtifactRequest {
    UploadArtifactRequest { message: Some(Message::Chunk(bytes.into())) }
}

/// Where a registry of a test keeps its bytes.
fn directory(registry: &Harness) -> PathBuf {
    match registry.storage() {
        StorageTarget::Directory(path) => path,
        other => panic!("{other}"),
    }
}

/// Every file in the storage, however deep.
fn files(registry: &Harness) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut next = vec![directory(registry)];
    while let Some(directory) = next.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory of the storage") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("its type").is_dir() { next.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    found
}

/// Waits until there are so many files in the storage, and nothing is on its way.
async fn until_files(registry: &Harness, count: usize) {
    let uploads = directory(registry).join("uploads");
    let settled = || async {
        let found = files(registry);
        (found.len() == count && !found.iter().any(|file| file.starts_with(&uploads))).then_some(())
    };
    wait::until(format_args!("{count} files in {}", directory(registry).display()), PATIENCE, settled).await;
}

/// The one file of a storage that has one.
fn only_file(registry: &Harness) -> PathBuf {
    match files(registry).as_slice() {
        [only] => only.clone(),
        other => panic!("one file was expected: {other:?}"),
    }
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::OpenOptions::new().write(true).open(path).expect("a file of the storage");
    file.write_all_at(bytes, at).expect("a file that can be written");
}

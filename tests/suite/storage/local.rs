//! The directory: what it looks like, and what it does when somebody else has changed it.

use super::{CHUNK, MIB, Storage, StorageError, StorageTarget, assert_missing, content, download, key, upload};
use registry_server::storage::ContentKey;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

/// Longer than anything here takes that does not hang.
const PATIENCE: Duration = Duration::from_secs(20);

struct Place {
    directory: TempDir,
    storage: Storage,
}

impl Place {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let storage = Storage::open(&StorageTarget::Directory(directory.path().join("deep/artifacts"))).await.unwrap();
        Self { directory, storage }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("deep/artifacts")
    }

    fn of(&self, key: &ContentKey) -> PathBuf {
        self.path().join(key.to_string())
    }

    async fn with_content(size: usize) -> (Self, ContentKey) {
        let place = Self::new().await;
        let key = upload(&place.storage, Uuid::now_v7(), &content(size, 1)).await.unwrap();
        (place, key)
    }

    /// Reading it is refused as damage, at once.
    async fn assert_damaged(&self, key: &ContentKey, size: usize) {
        let read = timeout(PATIENCE, download(&self.storage, key, 0, size)).await.expect("it hangs");
        assert!(matches!(read, Err(StorageError::Damaged(_))), "{read:?}");
    }
}

/// Every path below, with what it is and who may do what with it.
fn tree(path: &Path) -> Vec<(String, bool, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name().into_string().unwrap());
        let metadata = fs::symlink_metadata(&path).unwrap();
        found.push((name.clone(), metadata.is_dir(), metadata.permissions().mode() & 0o7777));
        if metadata.is_dir() {
            found.extend(tree(&path).into_iter().map(|(below, is_dir, mode)| (format!("{name}/{below}"), is_dir, mode)));
        }
    }
    found.sort();
    found
}

/// The key is the path; nothing is left where it was written; all of it is for nobody but the owner.
#[tokio::test]
async fn a_content_is_one_file_at_its_key() {
    let (place, key) = Place::with_content(MIB).await;
    let (_, second) = (place.storage.probe().await.unwrap(), super::key(Uuid::now_v7()));
    place.storage.put(&second, content(1, 2)).await.unwrap();
    let directories = ["deep", "deep/artifacts", "deep/artifacts/probes", "deep/artifacts/sha256", "deep/artifacts/sha256/ab"];
    let mut expected: Vec<_> = directories.iter().map(|name| ((*name).to_owned(), true, 0o700)).collect();
    expected.push(("deep/artifacts/uploads".to_owned(), true, 0o700));
    expected.extend([key, second].iter().map(|key| (format!("deep/artifacts/{key}"), false, 0o600)));
    expected.sort();
    assert_eq!(tree(place.directory.path()), expected);
    assert_eq!(key.to_string(), format!("sha256/ab/{}-{}", hex(key.sha256()), key.id()));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is not a file with the bytes that were put there is damage: nothing is followed, and nothing is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_place_of_a_content_is_damage() {
    let (place, key) = Place::with_content(2 * CHUNK).await;
    let (path, elsewhere) = (place.of(&key), place.directory.path().join("elsewhere"));
    fs::rename(&path, &elsewhere).unwrap();
    assert_missing(&place.storage, &key, 2 * CHUNK).await;
    for way in [elsewhere.as_path(), Path::new("/dev/zero"), Path::new("/nowhere"), &path] {
        symlink(way, &path).unwrap();
        place.assert_damaged(&key, 2 * CHUNK).await;
        place.storage.remove(&key).await.unwrap();
        assert!(fs::symlink_metadata(&path).is_err() && elsewhere.exists(), "the link is removed, and not what it leads to");
    }
    for kind in [FileType::Fifo, FileType::Socket] {
        mknodat(CWD, &path, kind, Mode::RUSR | Mode::WUSR, 0).unwrap();
        place.assert_damaged(&key, 2 * CHUNK).await;
        fs::remove_file(&path).unwrap();
    }
    fs::create_dir(&path).unwrap();
    place.assert_damaged(&key, 2 * CHUNK).await;
    let removed = place.storage.remove(&key).await;
    assert!(matches!(removed, Err(StorageError::Unavailable(_))) && path.exists(), "{removed:?}");
    fs::remove_dir(&path).unwrap();
    fs::write(&path, &content(2 * CHUNK, 1)[1..]).unwrap();
    place.assert_damaged(&key, 2 * CHUNK).await;
    fs::rename(&elsewhere, &path).unwrap();
    assert!(download(&place.storage, &key, 0, 2 * CHUNK).await.unwrap() == content(2 * CHUNK, 1));
}

/// A file that becomes shorter while it is read ends in an error, and not in fewer bytes.
#[tokio::test]
async fn a_file_that_is_cut_while_it_is_read_is_damage() {
    let (place, key) = Place::with_content(4 * CHUNK).await;
    let mut reader = place.storage.read(&key, 0, u64::try_from(4 * CHUNK).unwrap()).await.unwrap();
    assert_eq!(reader.next(CHUNK).await.unwrap(), content(4 * CHUNK, 1)[..CHUNK]);
    fs::File::options().write(true).open(place.of(&key)).unwrap().set_len(u64::try_from(CHUNK + 1).unwrap()).unwrap();
    let read = reader.next(CHUNK).await;
    assert!(matches!(read, Err(StorageError::Damaged(_))), "{read:?}");
}

/// A directory on the way that has become a link is not gone through, not to read, to write or to remove.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_link_is_gone_through() {
    for level in ["sha256", "sha256/ab", "uploads", "probes"] {
        let (place, key) = Place::with_content(CHUNK).await;
        let (path, elsewhere) = (place.path().join(level), place.directory.path().join("elsewhere"));
        place.storage.probe().await.unwrap();
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        let before = tree(&elsewhere);
        let unavailable =
            |did: Result<(), StorageError>| assert!(matches!(did, Err(StorageError::Unavailable(_))), "{level}: {did:?}");
        if level.starts_with("sha256") {
            place.assert_damaged(&key, CHUNK).await;
            unavailable(place.storage.remove(&key).await);
        }
        if level == "probes" {
            unavailable(place.storage.probe().await);
        } else {
            unavailable(place.storage.put(&super::key(Uuid::now_v7()), content(1, 2)).await);
            unavailable(upload(&place.storage, Uuid::now_v7(), &content(1, 2)).await.map(drop));
        }
        assert_eq!(tree(&elsewhere), before, "{level}");
        fs::remove_file(&path).unwrap();
        fs::rename(&elsewhere, &path).unwrap();
        assert!(download(&place.storage, &key, 0, CHUNK).await.unwrap() == content(CHUNK, 1));
        upload(&place.storage, Uuid::now_v7(), &content(1, 2)).await.unwrap();
        place.storage.probe().await.unwrap();
    }
}

/// Directories that somebody removed are made again, as they were.
#[tokio::test]
async fn a_removed_directory_is_made_again() {
    let (place, key) = Place::with_content(CHUNK).await;
    for level in ["sha256", "uploads", "probes"] {
        fs::remove_dir_all(place.path().join(level)).unwrap();
    }
    assert_missing(&place.storage, &key, CHUNK).await;
    place.storage.remove(&key).await.unwrap();
    place.storage.abandon(key.id(), None, Some(&key)).await.unwrap();
    place.storage.probe().await.unwrap();
    let key = upload(&place.storage, Uuid::now_v7(), &content(CHUNK, 1)).await.unwrap();
    assert!(download(&place.storage, &key, 0, CHUNK).await.unwrap() == content(CHUNK, 1));
    assert!(tree(&place.path()).iter().all(|(_, is_dir, mode)| *mode == if *is_dir { 0o700 } else { 0o600 }));
}

/// Bytes in a directory that is no longer the one at the path would be gone with the next start: nothing is written, read or
/// removed, until the directory is back.
#[tokio::test]
async fn a_replaced_directory_is_unavailable_until_it_is_back() {
    let (place, key) = Place::with_content(CHUNK).await;
    let away = place.directory.path().join("away");
    fs::rename(place.path(), &away).unwrap();
    for replaced in [false, true] {
        if replaced {
            fs::create_dir(place.path()).unwrap();
        }
        let before = tree(&away);
        let storage = &place.storage;
        for (did, what) in [
            (storage.probe().await, "probe"),
            (storage.put(&super::key(Uuid::now_v7()), content(1, 2)).await, "put"),
            (storage.begin(Uuid::now_v7()).await.map(drop), "begin"),
            (storage.remove(&key).await, "remove"),
            (storage.read(&key, 0, u64::try_from(CHUNK).unwrap()).await.map(drop), "read"),
        ] {
            assert!(matches!(did, Err(StorageError::Unavailable(_))), "{what}: {did:?}");
        }
        assert_eq!(tree(&away), before);
    }
    assert_eq!(tree(&place.path()), []);
    fs::remove_dir(place.path()).unwrap();
    fs::rename(&away, place.path()).unwrap();
    place.storage.probe().await.unwrap();
    assert!(download(&place.storage, &key, 0, CHUNK).await.unwrap() == content(CHUNK, 1));
}

/// A directory that was there is used as it is; one that cannot be made is refused with its reason.
#[tokio::test]
async fn a_directory_that_cannot_be_made_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    symlink("/nowhere", directory.path().join("link")).unwrap();
    for bad in ["file", "file/below", "link", "link/below"] {
        let opened = Storage::open(&StorageTarget::Directory(directory.path().join(bad))).await;
        assert!(matches!(opened, Err(StorageError::Unavailable(_) | StorageError::Missing)), "{bad}: {opened:?}");
    }
    // What the operator names may be a link; what is below may not.
    fs::create_dir(directory.path().join("real")).unwrap();
    symlink(directory.path().join("real"), directory.path().join("linked")).unwrap();
    let storage = Storage::open(&StorageTarget::Directory(directory.path().join("linked"))).await.unwrap();
    let put = key(Uuid::now_v7());
    storage.put(&put, content(1, 1)).await.unwrap();
    assert!(directory.path().join("real").join(put.to_string()).is_file());
}

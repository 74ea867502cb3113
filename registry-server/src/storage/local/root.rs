//! The directory of the storage as a whole: what is where in it, and when a name in it survives a crash.
//!
//! May not: go on in a directory that is no longer the one at its path.

use super::directory::Directory;
use crate::storage::{ContentKey, StorageError};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const CONTENT: &str = "sha256";
const UPLOADS: &str = "uploads";
const PROBES: &str = "probes";

/// An open storage directory.
#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    directory: Directory,
    /// Shelves whose names are known to survive a crash, whoever made them.
    lasting: Mutex<BTreeSet<String>>,
}

impl Root {
    /// Makes what is missing. What is there is left as it is.
    pub(super) fn open(path: PathBuf) -> Result<Self, StorageError> {
        make(&path)?;
        let root = Self { directory: Directory::at(&path)?, path, lasting: Mutex::default() };
        for name in [CONTENT, UPLOADS, PROBES] {
            root.directory.open_or_make(name)?;
        }
        root.directory.sync()?;
        if fs::metadata(&root.path)?.permissions().mode() & 0o022 != 0 {
            let path = root.path.display();
            tracing::warn!(%path, "others on this machine can change what is in the directory of the storage");
        }
        Ok(root)
    }

    pub(super) fn uploads(&self) -> Result<Directory, StorageError> {
        self.room(UPLOADS)
    }

    pub(super) fn probes(&self) -> Result<Directory, StorageError> {
        self.room(PROBES)
    }

    /// A file with content, and how large it is.
    pub(super) fn content(&self, key: &ContentKey) -> Result<(File, u64), StorageError> {
        self.same()?;
        self.directory.open(CONTENT)?.open(&key.shelf())?.file(&key.name())
    }

    /// Moves what is written, and on the disk already, to its key.
    pub(super) fn publish(&self, uploads: &Directory, name: &str, key: &ContentKey) -> Result<(), StorageError> {
        let shelf = self.shelf(&key.shelf())?;
        uploads.rename(name, &shelf, &key.name())?;
        shelf.sync()?;
        uploads.sync()
    }

    /// Removes a content so that it does not come back with a crash.
    pub(super) fn remove(&self, key: &ContentKey) -> Result<(), StorageError> {
        self.same()?;
        match self.directory.open(CONTENT).and_then(|content| content.open(&key.shelf())) {
            Ok(shelf) => shelf.remove(&key.name()).and_then(|()| shelf.sync()),
            Err(StorageError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The directory of keys with the same beginning. Its own name must survive as well, and another server that made it may
    /// not have come to that yet.
    fn shelf(&self, name: &str) -> Result<Directory, StorageError> {
        let content = self.room(CONTENT)?;
        let (shelf, made) = content.open_or_make(name)?;
        let lasts = self.lasting.lock().unwrap_or_else(PoisonError::into_inner).contains(name);
        if made || !lasts {
            content.sync()?;
            self.lasting.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        }
        Ok(shelf)
    }

    fn room(&self, name: &str) -> Result<Directory, StorageError> {
        self.same()?;
        let (room, made) = self.directory.open_or_make(name)?;
        if made {
            self.directory.sync()?;
        }
        Ok(room)
    }

    /// A directory that was moved away, or that something is mounted over, would take bytes that nobody finds after a restart.
    fn same(&self) -> Result<(), StorageError> {
        let path = self.path.display();
        let there = fs::metadata(&self.path).map_err(|error| StorageError::unavailable(format!("{path}: {error}")))?;
        if (there.dev(), there.ino()) == self.directory.identity()? {
            return Ok(());
        }
        Err(StorageError::unavailable(format!(
            "{path} is not the directory that was opened: put that one back, or restart the server"
        )))
    }
}

/// The directory and what leads to it, for nobody but the owner, so that each name survives a crash.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    make(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o700))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(error),
    }
    File::open(above)?.sync_all()
}

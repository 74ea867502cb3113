//! One directory by its descriptor, whatever happens to its path meanwhile.
//!
//! May not: follow a link; take anything but a regular file for a file; leave what it makes to the umask.

use crate::storage::StorageError;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// For nobody but the owner.
const OF_DIRECTORIES: Mode = Mode::RWXU;
const OF_FILES: Mode = Mode::RUSR.union(Mode::WUSR);

/// Of whatever is opened: not for a program that is started, no waiting for the other end of a pipe, no terminal that becomes
/// that of the server, and no link in the last place.
const ALWAYS: OFlags = OFlags::CLOEXEC.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::NOFOLLOW);

/// A directory that is open.
#[derive(Debug)]
pub(super) struct Directory(OwnedFd);

impl Directory {
    /// The one at this path, which the operator named: links on the way are his.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(CWD, path, flags, Mode::empty())?))
    }

    /// One in this.
    pub(super) fn open(&self, name: &str) -> Result<Self, StorageError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | ALWAYS;
        Ok(Self(rustix::fs::openat(&self.0, name, flags, Mode::empty()).map_err(|error| unexpected(name, error))?))
    }

    /// The same, and makes it if it is missing; whether it did.
    pub(super) fn open_or_make(&self, name: &str) -> Result<(Self, bool), StorageError> {
        match self.open(name) {
            Err(StorageError::Missing) => {}
            opened => return opened.map(|directory| (directory, false)),
        }
        match rustix::fs::mkdirat(&self.0, name, OF_DIRECTORIES) {
            // The umask may have taken from it even what is needed to open it.
            Ok(()) => rustix::fs::chmodat(&self.0, name, OF_DIRECTORIES, AtFlags::empty()).map_err(io::Error::from)?,
            // Somebody else did at the same time.
            Err(Errno::EXIST) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        self.open(name).map(|directory| (directory, true))
    }

    /// A new file in this.
    pub(super) fn create(&self, name: &str) -> Result<File, StorageError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | ALWAYS;
        let file = rustix::fs::openat(&self.0, name, flags, OF_FILES).map_err(|error| unexpected(name, error))?;
        rustix::fs::fchmod(&file, OF_FILES).map_err(io::Error::from)?;
        Ok(File::from(file))
    }

    /// A file in this, and how large it is.
    pub(super) fn file(&self, name: &str) -> Result<(File, u64), StorageError> {
        let flags = OFlags::RDONLY | ALWAYS;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::empty()).map_err(|error| unexpected(name, error))?;
        let stat = rustix::fs::fstat(&file).map_err(io::Error::from)?;
        let size = u64::try_from(stat.st_size).ok().filter(|_| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        Ok((File::from(file), size.ok_or_else(|| no_file(name))?))
    }

    /// Removes a file, or whatever has its name and is no directory. What is not there is no error.
    pub(super) fn remove(&self, name: &str) -> Result<(), StorageError> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    /// Moves a file from this to another.
    pub(super) fn rename(&self, name: &str, to: &Self, new: &str) -> Result<(), StorageError> {
        Ok(rustix::fs::renameat(&self.0, name, &to.0, new).map_err(io::Error::from)?)
    }

    /// Which names are in it survives a crash from here on.
    pub(super) fn sync(&self) -> Result<(), StorageError> {
        Ok(rustix::fs::fsync(&self.0).map_err(io::Error::from)?)
    }

    /// Which one it is: the device, and the number on it.
    pub(super) fn identity(&self) -> Result<(u64, u64), StorageError> {
        let stat = rustix::fs::fstat(&self.0).map_err(io::Error::from)?;
        Ok((stat.st_dev, stat.st_ino))
    }
}

/// What the kernel says of something that is not what the registry made: a link, a file where a directory should be or the other
/// way round, a socket.
fn unexpected(name: &str, error: Errno) -> StorageError {
    match error {
        Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO => no_file(name),
        other => io::Error::from(other).into(),
    }
}

fn no_file(name: &str) -> StorageError {
    StorageError::Damaged(format!("{name} is not what the registry made: a link, a pipe, or a directory in the place of a file"))
}

/// What files say. A file that is longer than this process may write is no different from a disk that is full.
impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::NOENT) => Self::Missing,
            Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Self::Full,
            _ => Self::unavailable(error),
        }
    }
}

//! Where a file is written: beside its name until it is complete, so that nobody ever takes a part of an export for one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write, stdout};
use std::path::{Path, PathBuf};

/// Where the bytes go.
pub enum Place {
    /// To standard output, where they cannot be taken back.
    Output,
    /// Into a file beside the name that it gets in the end.
    Part(Part),
}

/// A file that is not complete. Removed if it never is, unless the program is killed; the next export to the same name takes it over.
pub struct Part {
    name: PathBuf,
    path: PathBuf,
    file: File,
    published: bool,
}

impl Place {
    /// For a file of this name, or standard output if it is called `-`.
    pub fn take(name: &Path) -> io::Result<Self> {
        if name == Path::new("-") {
            return Ok(Self::Output);
        }
        let other = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
        let Some(file_name) = name.file_name() else { return other("is no name of a file") };
        // What is there is replaced, which nobody means to do to a device.
        if fs::metadata(name).is_ok_and(|found| !found.is_file()) {
            return other("is there and no regular file; give `-` and redirect standard output");
        }
        let mut beside = OsString::from(file_name);
        beside.push(".part");
        Part::take(name.to_owned(), name.with_file_name(beside)).map(Self::Part)
    }

    /// Whether what was written can be taken back.
    pub fn can_begin_again(&self) -> bool {
        matches!(self, Self::Part(_))
    }

    /// What to write to. What was there is gone.
    pub fn write(&self) -> io::Result<Box<dyn Write + Send>> {
        match self {
            Self::Output => Ok(Box::new(stdout())),
            Self::Part(part) => {
                let mut file = part.file.try_clone()?;
                file.set_len(0)?;
                file.seek(SeekFrom::Start(0))?;
                Ok(Box::new(file))
            }
        }
    }

    /// Gives the file its name.
    pub fn publish(self) -> io::Result<()> {
        match self {
            Self::Output => Ok(()),
            Self::Part(part) => part.publish(),
        }
    }
}

impl Part {
    fn take(name: PathBuf, path: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).read(true).write(true).truncate(false);
        // It tells everything that the registry holds.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        loop {
            let file = options.open(&path)?;
            match file.try_lock() {
                // Otherwise whoever had it before has given it its name meanwhile, or removed it.
                Ok(()) if is_at(&file, &path)? => return Ok(Self { name, path, file, published: false }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, "is being written by another export"));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// The bytes are on disk before the name is there, and the name before this returns.
    fn publish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.name)?;
        self.published = true;
        sync_directory(&self.name)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path); // the next export takes it over
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let mine = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((mine.dev(), mine.ino()) == (found.dev(), found.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
fn sync_directory(name: &Path) -> io::Result<()> {
    let parent = name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

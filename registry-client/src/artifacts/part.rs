//! The file of a download that is not complete: who writes it, what is in it, and how it gets its name. Knows nothing of calls.

use std::ffi::OsString;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::transfer::{CHUNK, Checksum};

/// A file that nobody else writes as long as this is here.
pub(super) struct Part {
    pub(super) path: PathBuf,
    file: File,
}

impl Part {
    /// Takes what there is at a path, or makes it. Fails with [`io::ErrorKind::WouldBlock`] if somebody else has it.
    pub(super) async fn take(path: PathBuf) -> io::Result<Self> {
        loop {
            let file = OpenOptions::new().create(true).read(true).append(true).open(&path).await?.into_std().await;
            file.try_lock()?;
            let part = Self { path: path.clone(), file: File::from_std(file) };
            // Otherwise whoever had it before has given it its name meanwhile, or removed it.
            if part.is_there().await? {
                return Ok(part);
            }
        }
    }

    /// Whether the file still has the path.
    async fn is_there(&self) -> io::Result<bool> {
        let mine = self.file.metadata().await?;
        match fs::metadata(&self.path).await {
            Ok(found) => Ok(same(&mine, &found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata().await?.len())
    }

    pub(super) async fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0).await
    }

    /// Adds bytes at the end. When this returns they are in the file, though maybe not yet on disk.
    pub(super) async fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await?;
        self.file.flush().await
    }

    /// The checksum of all that is in it, by the algorithm of another one; `None` if there is no code for that.
    pub(super) async fn checksum(&mut self, like: &str) -> io::Result<Option<Checksum>> {
        let Some(mut checksum) = Checksum::like(like) else { return Ok(None) };
        self.file.seek(SeekFrom::Start(0)).await?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = self.file.read(&mut buffer).await?;
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(Some(checksum)) };
            checksum.add(bytes);
        }
    }

    /// Gives it its name, whatever had that, and makes sure that both the bytes and the name are on disk.
    pub(super) async fn publish(self, name: &Path) -> io::Result<()> {
        self.file.sync_all().await?;
        fs::rename(&self.path, name).await?;
        sync_directory(name).await
    }

    /// The same, unless something has that name: then it fails with [`io::ErrorKind::AlreadyExists`], and keeps the one that it has.
    pub(super) async fn publish_new(self, name: &Path) -> io::Result<()> {
        self.file.sync_all().await?;
        // In one step, which a look and a rename are not.
        fs::hard_link(&self.path, name).await?;
        fs::remove_file(&self.path).await?;
        sync_directory(name).await
    }

    /// Removes it.
    pub(super) async fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.path).await
    }
}

/// Where a download is until it is complete. The id is in the name, and what an artifact holds never changes.
pub(super) fn beside(path: &Path, artifact: &str) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(format!(".{artifact}.part"));
    path.with_file_name(name)
}

#[cfg(unix)]
fn same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Elsewhere the standard library does not tell: the length is the best there is.
#[cfg(not(unix))]
fn same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    one.len() == other.len()
}

/// A new name is on disk when its directory is.
#[cfg(unix)]
async fn sync_directory(name: &Path) -> io::Result<()> {
    let parent = name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).await?.sync_all().await
}

/// Elsewhere a directory cannot be opened as a file.
#[cfg(not(unix))]
async fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;

    use super::{Part, beside};

    /// Also what has taken the name since the file was begun; what has come stays where it is.
    #[tokio::test]
    async fn a_new_file_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().join("weights.bin");
        let mut part = Part::take(beside(&name, "id")).await.unwrap();
        part.append(b"new").await.unwrap();
        fs::write(&name, "old").unwrap();
        assert_eq!(part.publish_new(&name).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&name).unwrap(), b"old");

        fs::remove_file(&name).unwrap();
        Part::take(beside(&name, "id")).await.unwrap().publish_new(&name).await.unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

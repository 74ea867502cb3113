//! Where a file is read from, as often as it takes: once to see that it is whole, and once more to use it.

use std::fs::File;
use std::io::{self, BufRead, Seek as _, SeekFrom, stdin};
use std::path::Path;

use super::{FileError, Header, Reader, Trailer, compression};

/// What can be read from its beginning, again and again. What somebody else gives the name meanwhile is not looked at.
pub struct Input(File);

impl Input {
    /// A file, or standard input if it is called `-`, which is put into a file without a name first.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            let mut spool = tempfile::tempfile()?;
            io::copy(&mut stdin().lock(), &mut spool)?;
            return Ok(Self(spool));
        }
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file; give `-` and let it be standard input"));
        }
        Ok(Self(file))
    }

    /// Reads it from its beginning.
    pub fn read(&self) -> Result<Reader<Box<dyn BufRead + Send>>, FileError> {
        let mut file = self.0.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Reader::open(compression::lines(file)?)
    }

    /// Reads all of it, and believes nothing before it has.
    pub fn verify(&self) -> Result<(Header, Trailer), FileError> {
        let mut reader = self.read()?;
        while reader.next()?.is_some() {}
        let trailer = reader.trailer().cloned().ok_or(FileError::Truncated { lines: 0 })?;
        Ok((reader.header().clone(), trailer))
    }
}

//! The lines of a file, one after the other, and whether they are all there and as they were. Keeps none of them.

use std::io::{self, BufRead, Read as _};

use registry_client::pb;
use sha2::{Digest as _, Sha256};

use super::{FileError, Header, Trailer, hex, item};

/// The longest line that is read: many times what an item may have. What is longer is no export, and would only cost memory.
const LONGEST: u64 = 64 * 1024 * 1024;

/// A file that is being read.
pub struct Reader<R: BufRead> {
    input: R,
    line: Vec<u8>,
    lines: u64,
    digest: Sha256,
    item_count: u64,
    header: Header,
    trailer: Option<Trailer>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub fn open(input: R) -> Result<Self, FileError> {
        let (digest, header) = (Sha256::new(), Header { source_revision: 0 });
        let mut reader = Self { input, line: Vec::new(), lines: 0, digest, item_count: 0, header, trailer: None };
        match reader.fill() {
            Ok(true) => {}
            Ok(false) | Err(FileError::Line { .. } | FileError::Truncated { .. }) => return Err(FileError::Foreign),
            Err(error) => return Err(error),
        }
        reader.header = Header::parse(&reader.line)?;
        reader.consume();
        Ok(reader)
    }

    /// What the first line says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the last line says, once it has been read and found to be true.
    pub fn trailer(&self) -> Option<&Trailer> {
        self.trailer.as_ref()
    }

    /// The next item; `None` after the last one, if the file is whole.
    pub fn next(&mut self) -> Result<Option<pb::TransferItem>, FileError> {
        if self.trailer.is_some() {
            return Ok(None);
        }
        if !self.fill()? {
            return Err(FileError::Truncated { lines: self.lines });
        }
        if self.line.starts_with(Trailer::BEGIN) {
            return self.end().map(|()| None);
        }
        let item = item::from_line(&self.line).map_err(|why| FileError::Line { line: self.lines, why })?;
        self.consume();
        self.item_count = self.item_count.saturating_add(1);
        Ok(Some(item))
    }

    /// Compares what was read with what the last line says of it.
    fn end(&mut self) -> Result<(), FileError> {
        let unreadable = || FileError::Altered("its trailer cannot be read".to_owned());
        let trailer = Trailer::parse(&self.line).ok_or_else(unreadable)?;
        let sha256 = hex(&self.digest.finalize_reset());
        if sha256 != trailer.sha256 {
            let Trailer { item_count: _, sha256: expected } = trailer;
            return Err(FileError::Altered(format!("its digest is {sha256}, and its trailer says {expected}")));
        }
        if self.item_count != trailer.item_count {
            let Trailer { item_count: expected, sha256: _ } = trailer;
            return Err(FileError::Altered(format!("it holds {} items, and its trailer says {expected}", self.item_count)));
        }
        if self.fill()? {
            return Err(FileError::Altered("something follows its trailer".to_owned()));
        }
        self.trailer = Some(trailer);
        Ok(())
    }

    /// Reads the next line without its end. False if there is none.
    fn fill(&mut self) -> Result<bool, FileError> {
        self.line.clear();
        let lines = self.lines;
        let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => FileError::Truncated { lines },
            _ => FileError::Io(error),
        })?;
        if read == 0 {
            return Ok(false);
        }
        self.lines = lines.saturating_add(1);
        match self.line.pop() {
            Some(b'\n') => Ok(true),
            _ if self.line.len().try_into().unwrap_or(u64::MAX) >= LONGEST.saturating_sub(1) => {
                Err(FileError::Line { line: self.lines, why: "it is too long".to_owned() })
            }
            _ => Err(FileError::Truncated { lines }),
        }
    }

    /// Counts the line into the digest.
    fn consume(&mut self) {
        self.digest.update(&self.line);
        self.digest.update(b"\n");
    }
}

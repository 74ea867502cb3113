//! All lines of a file, one after the other. Keeps none of them.

use std::io::Write;

use registry_client::pb;
use sha2::{Digest as _, Sha256};

use super::{FileError, Header, Trailer, hex, item};

/// A file that is being written. Without `finish`, it is none.
pub struct Writer<W: Write> {
    output: W,
    digest: Sha256,
    item_count: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the first line.
    pub fn begin(output: W, header: &Header) -> Result<Self, FileError> {
        let mut writer = Self { output, digest: Sha256::new(), item_count: 0 };
        writer.line(header.line())?;
        Ok(writer)
    }

    /// Writes one more item.
    pub fn item(&mut self, item: &pb::TransferItem) -> Result<(), FileError> {
        self.item_count = self.item_count.saturating_add(1);
        let line = item::to_line(item).map_err(|why| FileError::Item { item: self.item_count, why })?;
        self.line(line)
    }

    /// Writes the last line. What the bytes go to still has to be told that there are no more.
    pub fn finish(mut self) -> Result<(W, Trailer), FileError> {
        let sha256 = hex(&self.digest.finalize_reset());
        let trailer = Trailer { item_count: self.item_count, sha256 };
        self.line(trailer.line())?;
        Ok((self.output, trailer))
    }

    fn line(&mut self, mut line: String) -> Result<(), FileError> {
        line.push('\n');
        self.digest.update(&line);
        Ok(self.output.write_all(line.as_bytes())?)
    }
}

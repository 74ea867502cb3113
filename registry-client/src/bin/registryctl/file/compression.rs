//! Whether the bytes of a file are compressed: by its name or by request when it is written, by how it begins when it is read.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use zstd::stream::{read::Decoder, write::Encoder};

/// What a zstd frame begins with.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Good for text, and fast enough not to be waited for.
const LEVEL: i32 = 6;

/// How the bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// By zstd.
    Zstd,
}

impl Compression {
    /// Asked for, or told by the name.
    pub fn of(path: &Path, asked: bool) -> Self {
        let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zst"));
        if named || asked { Self::Zstd } else { Self::None }
    }

    /// What the lines are written to.
    pub fn over<W: Write>(self, output: W) -> io::Result<Compressed<W>> {
        let output = BufWriter::with_capacity(128 * 1024, output);
        match self {
            Self::None => Ok(Compressed::None(output)),
            Self::Zstd => {
                let mut encoder = Encoder::new(output, LEVEL)?;
                encoder.include_checksum(true)?;
                Ok(Compressed::Zstd(encoder))
            }
        }
    }
}

/// Compresses what is written to it, or does not.
pub enum Compressed<W: Write> {
    /// Does not.
    None(BufWriter<W>),
    /// Does.
    Zstd(Encoder<'static, BufWriter<W>>),
}

impl<W: Write> Compressed<W> {
    /// Writes what is left, and gives back what is below.
    pub fn finish(self) -> io::Result<W> {
        let buffer = match self {
            Self::None(buffer) => buffer,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        let mut output = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        output.flush()?;
        Ok(output)
    }
}

impl<W: Write> Write for Compressed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(output) => output.write(bytes),
            Self::Zstd(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(output) => output.flush(),
            Self::Zstd(output) => output.flush(),
        }
    }
}

/// The lines of something that may be compressed.
pub(super) fn lines(input: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut input = BufReader::with_capacity(128 * 1024, input);
    // A file that is shorter than this is no export, compressed or not.
    let compressed = input.fill_buf()?.starts_with(&MAGIC);
    if compressed { Ok(Box::new(BufReader::new(Decoder::with_buffer(input)?))) } else { Ok(Box::new(input)) }
}

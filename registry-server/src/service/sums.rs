//! What bytes are known by: how many they are, and their digests, computed as they come.
//!
//! Two kinds: the SHA-256 of the whole, by which equal bytes are found, and a BLAKE3 digest of every [`CHUNK`], so that a range can be
//! checked without the rest. May not: know where bytes come from or go to.

use crate::domain::name::Checksum;
use sha2::{Digest, Sha256, Sha512};

/// How many bytes one digest is of; the last one can be of fewer.
pub const CHUNK: usize = 1024 * 1024;

/// How long a digest of a chunk is, in bytes.
pub const CHUNK_DIGEST: usize = blake3::OUT_LEN;

/// The digest of a chunk.
#[must_use]
pub fn of_chunk(bytes: &[u8]) -> [u8; CHUNK_DIGEST] {
    blake3::hash(bytes).into()
}

/// What is known of the bytes that have come.
#[derive(Debug)]
pub struct Sums {
    size: u64,
    whole: Sha256,
    chunk: blake3::Hasher,
    in_chunk: usize,
    chunks: Vec<u8>,
    named: Named,
}

/// The checksum that the caller named the bytes by, if it is not the SHA-256.
#[derive(Debug)]
enum Named {
    No,
    Sha512(Sha512),
    Blake3(Box<blake3::Hasher>),
}

/// What is known of bytes that have all come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// How many they are.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// The digests of their chunks, one behind the other.
    pub chunks: Vec<u8>,
    /// Their checksum, by the algorithm that the caller named, or else SHA-256.
    pub checksum: String,
}

impl Sums {
    /// Of nothing yet, to be compared with this checksum in the end.
    #[must_use]
    pub fn new(expected: Option<&Checksum>) -> Self {
        let named = match expected.and_then(|checksum| checksum.as_str().split_once(':')) {
            Some(("sha512", _)) => Named::Sha512(Sha512::new()),
            Some(("blake3", _)) => Named::Blake3(Box::default()),
            Some(_) | None => Named::No,
        };
        Self { size: 0, whole: Sha256::new(), chunk: blake3::Hasher::new(), in_chunk: 0, chunks: Vec::new(), named }
    }

    /// How many bytes have come.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.whole.update(bytes);
        match &mut self.named {
            Named::No => {}
            Named::Sha512(hasher) => hasher.update(bytes),
            Named::Blake3(hasher) => drop(hasher.update(bytes)),
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(CHUNK - self.in_chunk));
            self.chunk.update(now);
            self.in_chunk += now.len();
            if self.in_chunk == CHUNK {
                self.end_chunk();
            }
            rest = later;
        }
    }

    fn end_chunk(&mut self) {
        self.chunks.extend_from_slice(self.chunk.finalize().as_bytes());
        self.chunk.reset();
        self.in_chunk = 0;
    }

    /// What they all are.
    #[must_use]
    pub fn finish(mut self) -> Sum {
        if self.in_chunk > 0 {
            self.end_chunk();
        }
        let Self { size, whole, chunks, named, chunk: _, in_chunk: _ } = self;
        let sha256: [u8; 32] = whole.finalize().into();
        let checksum = match named {
            Named::No => format!("sha256:{}", hex::encode(sha256)),
            Named::Sha512(hasher) => format!("sha512:{}", hex::encode(hasher.finalize())),
            Named::Blake3(hasher) => format!("blake3:{}", hasher.finalize().to_hex()),
        };
        Sum { size, sha256, chunks, checksum }
    }
}

//! Checksums of bytes as they come, as the contract writes them.

use sha2::{Digest as _, Sha256, Sha512};

/// One that is being computed.
pub enum Checksum {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-512.
    Sha512(Sha512),
    /// BLAKE3.
    Blake3(Box<blake3::Hasher>),
}

impl Checksum {
    /// By the algorithm that another checksum names. `None` if this program does not know it.
    pub fn like(text: &str) -> Option<Self> {
        match text.split_once(':')?.0 {
            "sha256" => Some(Self::Sha256(Sha256::new())),
            "sha512" => Some(Self::Sha512(Sha512::new())),
            "blake3" => Some(Self::Blake3(Box::default())),
            _ => None,
        }
    }

    /// Some more.
    pub fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => drop(hasher.update(bytes)),
        }
    }

    /// That was all.
    pub fn finish(self) -> String {
        match self {
            Self::Sha256(hasher) => format!("sha256:{}", hex(&hasher.finalize())),
            Self::Sha512(hasher) => format!("sha512:{}", hex(&hasher.finalize())),
            Self::Blake3(hasher) => format!("blake3:{}", hasher.finalize().to_hex()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! The secret of an API key: a public id, and 256 random bits. Never stored, never printed but once.

use super::id::ApiKeyId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

const MARK: &str = "mrk_";
/// The characters of an id and of the random part, in hexadecimal.
const ID: usize = 32;
const RANDOM: usize = 64;

/// A secret, as a caller sends it: `mrk_`, 32 hexadecimal digits (the id of the key), `_`, 64 more (the random part).
#[derive(Clone)]
pub struct Secret {
    id: ApiKeyId,
    random: Zeroizing<[u8; RANDOM / 2]>,
}

/// What a secret hashes to. A slow hash would protect passwords; nobody guesses 256 random bits.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl Secret {
    /// A new one for a key.
    #[must_use]
    pub fn fresh(id: ApiKeyId) -> Self {
        Self { id, random: Zeroizing::new(rand::random()) }
    }

    /// Reads one. Says nothing of what is wrong with it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, random) = text.strip_prefix(MARK)?.split_once('_')?;
        if id.len() != ID || random.len() != RANDOM {
            return None;
        }
        let mut secret = Self { id: Uuid::try_parse(id).ok()?.into(), random: Zeroizing::default() };
        hex::decode_to_slice(random, &mut *secret.random).ok()?;
        Some(secret)
    }

    /// The key it belongs to.
    #[must_use]
    pub const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(*self.random).into())
    }

    /// The text that a caller sends. The one place where it becomes readable.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let random = Zeroizing::new(hex::encode(*self.random));
        Zeroizing::new(format!("{}_{}", prefix(self.id), *random))
    }
}

/// The public beginning of every secret of a key.
#[must_use]
pub fn prefix(id: ApiKeyId) -> String {
    format!("{MARK}{}", id.uuid().simple())
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for SecretHash {}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash")
    }
}

impl SecretHash {
    /// Stands for a secret of which only this is known.
    #[must_use]
    pub fn of_legacy(stored: &str) -> Self {
        Self(Sha256::digest(stored.as_bytes()).into())
    }

    /// Whether it is the one that is stored, in the same time whether it is or not.
    #[must_use]
    pub fn is(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }

    /// As it is stored.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

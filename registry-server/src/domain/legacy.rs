//! Secrets that another system made: any text, of which is stored what bcrypt makes of it and a salt.
//!
//! A slow hash, because the text may be anything; so who guesses must not be able to make others wait. `service/keyring/legacy.rs`
//! sees to that.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// bcrypt looks at no more, and what was hashed elsewhere was cut there.
const LOOKED_AT: usize = 72;
/// More is nobody's secret.
const LONGEST: usize = 1024;
/// The most expensive hash that is compared with: a second or two.
const COSTLIEST: u32 = 15;
/// `$2b$12$` and 53 characters.
const HASH: usize = 60;

/// A secret, as a caller sends it.
#[derive(Clone)]
pub struct LegacySecret(Zeroizing<String>);

impl std::fmt::Debug for LegacySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LegacySecret")
    }
}

impl LegacySecret {
    /// What a caller sent, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (1..=LONGEST).contains(&text.len()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Stands for it, to remember what came of it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Whether it can be the secret that this is stored of: costs nothing.
    #[must_use]
    pub fn may_be(&self, stored: &str) -> bool {
        match stored.split_once(' ') {
            Some((prefix, _)) => self.0.split_once('.').is_some_and(|(begins, _)| begins == prefix),
            None => true,
        }
    }

    /// Whether it is. Costs a good part of a second.
    #[must_use]
    pub fn is(&self, stored: &str, salt: &str) -> bool {
        let hash = stored.split_once(' ').map_or(stored, |(_, hash)| hash);
        let salted = Zeroizing::new([self.0.as_bytes(), salt.as_bytes()].concat());
        let looked_at = salted.get(..LOOKED_AT).unwrap_or(&salted);
        is_usable(hash) && bcrypt::verify(looked_at, hash).unwrap_or(false)
    }
}

/// What is stored of a secret: its hash, after its public beginning if it has one. With that, it is compared with no others.
#[must_use]
pub fn stored(prefix: Option<&str>, hash: &str) -> String {
    match prefix.filter(|prefix| !prefix.is_empty() && !prefix.contains([' ', '.'])) {
        Some(prefix) => format!("{prefix} {hash}"),
        None => hash.to_owned(),
    }
}

/// Whether it is a hash that can be compared with, in reasonable time.
#[must_use]
pub fn is_usable(hash: &str) -> bool {
    let mut parts = hash.split('$').skip(1);
    let (version, cost) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let cheap = cost.parse().is_ok_and(|cost: u32| cost <= COSTLIEST);
    hash.len() == HASH && hash.starts_with('$') && matches!(version, "2a" | "2b" | "2x" | "2y") && cheap
}

#[cfg(test)]
mod tests {
    use super::{LegacySecret, is_usable, stored};

    /// As Python's bcrypt makes it of `admin` and `legacy-fixture-salt`, at the least cost.
    fn hash(text: &str) -> String {
        bcrypt::hash(&text.as_bytes()[..text.len().min(72)], 4).expect("a hash")
    }

    fn secret(text: &str) -> LegacySecret {
        LegacySecret::parse(text).expect("a secret")
    }

    #[test]
    fn a_secret_is_known_by_the_hash_of_it_and_the_salt() {
        let kept = stored(None, &hash("adminsalt"));
        assert!(secret("admin").is(&kept, "salt"));
        assert!(!secret("admin").is(&kept, "another"));
        assert!(!secret("Admin").is(&kept, "salt"));
    }

    #[test]
    fn no_more_than_72_bytes_count() {
        let long = "k".repeat(70);
        let kept = stored(None, &hash(&format!("{long}salt")));
        assert!(secret(&long).is(&kept, "salt"));
        assert!(secret(&long).is(&kept, "sand"), "two bytes of the salt are looked at");
        assert!(!secret(&long).is(&kept, "pepper"));
    }

    #[test]
    fn a_prefix_saves_comparing() {
        let kept = stored(Some("abcd1234"), &hash("abcd1234.xsalt"));
        assert!(secret("abcd1234.x").may_be(&kept) && secret("abcd1234.x").is(&kept, "salt"));
        assert!(!secret("abcd123.x").may_be(&kept) && !secret("abcd1234").may_be(&kept));
    }

    #[test]
    fn what_is_no_hash_or_takes_for_ever_is_not_compared_with() {
        assert!(!is_usable("") && !is_usable("plain") && !is_usable(&"$2b$31$".repeat(9).chars().take(60).collect::<String>()));
        assert!(is_usable(&hash("x")));
    }
}

//! Names that keep to the rules of this registry, made of names that do not.
//!
//! May not: give two things one name.

use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

/// What a name may consist of, apart from ASCII letters and digits, which it begins with.
#[derive(Debug, Clone, Copy)]
pub struct Alphabet {
    /// These as well, also at the beginning.
    pub first: &'static str,
    /// These as well, in the middle and at the end.
    pub others: &'static str,
    /// How long it may be.
    pub longest: usize,
    /// Only lower-case letters.
    pub lower: bool,
}

/// Names of models: parts with slashes between them, each a name.
pub const MODEL: Alphabet = Alphabet { first: "", others: "._-", longest: 255, lower: false };
/// Versions of releases.
pub const VERSION: Alphabet = Alphabet { first: "", others: "._+-", longest: 500, lower: false };
/// Image tags.
pub const TAG: Alphabet = Alphabet { first: "_", others: "_.-", longest: 500, lower: false };
/// Quantizations.
pub const QUANTIZATION: Alphabet = Alphabet { first: "", others: "._-", longest: 50, lower: false };
/// Types of artifacts.
pub const ARTIFACT_TYPE: Alphabet = Alphabet { first: "", others: "._-", longest: 50, lower: true };
/// Server types.
pub const SERVER_TYPE: Alphabet = Alphabet { first: "", others: "-", longest: 50, lower: true };
/// Names of API keys.
pub const API_KEY: Alphabet = Alphabet { first: "", others: "._@+-", longest: 255, lower: false };

impl Alphabet {
    /// Whether a name is one already.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        name == self.spelled(name) && !name.is_empty()
    }

    /// The nearest name: what it may not have becomes `-`, once for several in a row; what it may not begin with is left out, and so
    /// is a `-` at the end that stands for something. Empty if nothing is left.
    #[must_use]
    pub fn spelled(self, name: &str) -> String {
        let mut spelled = String::new();
        let mut replaced = false;
        for c in name.chars() {
            let c = if self.lower { c.to_ascii_lowercase() } else { c };
            let fits = c.is_ascii_alphanumeric() || self.first.contains(c) || (!spelled.is_empty() && self.others.contains(c));
            if fits {
                spelled.push(c);
                replaced = false;
            } else if !spelled.is_empty() {
                if !spelled.ends_with('-') {
                    spelled.push('-');
                }
                replaced = true;
            }
        }
        if replaced {
            spelled.pop();
        }
        spelled.truncate(self.longest);
        spelled
    }
}

/// The nearest name of a model.
#[must_use]
pub fn model(name: &str) -> String {
    let parts: Vec<String> = name.split('/').map(|part| MODEL.spelled(part)).filter(|part| !part.is_empty()).collect();
    let mut joined = parts.join("/");
    joined.truncate(MODEL.longest);
    let joined = joined.trim_end_matches('/').to_owned();
    match uuid::Uuid::try_parse(&joined) {
        Ok(_) => format!("model-{joined}"),
        Err(_) => joined,
    }
}

/// Names that are given to nobody twice.
#[derive(Debug, Default)]
pub struct Given(HashSet<String>);

impl Given {
    /// These are taken: they are good, and whoever has them keeps them.
    #[must_use]
    pub fn reserved(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Takes a name if it is free; whether it was.
    pub fn take(&mut self, name: &str) -> bool {
        self.0.insert(name.to_owned())
    }

    /// The wanted name, or one with eight hexadecimal digits of the hash of `who` behind it if that is taken (or empty).
    pub fn give(&mut self, wanted: &str, who: &str, between: &str, longest: usize) -> String {
        let mut salt = 0_u32;
        let mut name = wanted.to_owned();
        while name.is_empty() || !self.0.insert(name.clone()) {
            let mark = mark(who, salt);
            let room = longest.saturating_sub(between.len() + mark.len());
            let kept: String = if wanted.is_empty() { "unnamed" } else { wanted }.chars().take(room).collect();
            name = format!("{kept}{between}{mark}");
            salt += 1;
        }
        name
    }
}

fn mark(who: &str, salt: u32) -> String {
    let hash = Sha256::new().chain_update(salt.to_be_bytes()).chain_update(who.as_bytes()).finalize();
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{ARTIFACT_TYPE, Given, VERSION, model};

    #[test]
    fn names_become_the_nearest_good_ones() {
        for (from, to) in [
            ("erik", "erik"),
            (" leading-and-trailing ", "leading-and-trailing"),
            ("org/name:with-separators@v1", "org/name-with-separators-v1"),
            ("模型-名称-ünïcode-🚀", "n-code"),
            ("//a//b/", "a/b"),
            ("…", ""),
            ("53e4fc80-4054-5065-920c-f1b66dd5b644", "model-53e4fc80-4054-5065-920c-f1b66dd5b644"),
        ] {
            assert_eq!(model(from), to, "{from}");
        }
        assert_eq!(VERSION.spelled("версия-1 🚀"), "1");
        assert_eq!(VERSION.spelled("3.0.0-rc.1+build.5"), "3.0.0-rc.1+build.5");
        assert_eq!(ARTIFACT_TYPE.spelled("Wheel File"), "wheel-file");
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut given = Given::reserved(["a".to_owned()]);
        let names: Vec<String> = ["1", "2", "2"].map(|who| given.give("a", who, "-", 255)).to_vec();
        assert!(names.iter().all(|name| name.starts_with("a-") && name.len() == 10), "{names:?}");
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
        assert!(given.give("", "3", "-", 255).starts_with("unnamed-"));
    }
}

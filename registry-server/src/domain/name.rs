//! Names and other short texts that carry a meaning of their own.
//!
//! Their formats and lengths are rules of the contract; here is only what a format cannot say, and the
//! types that keep one kind of text from being passed as another.

use super::id::ArtifactId;
use super::violation::Refused;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
        #[sea_orm(value_type = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&$name> for sea_orm::Value {
            fn from(value: &$name) -> Self {
                value.0.as_str().into()
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Refused;
            fn from_str(text: &str) -> Result<Self, Refused> {
                let check: fn(&str) -> Result<(), Refused> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
        }
    };
}

fn not_empty(text: &str) -> Result<(), Refused> {
    if text.is_empty() { Err(Refused::new("REQUIRED", "must not be empty")) } else { Ok(()) }
}

fn anything(_: &str) -> Result<(), Refused> {
    Ok(())
}

/// A name in the form of a UUID could not be told from an id.
fn model_name(text: &str) -> Result<(), Refused> {
    not_empty(text)?;
    match Uuid::try_parse(text) {
        Ok(_) => Err(Refused::new("NAME_NOT_UUID", "must not have the form of a UUID: it could not be told from an id")),
        Err(_) => Ok(()),
    }
}

/// Those that the registry itself gives to callers.
fn api_key_name(text: &str) -> Result<(), Refused> {
    not_empty(text)?;
    match text {
        ANONYMOUS | REGISTRY | OTHERS => Err(Refused::new("NAME_RESERVED", "is what the registry calls others")),
        _ => Ok(()),
    }
}

fn checksum(text: &str) -> Result<(), Refused> {
    match text.split_once(':') {
        Some(("sha256" | "blake3", hex)) if hex.len() == 64 => Ok(()),
        Some(("sha512", hex)) if hex.len() == 128 => Ok(()),
        _ => Err(Refused::new("CHECKSUM", "is not of the form algorithm:hexadecimal digits")),
    }
}

fn sha256(text: &str) -> Result<(), Refused> {
    match text.len() {
        64 => Ok(()),
        _ => Err(Refused::new("SHA256", "does not have 64 hexadecimal digits")),
    }
}

fn platform(text: &str) -> Result<(), Refused> {
    match text.split_once('/') {
        Some((os, rest)) if !os.is_empty() && !rest.is_empty() => Ok(()),
        _ => Err(Refused::new("PLATFORM", "is not of the form os/architecture")),
    }
}

text! {
    /// The unique name of a model.
    ModelName, model_name
}
text! {
    /// Where a model's files are: an object-store URI or an absolute path. The registry never opens it.
    StoragePath, not_empty
}
text! {
    /// The version of a release. Semantic versioning is advised, not required.
    Version, not_empty
}
text! {
    /// The image tag of a release.
    ImageTag, not_empty
}
text! {
    /// The digest of what was built, as `algorithm:hex`.
    Digest, not_empty
}
text! {
    /// The quantization of a release; empty means none, because NULL in a unique key would let twins in.
    Quantization, anything
}
text! {
    /// What a release runs on: `os/architecture` or `os/architecture/variant`.
    Platform, platform
}
text! {
    /// A name that points to one release of a model.
    AliasName, not_empty
}
text! {
    /// The name of an artifact: of a file, and no path.
    ArtifactName, not_empty
}
text! {
    /// What kind of file an artifact is.
    ArtifactType, not_empty
}
text! {
    /// Where the file of an artifact is: a label, which the registry never opens.
    FilePath, not_empty
}
text! {
    /// The checksum of a file, as `algorithm:hex`.
    Checksum, checksum
}
text! {
    /// The SHA-256 of bytes that the registry holds, in lower-case hexadecimal digits.
    ContentHash, sha256
}
text! {
    /// Where something is deployed, for example `production`.
    Environment, not_empty
}
text! {
    /// Who makes a call.
    Actor, not_empty
}
text! {
    /// The unique name of an API key, which is the actor of its calls.
    ApiKeyName, api_key_name
}

const ANONYMOUS: &str = "anonymous";
const REGISTRY: &str = "registry";
const OTHERS: &str = "others";

impl From<&ApiKeyName> for Actor {
    fn from(name: &ApiKeyName) -> Self {
        Self(name.0.clone())
    }
}

impl Actor {
    /// Nobody in particular: a caller without credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(ANONYMOUS.to_owned())
    }

    /// A caller with a client certificate, by the name in it that was recognised. No API key has such a name.
    #[must_use]
    pub fn certificate(name: &str) -> Self {
        Self(format!("cert:{name}"))
    }

    /// Whoever takes over what another system knows, by the name of that system. No API key has such a name.
    #[must_use]
    pub fn import(system: &str) -> Self {
        Self(format!("import:{system}"))
    }

    /// Many callers, who are not told apart any more.
    #[must_use]
    pub fn others() -> Self {
        Self(OTHERS.to_owned())
    }

    /// The registry itself, when it purges what is due.
    #[must_use]
    pub fn registry() -> Self {
        Self(REGISTRY.to_owned())
    }
}

impl Quantization {
    /// No quantization.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// The quantization, if there is one.
    #[must_use]
    pub fn into_option(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

impl Platform {
    /// What a release runs on unless it says otherwise.
    #[must_use]
    pub fn linux_amd64() -> Self {
        Self("linux/amd64".to_owned())
    }

    /// The operating system, for example `linux`.
    #[must_use]
    pub fn os(&self) -> &str {
        self.part(0)
    }

    /// The architecture without its variant, for example `amd64`.
    #[must_use]
    pub fn architecture(&self) -> &str {
        self.part(1)
    }

    fn part(&self, index: usize) -> &str {
        self.0.split('/').nth(index).unwrap_or_default()
    }
}

/// The scheme of the paths that the registry gives to what it holds.
const RESERVED_SCHEME: &str = "registry:";

impl FilePath {
    /// Where a caller says that a file is.
    ///
    /// # Errors
    /// If it looks like the path of something that the registry holds.
    pub fn of_caller(text: &str) -> Result<Self, Refused> {
        // White space in front makes it no other scheme to those who read it.
        let scheme = text.trim_start().get(..RESERVED_SCHEME.len());
        if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(RESERVED_SCHEME)) {
            return Err(Refused::new("FILE_PATH_RESERVED", "must not have the scheme of the files that the registry holds"));
        }
        text.parse()
    }

    /// The path of an artifact whose bytes the registry holds.
    #[must_use]
    pub fn of_upload(id: ArtifactId) -> Self {
        Self(format!("{RESERVED_SCHEME}//artifacts/{id}"))
    }

    /// Its SHA-256, which stands for it in the index.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

impl From<&[u8; 32]> for ContentHash {
    fn from(digest: &[u8; 32]) -> Self {
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl From<&ContentHash> for Checksum {
    fn from(hash: &ContentHash) -> Self {
        Self(format!("sha256:{}", hash.0))
    }
}

/// As long as the contract lets a tag be.
const MAX_TAG: usize = 500;

impl ImageTag {
    /// The tag of a release that names none: its version, and its quantization if it has one. `+` may
    /// stand in a version and not in an image tag, so it becomes `_`, as image builders have it.
    ///
    /// # Errors
    /// If that would be longer than a tag may be.
    pub fn of(version: &str, quantization: &str) -> Result<Self, Refused> {
        let mut tag = version.replace('+', "_");
        if !quantization.is_empty() {
            tag.push('-');
            tag.push_str(quantization);
        }
        if tag.len() > MAX_TAG {
            let why = "must be given, because version and quantization together make a tag of more than 500 characters";
            return Err(Refused::new("STRING_MAX_LEN", why));
        }
        tag.parse()
    }
}

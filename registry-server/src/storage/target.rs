//! Where the storage is: parsed once, checked whole, and never shown with a secret.
//!
//! May not: connect; read the environment.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where the bytes of artifacts are kept. `Debug` and `Display` leave out secrets.
#[derive(Debug, Clone)]
pub enum StorageTarget {
    /// A directory of this machine.
    Directory(PathBuf),
    /// A bucket of S3, or of what speaks its protocol.
    S3(S3Settings),
}

impl std::fmt::Display for StorageTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "directory {}", path.display()),
            Self::S3(settings) => settings.location.fmt(f),
        }
    }
}

/// A bucket, and what is needed to use it.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// The bucket, and where in it.
    pub location: S3Location,
    /// Who speaks S3; without it, AWS.
    pub endpoint: Option<Endpoint>,
    /// The region that requests are signed for.
    pub region: String,
    /// Who the server is there.
    pub credentials: S3Credentials,
    /// How long one request may take, with everything that is tried again; those about much data get more.
    pub deadline: Duration,
    /// The largest object that can be copied in one request, in bytes.
    pub copy_limit: u64,
}

impl S3Settings {
    /// What S3 itself allows to be copied in one request.
    pub const COPY_LIMIT: u64 = 5 * 1024 * 1024 * 1024;
    /// How long a request may take.
    pub const DEADLINE: Duration = Duration::from_secs(60);
}

/// Who the server is for S3. `Debug` shows no secret.
#[derive(Clone)]
pub enum S3Credentials {
    /// A key.
    Key {
        /// The id of the key.
        id: String,
        /// Its secret.
        secret: Zeroizing<String>,
        /// What a temporary key needs besides.
        session_token: Option<Zeroizing<String>>,
    },
    /// A token in a file, which is exchanged for temporary keys of a role, again and again.
    WebIdentity {
        /// The file.
        token_file: String,
        /// The role.
        role: String,
        /// What the session is called.
        session: Option<String>,
    },
}

impl std::fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key { .. } => "Key",
            Self::WebIdentity { .. } => "WebIdentity",
        })
    }
}

/// A bucket, and the beginning of all keys in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    bucket: String,
    prefix: String,
}

impl S3Location {
    /// The name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What all keys begin with, without a slash at its end; may be empty.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn parse(text: &str) -> Result<Self, BadStorageUrl> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let in_bucket = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, b'.' | b'-');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(in_bucket) || bucket.contains("..") {
            return Err(BadStorageUrl("expected s3://BUCKET/PREFIX, where a bucket has 3 to 63 of a-z, 0-9, `.` and `-`"));
        }
        let in_segment = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-' | b'_');
        let segment = |text: &str| !matches!(text, "" | "." | "..") && text.bytes().all(in_segment);
        if prefix.len() > 512 || !(prefix.is_empty() || prefix.split('/').all(segment)) {
            return Err(BadStorageUrl(
                "expected s3://BUCKET/PREFIX, where a prefix has a-z, A-Z, 0-9, `.`, `-`, `_` between single `/`",
            ));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl std::fmt::Display for S3Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bucket s3://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

/// Who speaks S3: `https://HOST:PORT`, or without TLS where somebody said that this is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    secure: bool,
}

impl Endpoint {
    /// What requests begin with.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether TLS protects them.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }
}

impl FromStr for Endpoint {
    type Err = BadStorageUrl;

    fn from_str(url: &str) -> Result<Self, BadStorageUrl> {
        const BAD: BadStorageUrl = BadStorageUrl("expected https://HOST or https://HOST:PORT");
        let url = url.strip_suffix('/').unwrap_or(url);
        let uri: http::Uri = url.parse().map_err(|_| BAD)?;
        let authority = uri.authority().ok_or(BAD)?;
        if authority.as_str().contains('@') || uri.query().is_some() || uri.path() != "/" {
            return Err(BAD);
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self { url: url.to_owned(), secure: true }),
            Some("http") => Ok(Self { url: url.to_owned(), secure: false }),
            _ => Err(BAD),
        }
    }
}

/// What a URL of a storage says, before anybody has asked for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageUrl {
    /// A directory of this machine.
    Directory(PathBuf),
    /// A bucket.
    S3(S3Location),
}

/// Why a URL names no storage. Repeats nothing of it: there may be a secret in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadStorageUrl(&'static str);

impl FromStr for StorageUrl {
    type Err = BadStorageUrl;

    fn from_str(url: &str) -> Result<Self, BadStorageUrl> {
        if let Some(location) = url.strip_prefix("s3://") {
            return S3Location::parse(location).map(Self::S3);
        }
        let path = url.strip_prefix("file://").or_else(|| url.strip_prefix("file:")).unwrap_or(url);
        if path.is_empty() || path.contains("://") || path.contains('\0') {
            return Err(BadStorageUrl("expected a path, file:PATH or s3://BUCKET/PREFIX"));
        }
        Ok(Self::Directory(PathBuf::from(path)))
    }
}

//! The API key that goes with each call: as it was given, or as it stands in a file that may change. May not: show it to anybody.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::HeaderValue;
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;

use crate::Error;

/// How old what was read from a file may be. Much less than the grace period of anybody who rotates keys.
const FRESH: Duration = Duration::from_secs(10);
/// More than any key has.
const LONGEST: u64 = 4096;

/// Who the caller says he is.
#[derive(Clone)]
pub(crate) enum Credentials {
    None,
    Key(ApiKey),
    File(Arc<KeyFile>),
}

impl Credentials {
    /// What goes into the header `authorization`.
    pub(crate) async fn header(&self) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Key(ApiKey(header)) => Some(header.clone()),
            Self::File(file) => Some(file.current().await.0),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Key(key) => write!(f, "Some({key:?})"),
            Self::File(file) => write!(f, "Some({file:?})"),
        }
    }
}

/// The header that an API key is sent in.
#[derive(Clone)]
pub(crate) struct ApiKey(HeaderValue);

impl ApiKey {
    /// Or what is wrong with it, without repeating it.
    pub(crate) fn new(secret: &str) -> Result<Self, &'static str> {
        if secret.is_empty() {
            return Err("the API key is empty");
        }
        let header = HeaderValue::try_from(format!("Bearer {secret}")).ok();
        let header = header.filter(|_| secret.bytes().all(|byte| byte.is_ascii_graphic()));
        let mut header =
            header.ok_or("the API key has something other than visible ASCII in it, such as a space or the end of a line")?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// What a file holds, without the end of the line that it is on.
    fn of_file(bytes: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it holds no API key")?;
        Self::new(text.trim_end_matches(['\r', '\n']))
    }
}

impl fmt::Debug for ApiKey {
    /// That there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[not shown]")
    }
}

/// A file with a key, and what it held when it was read last.
pub(crate) struct KeyFile {
    path: PathBuf,
    read: Mutex<(ApiKey, Instant)>,
}

impl KeyFile {
    /// Reads it for the first time, before anything else is done: the only time at which it is an error that it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let why = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let bytes = read_limited(path, LONGEST).map_err(|error| why(&error))?;
        let key = ApiKey::of_file(&bytes).map_err(|error| why(&error))?;
        Ok(Self { path: path.to_owned(), read: Mutex::new((key, Instant::now())) })
    }

    /// The key that is in it now, or was a few seconds ago. While it cannot be read, the one that was there before.
    async fn current(&self) -> ApiKey {
        {
            let mut read = self.read();
            if read.1.elapsed() < FRESH {
                return read.0.clone();
            }
            // So that others do not read it as well, now, or as long as it cannot be read.
            read.1 = Instant::now();
        }
        let found = self.again().await;
        let mut read = self.read();
        match found {
            Ok(key) => read.0 = key,
            Err(why) => {
                tracing::warn!(file = %self.path.display(), why, "the file with the API key cannot be used: the key before stays in use");
            }
        }
        read.0.clone()
    }

    async fn again(&self) -> Result<ApiKey, String> {
        let mut bytes = Vec::new();
        let file = tokio::fs::File::open(&self.path).await.map_err(|error| error.to_string())?;
        file.take(LONGEST).read_to_end(&mut bytes).await.map_err(|error| error.to_string())?;
        ApiKey::of_file(&bytes).map_err(str::to_owned)
    }

    /// Nothing is left half done in there, even by a panic.
    fn read(&self) -> MutexGuard<'_, (ApiKey, Instant)> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[of {}]", self.path.display())
    }
}

/// That there is no key to be had from a file.
pub(crate) fn key_file(why: String) -> Error {
    Error::endpoint(format!("the file with the API key cannot be used: {why}"))
}

/// What a file holds, if that is less than it may.
pub(crate) fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length < limit) {
        return Ok(bytes);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("has {limit} bytes or more")))
}

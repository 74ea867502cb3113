//! Secrets of API keys, which are told once.

use std::fmt;

use crate::ApiKey;

/// The secret of an API key: what a caller sends. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeySecret(String);

impl ApiKeySecret {
    pub(super) fn new(secret: String) -> Result<Self, &'static str> {
        if secret.is_empty() { Err("the answer holds no secret") } else { Ok(Self(secret)) }
    }

    /// The secret itself, to be stored where only its owner can read it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret")
    }
}

/// An API key with a secret that it was just given.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewSecret {
    /// The key.
    pub key: ApiKey,
    /// Its secret. Nobody can get it again.
    pub secret: ApiKeySecret,
}

impl NewSecret {
    pub(super) fn new(key: Option<ApiKey>, secret: String) -> Result<Self, &'static str> {
        Ok(Self { key: key.ok_or("the answer holds no key")?, secret: ApiKeySecret::new(secret)? })
    }
}
